"""Invoice templates: create and update params -> Thrift; domain.InvoiceTemplate -> InvoiceTemplate and its token.

Here a template sells one thing, with product and cost beside the other properties; in Thrift they are its details.
"""

from capi_v1.shapes.absent import Json, if_present, without_absent
from capi_v1.shapes.invoice import access_token_to_json
from capi_v1.shapes.metadata import metadata_to_json, metadata_to_thrift
from rpc.protocol import domain, payment_processing

PRODUCT_CHARS_MAX = 100


def template_params_to_thrift(body: Json, *, id: str, party_id: str) -> payment_processing.TemplateParams:
    line = domain.TemplateSingleLine(product=body["product"], price=cost_to_thrift(body["cost"]))
    return payment_processing.TemplateParams(
        id=id,
        party_id=party_id,
        shop_id=body["shopID"],
        lifetime=_lifetime_to_thrift(body["lifetime"]),
        details=domain.InvoiceTemplateDetails(single_line=line),
        description=body.get("description"),
        context=if_present(body.get("metadata"), metadata_to_thrift),
    )


def template_update_to_thrift(body: Json) -> payment_processing.TemplateUpdate:
    """Of everything but `product` and `cost`, which are parts of one thing in Thrift."""
    return payment_processing.TemplateUpdate(
        lifetime=if_present(body.get("lifetime"), _lifetime_to_thrift),
        description=body.get("description"),
        context=if_present(body.get("metadata"), metadata_to_thrift),
    )


def template_price_to_thrift(body: Json) -> domain.TemplatePrice | None:
    """Of an update: None where it leaves the cost as it is."""
    return if_present(body.get("cost"), cost_to_thrift)


def template_to_json(template: domain.InvoiceTemplate) -> Json:
    product, cost = _DETAILS_TO_JSON[template.details.which()](template.details.value)
    return without_absent(
        {
            "id": template.id,
            "shopID": template.shop_id,
            "product": product,
            "description": template.description,
            "lifetime": _lifetime_to_json(template.lifetime),
            "cost": cost,
            "metadata": if_present(template.context, metadata_to_json),
        }
    )


def template_and_token_to_json(template: domain.InvoiceTemplate, access_token: str) -> Json:
    return {
        "invoiceTemplate": template_to_json(template),
        "invoiceTemplateAccessToken": access_token_to_json(access_token),
    }


def cost_to_thrift(cost: Json) -> domain.TemplatePrice:
    return _COST_TO_THRIFT[cost["invoiceTemplateCostType"]](cost)


def _fixed_to_thrift(cost: Json) -> domain.TemplatePrice:
    return domain.TemplatePrice(fixed=domain.Cash(amount=cost["amount"], currency=cost["currency"]))


def _range_to_thrift(cost: Json) -> domain.TemplatePrice:
    lower = domain.Cash(amount=cost["range"]["lowerBound"], currency=cost["currency"])
    upper = domain.Cash(amount=cost["range"]["upperBound"], currency=cost["currency"])
    return domain.TemplatePrice(range=domain.CashRange(lower=lower, upper=upper))


def _unlimited_to_thrift(cost: Json) -> domain.TemplatePrice:
    return domain.TemplatePrice(unlimited=True)


_COST_TO_THRIFT = {
    "InvoiceTemplateCostFixed": _fixed_to_thrift,
    "InvoiceTemplateCostRange": _range_to_thrift,
    "InvoiceTemplateCostUnlim": _unlimited_to_thrift,
}


def _single_line_to_json(line: domain.TemplateSingleLine) -> tuple[str, Json]:
    return line.product, _COST_TO_JSON[line.price.which()](line.price.value)


def _multi_line_to_json(lines: domain.TemplateMultiLine) -> tuple[str, Json]:
    """Several lines, which only newer versions make: their names as one product, their sum as its cost."""
    product = "; ".join(line.product for line in lines.cart)
    amount = sum(line.price.amount * line.quantity for line in lines.cart)
    return product[:PRODUCT_CHARS_MAX], _fixed_to_json(domain.Cash(amount=amount, currency=lines.currency))


def _fixed_to_json(cost: domain.Cash) -> Json:
    return {"invoiceTemplateCostType": "InvoiceTemplateCostFixed", "currency": cost.currency, "amount": cost.amount}


def _range_to_json(cost: domain.CashRange) -> Json:
    return {
        "invoiceTemplateCostType": "InvoiceTemplateCostRange",
        "currency": cost.lower.currency,
        "range": {"lowerBound": cost.lower.amount, "upperBound": cost.upper.amount},
    }


def _unlimited_to_json(cost: bool) -> Json:
    return {"invoiceTemplateCostType": "InvoiceTemplateCostUnlim"}


_DETAILS_TO_JSON = {"single_line": _single_line_to_json, "multi_line": _multi_line_to_json}
_COST_TO_JSON = {"fixed": _fixed_to_json, "range": _range_to_json, "unlimited": _unlimited_to_json}


def _lifetime_to_thrift(lifetime: Json) -> domain.LifetimeInterval:
    return domain.LifetimeInterval(years=lifetime["years"], months=lifetime["months"], days=lifetime["days"])


def _lifetime_to_json(lifetime: domain.LifetimeInterval) -> Json:
    return {"days": lifetime.days, "months": lifetime.months, "years": lifetime.years}
