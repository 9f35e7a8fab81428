"""Invoices: InvoiceParams and LinkInvoiceParams -> Thrift; domain.Invoice -> Invoice."""

from datetime import datetime, timedelta

from capi_v3.shapes.absent import Json, if_present, without_absent
from capi_v3.shapes.cart import cart_to_json, cart_to_thrift
from capi_v3.shapes.ids import INVOICE, PAYMENT_LINK, SHOP, shop_id_to_thrift
from capi_v3.shapes.metadata import metadata_to_json, metadata_to_thrift
from capi_v3.shapes.money import money_to_json
from capi_v3.shapes.timestamps import moment_to_thrift, timestamp_to_thrift
from rpc.protocol import domain, payment_processing
from translator.errors import Problem

INVOICE_STATUS = {
    domain.InvoiceStatus.UNPAID: "unpaid",
    domain.InvoiceStatus.PAID: "paid",
    domain.InvoiceStatus.CANCELLED: "cancelled",
    domain.InvoiceStatus.FULFILLED: "fulfilled",
}
INVOICE_STATUS_TO_THRIFT = {name: status for status, name in INVOICE_STATUS.items()}
PAYABLE_FOR = timedelta(days=3)
"""How long an invoice can be paid when its maker does not say."""


def invoice_params_to_thrift(body: Json, *, id: str, party_id: str, now: datetime) -> payment_processing.InvoiceParams:
    """Raises Problem where neither an amount nor a cart says what to pay."""
    cart = if_present(body.get("cart"), cart_to_thrift)
    amount = body.get("amount")
    if amount is None and cart is None:
        raise Problem("invalid-amount", "Say the amount of the invoice, or its cart", 422)
    return payment_processing.InvoiceParams(
        id=id,
        party_id=party_id,
        shop_id=shop_id_to_thrift(body["shopId"]),
        details=domain.InvoiceDetails(product=body["product"], description=body.get("description"), cart=cart),
        amount=if_present(amount, lambda money: money["amount"]),
        currency=amount["currency"] if amount else cart[0].price.currency,
        due=timestamp_to_thrift(body["dueAt"]) if "dueAt" in body else moment_to_thrift(now + PAYABLE_FOR),
        context=metadata_to_thrift(body.get("metadata", {})),
    )


def link_invoice_params_to_thrift(
    body: Json, *, id: str, template_id: str
) -> payment_processing.InvoiceWithTemplateParams:
    amount = body.get("amount", {})
    return payment_processing.InvoiceWithTemplateParams(
        id=id,
        template_id=template_id,
        amount=amount.get("amount"),
        currency=amount.get("currency"),
        context=if_present(body.get("metadata"), metadata_to_thrift),
    )


def invoice_to_json(invoice: domain.Invoice) -> Json:
    id = INVOICE + invoice.id
    path = f"/v3/invoices/{id}"
    return without_absent(
        {
            "id": id,
            "object": "invoice",
            "createdAt": invoice.created_at,
            "version": invoice.revision or 0,
            "links": {
                "self": path,
                "payments": f"{path}/payments",
                "cancellations": f"{path}/cancellations",
                "fulfillments": f"{path}/fulfillments",
                "tokens": f"{path}/tokens",
            },
            "shopId": SHOP + invoice.shop_id,
            "status": INVOICE_STATUS[invoice.status],
            "statusReason": invoice.status_reason,
            "amount": money_to_json(invoice.cost),
            "product": invoice.details.product,
            "description": invoice.details.description,
            "cart": if_present(invoice.details.cart, cart_to_json),
            "dueAt": invoice.due,
            "externalId": invoice.external_id,
            "paymentLinkId": if_present(invoice.template_id, PAYMENT_LINK.__add__),
            "metadata": metadata_to_json(invoice.context),
        }
    )


def payer_token_to_json(token: str, *, invoice_id: str | None = None, payment_link_id: str | None = None) -> Json:
    """An access token for whoever pays the invoice, or makes invoices from the payment link."""
    return without_absent(
        {
            "object": "payerToken",
            "token": token,
            "invoiceId": if_present(invoice_id, INVOICE.__add__),
            "paymentLinkId": if_present(payment_link_id, PAYMENT_LINK.__add__),
        }
    )
