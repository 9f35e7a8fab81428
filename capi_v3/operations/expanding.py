"""`expand`: related objects put into an answer in place of calls that would follow.

Depth is bounded by the spec's enum of each operation. What the token may not read by itself is not shown this way.
"""

import asyncio
from collections.abc import Collection

from capi_v3 import shapes
from capi_v3.shapes.absent import Json
from rpc.protocol import domain
from translator.authorization import Scope
from translator.call import Call
from translator.errors import OutOfScope

INVOICE_READ, PAYMENTS_READ = "invoices.*:read", "invoices.*.payments:read"
# Only money that was taken can have been given back.
REFUNDABLE = {domain.PaymentStatus.CAPTURED, domain.PaymentStatus.REFUNDED, domain.PaymentStatus.CHARGED_BACK}


async def expanded_invoice(call: Call, invoice: domain.Invoice, wanted: Collection[str]) -> Json:
    """With `payments`, `payments.refunds`. Raises OutOfScope."""
    shown = shapes.invoice_to_json(invoice)
    if wanted:
        require(call, (("invoices", invoice.id), ("payments", None)), PAYMENTS_READ)
        inner = ["refunds"] if "payments.refunds" in wanted else []
        payments = await call.rpc.invoicing.GetPayments(invoice.id)
        shown["payments"] = await asyncio.gather(*[expanded_payment(call, each, inner) for each in payments])
    return shown


async def expanded_payment(call: Call, payment: domain.Payment, wanted: Collection[str]) -> Json:
    """With `invoice`, `refunds`. Raises OutOfScope."""
    shown = shapes.payment_to_json(payment, call.identity.consumer)
    if "invoice" in wanted:
        require(call, (("invoices", payment.invoice_id),), INVOICE_READ)
        shown["invoice"] = shapes.invoice_to_json(await call.rpc.invoicing.Get(payment.invoice_id))
    if "refunds" in wanted:
        shown["refunds"] = await refunds_of(call, payment)
    return shown


async def expanded_refund(call: Call, refund: domain.Refund, wanted: Collection[str]) -> Json:
    """With `payment`, `payment.invoice`."""
    shown = shapes.refund_to_json(refund, call.identity.consumer)
    if wanted:
        payment = await call.rpc.invoicing.GetPayment(refund.invoice_id, refund.payment_id)
        inner = ["invoice"] if "payment.invoice" in wanted else []
        shown["payment"] = await expanded_payment(call, payment, inner)
    return shown


async def refunds_of(call: Call, payment: domain.Payment) -> list[Json]:
    """The payment's refunds, oldest first: not for payers. Raises OutOfScope."""
    require(call, (("invoices", None), ("payments", None)), PAYMENTS_READ)
    if payment.status not in REFUNDABLE:
        return []
    refunds = await call.rpc.invoicing.GetRefunds(payment.invoice_id, payment.id)
    return [shapes.refund_to_json(refund, call.identity.consumer) for refund in refunds]


def require(call: Call, scope: Scope, role: str) -> None:
    if not call.identity.roles.allows(scope, "read"):
        raise OutOfScope(role)
