"""Payment links, which other versions call invoice templates: params and patch -> Thrift, InvoiceTemplate -> JSON."""

from capi_v3.shapes.absent import Json, if_present, without_absent
from capi_v3.shapes.cart import cart_to_json, cart_to_thrift, tax_rate_to_json, tax_rate_to_thrift
from capi_v3.shapes.ids import PAYMENT_LINK, SHOP, shop_id_to_thrift
from capi_v3.shapes.metadata import merged, metadata_to_json, metadata_to_thrift
from capi_v3.shapes.money import money_to_json, money_to_thrift
from rpc.protocol import domain, payment_processing
from translator.errors import Problem

LIFETIME = {"days": 3}
"""Of a link whose maker does not say."""
CLEARABLE = {
    "name": payment_processing.TemplateField.NAME,
    "description": payment_processing.TemplateField.DESCRIPTION,
    "metadata": payment_processing.TemplateField.CONTEXT,
}


def payment_link_params_to_thrift(body: Json, *, id: str, party_id: str) -> payment_processing.TemplateParams:
    """Raises Problem unless the body says either a product with its price, or a cart."""
    details = details_to_thrift(body)
    if details is None:
        raise content_wanted()
    return payment_processing.TemplateParams(
        id=id,
        party_id=party_id,
        shop_id=shop_id_to_thrift(body["shopId"]),
        lifetime=_lifetime_to_thrift(body.get("invoiceLifetime", LIFETIME)),
        details=details,
        name=body.get("name"),
        description=body.get("description"),
        context=if_present(body.get("metadata"), metadata_to_thrift),
    )


def payment_link_patch_to_thrift(
    body: Json, *, if_revision: int | None, metadata: Json | None = None
) -> payment_processing.TemplateUpdate:
    """`metadata`: those of before, which the patch's are merged into. Raises Problem for a part of a content: the patch
    replaces it as a whole.
    """
    return payment_processing.TemplateUpdate(
        lifetime=if_present(body.get("invoiceLifetime"), _lifetime_to_thrift),
        details=details_to_thrift(body),
        name=body.get("name"),
        description=body.get("description"),
        context=if_present(body.get("metadata"), lambda patch: metadata_to_thrift(merged(metadata or {}, patch))),
        cleared=[field for name, field in CLEARABLE.items() if name in body and body[name] is None] or None,
        if_revision=if_revision,
    )


def payment_link_to_json(template: domain.InvoiceTemplate) -> Json:
    id = PAYMENT_LINK + template.id
    path = f"/v3/paymentLinks/{id}"
    return without_absent(
        {
            "id": id,
            "object": "paymentLink",
            "createdAt": template.created_at,
            "version": template.revision or 0,
            "links": {"self": path, "invoices": f"{path}/invoices", "tokens": f"{path}/tokens"},
            "shopId": SHOP + template.shop_id,
            "name": template.name,
            "description": template.description,
            **_details_to_json(template.details),
            "invoiceLifetime": _lifetime_to_json(template.lifetime),
            "externalId": template.external_id,
            "metadata": metadata_to_json(template.context),
        }
    )


def details_to_thrift(body: Json) -> domain.InvoiceTemplateDetails | None:
    """None for a body that says nothing of what is sold. Raises Problem for half of it, and for both kinds at once."""
    is_cart, is_product = "cart" in body, "product" in body and "price" in body
    if not {"cart", "product", "price", "taxRate"} & body.keys():
        return None
    if is_cart == is_product or (is_cart and {"product", "price", "taxRate"} & body.keys()):
        raise content_wanted()
    if is_cart:
        cart = cart_to_thrift(body["cart"])
        lines = domain.TemplateMultiLine(currency=cart[0].price.currency, cart=cart)
        return domain.InvoiceTemplateDetails(multi_line=lines)
    line = domain.TemplateSingleLine(
        product=body["product"],
        price=_PRICE_TO_THRIFT[body["price"]["type"]](body["price"]),
        tax_mode=if_present(body.get("taxRate"), tax_rate_to_thrift),
    )
    return domain.InvoiceTemplateDetails(single_line=line)


def content_wanted() -> Problem:
    return Problem("invalid-content", "Say either a product with its price, or a cart", 422)


def _details_to_json(details: domain.InvoiceTemplateDetails) -> Json:
    if details.multi_line is not None:
        return {"cart": cart_to_json(details.multi_line.cart)}
    line = details.single_line
    price = _PRICE_TO_JSON[line.price.which()](line.price.value)
    return {"product": line.product, "price": price, "taxRate": if_present(line.tax_mode, tax_rate_to_json)}


def _range_to_thrift(price: Json) -> domain.TemplatePrice:
    lower, upper = money_to_thrift(price["minimum"]), money_to_thrift(price["maximum"])
    return domain.TemplatePrice(range=domain.CashRange(lower=lower, upper=upper))


_PRICE_TO_THRIFT = {
    "fixed": lambda price: domain.TemplatePrice(fixed=money_to_thrift(price["amount"])),
    "range": _range_to_thrift,
    "any": lambda price: domain.TemplatePrice(unlimited=True),
}
_PRICE_TO_JSON = {
    "fixed": lambda cash: {"type": "fixed", "amount": money_to_json(cash)},
    "range": lambda bounds: {
        "type": "range",
        "minimum": money_to_json(bounds.lower),
        "maximum": money_to_json(bounds.upper),
    },
    "unlimited": lambda _: {"type": "any"},
}


def _lifetime_to_thrift(lifetime: Json) -> domain.LifetimeInterval:
    return domain.LifetimeInterval(
        years=lifetime.get("years", 0), months=lifetime.get("months", 0), days=lifetime.get("days", 0)
    )


def _lifetime_to_json(lifetime: domain.LifetimeInterval) -> Json:
    return {"years": lifetime.years, "months": lifetime.months, "days": lifetime.days}
