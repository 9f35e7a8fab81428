"""Changing product or price of a template's one line, for versions in which they are not one thing.

The platform replaces details as a whole, so what the caller leaves out is read first; the revision that was read makes
sure that nobody's change in between is lost.
"""

from typing import Any

from rpc.protocol import base, domain, payment_processing, replace

TRIES_MAX = 5


async def update_line(
    rpc: Any,
    template_id: str,
    update: payment_processing.TemplateUpdate,
    product: str | None,
    price: domain.TemplatePrice | None,
) -> domain.InvoiceTemplate:
    """`update` with the line's product or price, where one of them is given, in place of the present one.

    Raises base.InvalidRequest when the template has several lines, payment_processing.RevisionMismatch when others
    change it all the time, and what InvoiceTemplating.Update raises.
    """
    if product is None and price is None:
        return await rpc.invoice_templating.Update(template_id, update)
    for _ in range(TRIES_MAX - 1):
        try:
            return await _updated(rpc, template_id, update, product, price)
        except payment_processing.RevisionMismatch:
            continue
    return await _updated(rpc, template_id, update, product, price)


async def _updated(
    rpc: Any,
    template_id: str,
    update: payment_processing.TemplateUpdate,
    product: str | None,
    price: domain.TemplatePrice | None,
) -> domain.InvoiceTemplate:
    now = await rpc.invoice_templating.Get(template_id)
    line = now.details.single_line
    if line is None:
        raise base.InvalidRequest(errors=["The template has several lines: product and cost of one cannot be changed"])
    changed = {"product": product, "price": price}
    line = replace(line, **{name: value for name, value in changed.items() if value is not None})
    details = domain.InvoiceTemplateDetails(single_line=line)
    return await rpc.invoice_templating.Update(template_id, replace(update, details=details, if_revision=now.revision))
