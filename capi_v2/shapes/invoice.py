"""Invoices: InvoiceParams and InvoiceParamsWithTemplate -> Thrift; domain.Invoice -> Invoice, InvoiceAndToken."""

from capi_v2.shapes.absent import Json, if_present, without_absent
from capi_v2.shapes.allocation import allocation_to_json, allocation_to_thrift
from capi_v2.shapes.cart import cart_to_json, cart_to_thrift
from capi_v2.shapes.metadata import metadata_to_json, metadata_to_thrift
from capi_v2.shapes.timestamps import timestamp_to_thrift
from rpc.protocol import domain, payment_processing

INVOICE_STATUS = {
    domain.InvoiceStatus.UNPAID: "unpaid",
    domain.InvoiceStatus.PAID: "paid",
    domain.InvoiceStatus.CANCELLED: "cancelled",
    domain.InvoiceStatus.FULFILLED: "fulfilled",
}
TRUST_LEVEL = {domain.TrustLevel.WELL_KNOWN: "wellKnown", domain.TrustLevel.UNKNOWN: "unknown"}
TRUST_LEVEL_TO_THRIFT = {name: level for level, name in TRUST_LEVEL.items()}


def invoice_params_to_thrift(body: Json, *, id: str, party_id: str) -> payment_processing.InvoiceParams:
    """`amount` stays absent where the cart says it."""
    currency, given = body["currency"], body.get
    return payment_processing.InvoiceParams(
        id=id,
        party_id=party_id,
        shop_id=body["shopID"],
        details=domain.InvoiceDetails(
            product=body["product"],
            description=given("description"),
            cart=cart_to_thrift(body["cart"], currency) if "cart" in body else None,
        ),
        amount=given("amount"),
        currency=currency,
        due=timestamp_to_thrift(body["dueDate"]),
        context=metadata_to_thrift(body["metadata"]),
        external_id=given("externalID"),
        bank_account=bank_account_to_thrift(body["bankAccount"]) if "bankAccount" in body else None,
        allocation=allocation_to_thrift(body["allocation"]) if "allocation" in body else None,
        client_info=_client_info_to_thrift(body["clientInfo"]) if "clientInfo" in body else None,
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
        external_id=body.get("externalID"),
    )


def invoice_to_json(invoice: domain.Invoice) -> Json:
    cost, details = invoice.cost, invoice.details
    return {
        "id": invoice.id,
        "shopID": invoice.shop_id,
        "createdAt": invoice.created_at,
        "dueDate": invoice.due,
        "amount": cost.amount,
        "currency": cost.currency,
        "product": details.product,
        "metadata": metadata_to_json(invoice.context),
        "status": INVOICE_STATUS[invoice.status],
        **without_absent(
            {
                "externalID": invoice.external_id,
                "description": details.description,
                "invoiceTemplateID": invoice.template_id,
                "cart": if_present(details.cart, cart_to_json),
                "allocation": if_present(invoice.allocation, allocation_to_json),
                "bankAccount": if_present(invoice.bank_account, bank_account_to_json),
                "clientInfo": if_present(invoice.client_info, _client_info_to_json),
                "reason": invoice.status_reason,
            }
        ),
    }


def invoice_and_token_to_json(invoice: domain.Invoice, access_token: str) -> Json:
    return {"invoice": invoice_to_json(invoice), "invoiceAccessToken": access_token_to_json(access_token)}


def access_token_to_json(access_token: str) -> Json:
    return {"payload": access_token}


def invoice_status_to_json(status: int, reason: str | None) -> Json:
    """InvoiceStatus of the contract: `status`, and `reason` where there is one."""
    return without_absent({"status": INVOICE_STATUS[status], "reason": reason})


def bank_account_to_thrift(account: Json) -> domain.InvoiceBankAccount | None:
    """The contract does not require `accountType`: an account of no type is no account."""
    if "accountType" not in account:
        return None
    russian = domain.RussianBankAccount(account=account["account"], bank_bik=account["bankBik"])
    return domain.InvoiceBankAccount(russian=russian)


def bank_account_to_json(account: domain.InvoiceBankAccount) -> Json | None:
    """None for a kind of account that this version cannot say."""
    if account.russian is None:
        return None
    return {
        "accountType": "InvoiceRussianBankAccount",
        "account": account.russian.account,
        "bankBik": account.russian.bank_bik,
    }


def _client_info_to_thrift(client_info: Json) -> domain.InvoiceClientInfo:
    return domain.InvoiceClientInfo(trust_level=TRUST_LEVEL_TO_THRIFT.get(client_info.get("trustLevel")))


def _client_info_to_json(client_info: domain.InvoiceClientInfo) -> Json:
    return without_absent({"trustLevel": TRUST_LEVEL.get(client_info.trust_level)})
