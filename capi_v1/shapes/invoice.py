"""Invoices: InvoiceParams and InvoiceParamsWithTemplate -> Thrift; domain.Invoice -> Invoice, InvoiceAndToken."""

from capi_v1.shapes.absent import Json, if_present, without_absent
from capi_v1.shapes.cart import cart_to_json, cart_to_thrift
from capi_v1.shapes.metadata import metadata_to_json, metadata_to_thrift
from capi_v1.shapes.timestamps import timestamp_to_thrift
from rpc.protocol import domain, payment_processing

INVOICE_STATUS = {
    domain.InvoiceStatus.UNPAID: "unpaid",
    domain.InvoiceStatus.PAID: "paid",
    domain.InvoiceStatus.CANCELLED: "cancelled",
    domain.InvoiceStatus.FULFILLED: "fulfilled",
}


def invoice_params_to_thrift(body: Json, *, id: str, party_id: str) -> payment_processing.InvoiceParams:
    """`amount` stays absent where the cart says it."""
    return payment_processing.InvoiceParams(
        id=id,
        party_id=party_id,
        shop_id=body["shopID"],
        details=domain.InvoiceDetails(
            product=body["product"],
            description=body.get("description"),
            cart=if_present(body.get("cart"), lambda lines: cart_to_thrift(lines, body["currency"])),
        ),
        amount=body.get("amount"),
        currency=body["currency"],
        due=timestamp_to_thrift(body["dueDate"]),
        context=metadata_to_thrift(body["metadata"]),
    )


def invoice_with_template_params_to_thrift(
    body: Json, *, id: str, template_id: str
) -> payment_processing.InvoiceWithTemplateParams:
    return payment_processing.InvoiceWithTemplateParams(
        id=id,
        template_id=template_id,
        amount=body.get("amount"),
        currency=body.get("currency"),
        context=if_present(body.get("metadata"), metadata_to_thrift),
    )


def invoice_to_json(invoice: domain.Invoice) -> Json:
    return without_absent(
        {
            "id": invoice.id,
            "shopID": invoice.shop_id,
            "createdAt": invoice.created_at,
            "dueDate": invoice.due,
            "amount": invoice.cost.amount,
            "currency": invoice.cost.currency,
            "product": invoice.details.product,
            "description": invoice.details.description,
            "invoiceTemplateID": invoice.template_id,
            "cart": if_present(invoice.details.cart, cart_to_json),
            "metadata": metadata_to_json(invoice.context),
            **invoice_status_to_json(invoice.status, invoice.status_reason),
        }
    )


def invoice_and_token_to_json(invoice: domain.Invoice, access_token: str) -> Json:
    return {"invoice": invoice_to_json(invoice), "invoiceAccessToken": access_token_to_json(access_token)}


def access_token_to_json(access_token: str) -> Json:
    return {"payload": access_token}


def invoice_status_to_json(status: int, reason: str | None) -> Json:
    """InvoiceStatus of the contract: `status`, and `reason` where there is one."""
    return without_absent({"status": INVOICE_STATUS[status], "reason": reason})
