"""Invoice templates: create and update params -> Thrift; domain.InvoiceTemplate -> InvoiceTemplate and its token."""

from capi_v2.shapes.absent import Json, if_present, without_absent
from capi_v2.shapes.cart import cart_to_json, cart_to_thrift, tax_mode_to_json, tax_mode_to_thrift
from capi_v2.shapes.invoice import access_token_to_json
from capi_v2.shapes.metadata import metadata_to_json, metadata_to_thrift
from rpc.protocol import domain, payment_processing


def template_params_to_thrift(body: Json, *, id: str, party_id: str) -> payment_processing.TemplateParams:
    return payment_processing.TemplateParams(
        id=id,
        party_id=party_id,
        shop_id=body["shopID"],
        lifetime=_lifetime_to_thrift(body["lifetime"]),
        details=template_details_to_thrift(body["details"]),
        name=body.get("name"),
        description=body.get("description"),
        context=if_present(body.get("metadata"), metadata_to_thrift),
        external_id=body.get("externalID"),
    )


def template_update_to_thrift(body: Json) -> payment_processing.TemplateUpdate:
    return payment_processing.TemplateUpdate(
        lifetime=if_present(body.get("lifetime"), _lifetime_to_thrift),
        details=if_present(body.get("details"), template_details_to_thrift),
        name=body.get("name"),
        description=body.get("description"),
        context=if_present(body.get("metadata"), metadata_to_thrift),
    )


def template_to_json(template: domain.InvoiceTemplate) -> Json:
    return without_absent(
        {
            "id": template.id,
            "externalID": template.external_id,
            "shopID": template.shop_id,
            "name": template.name,
            "description": template.description,
            "createdAt": template.created_at,
            "lifetime": _lifetime_to_json(template.lifetime),
            "details": template_details_to_json(template.details),
            "metadata": if_present(template.context, metadata_to_json),
        }
    )


def template_and_token_to_json(template: domain.InvoiceTemplate, access_token: str) -> Json:
    return {
        "invoiceTemplate": template_to_json(template),
        "invoiceTemplateAccessToken": access_token_to_json(access_token),
    }


def template_details_to_thrift(details: Json) -> domain.InvoiceTemplateDetails:
    return _DETAILS_TO_THRIFT[details["templateType"]](details)


def template_details_to_json(details: domain.InvoiceTemplateDetails) -> Json:
    return _DETAILS_TO_JSON[details.which()](details.value)


def _single_line_to_thrift(details: Json) -> domain.InvoiceTemplateDetails:
    line = domain.TemplateSingleLine(
        product=details["product"],
        price=_PRICE_TO_THRIFT[details["price"]["costType"]](details["price"]),
        tax_mode=if_present(details.get("taxMode"), tax_mode_to_thrift),
    )
    return domain.InvoiceTemplateDetails(single_line=line)


def _multi_line_to_thrift(details: Json) -> domain.InvoiceTemplateDetails:
    currency = details["currency"]
    lines = domain.TemplateMultiLine(currency=currency, cart=cart_to_thrift(details["cart"], currency))
    return domain.InvoiceTemplateDetails(multi_line=lines)


def _fixed_to_thrift(price: Json) -> domain.TemplatePrice:
    return domain.TemplatePrice(fixed=domain.Cash(amount=price["amount"], currency=price["currency"]))


def _range_to_thrift(price: Json) -> domain.TemplatePrice:
    lower = domain.Cash(amount=price["range"]["lowerBound"], currency=price["currency"])
    upper = domain.Cash(amount=price["range"]["upperBound"], currency=price["currency"])
    return domain.TemplatePrice(range=domain.CashRange(lower=lower, upper=upper))


def _unlimited_to_thrift(price: Json) -> domain.TemplatePrice:
    return domain.TemplatePrice(unlimited=True)


_DETAILS_TO_THRIFT = {
    "InvoiceTemplateSingleLine": _single_line_to_thrift,
    "InvoiceTemplateMultiLine": _multi_line_to_thrift,
}
_PRICE_TO_THRIFT = {
    "InvoiceTemplateLineCostFixed": _fixed_to_thrift,
    "InvoiceTemplateLineCostRange": _range_to_thrift,
    "InvoiceTemplateLineCostUnlim": _unlimited_to_thrift,
}


def _single_line_to_json(line: domain.TemplateSingleLine) -> Json:
    return without_absent(
        {
            "templateType": "InvoiceTemplateSingleLine",
            "product": line.product,
            "price": _PRICE_TO_JSON[line.price.which()](line.price.value),
            "taxMode": if_present(line.tax_mode, tax_mode_to_json),
        }
    )


def _multi_line_to_json(lines: domain.TemplateMultiLine) -> Json:
    return {
        "templateType": "InvoiceTemplateMultiLine",
        "currency": lines.currency,
        "cart": cart_to_json(lines.cart),
    }


def _fixed_to_json(price: domain.Cash) -> Json:
    return {"costType": "InvoiceTemplateLineCostFixed", "currency": price.currency, "amount": price.amount}


def _range_to_json(price: domain.CashRange) -> Json:
    return {
        "costType": "InvoiceTemplateLineCostRange",
        "currency": price.lower.currency,
        "range": {"lowerBound": price.lower.amount, "upperBound": price.upper.amount},
    }


def _unlimited_to_json(price: bool) -> Json:
    return {"costType": "InvoiceTemplateLineCostUnlim"}


_DETAILS_TO_JSON = {"single_line": _single_line_to_json, "multi_line": _multi_line_to_json}
_PRICE_TO_JSON = {"fixed": _fixed_to_json, "range": _range_to_json, "unlimited": _unlimited_to_json}


def _lifetime_to_thrift(lifetime: Json) -> domain.LifetimeInterval:
    return domain.LifetimeInterval(years=lifetime["years"], months=lifetime["months"], days=lifetime["days"])


def _lifetime_to_json(lifetime: domain.LifetimeInterval) -> Json:
    return {"days": lifetime.days, "months": lifetime.months, "years": lifetime.years}
