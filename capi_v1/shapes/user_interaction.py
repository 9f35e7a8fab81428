"""What only the payer can do: domain.UserInteraction -> UserInteraction. Templates are RFC 6570 and pass unread."""

from capi_v1.shapes.absent import Json
from rpc.protocol import domain


def user_interaction_to_json(interaction: domain.UserInteraction) -> Json | None:
    """None for an interaction that this version cannot say."""
    change = _INTERACTION.get(interaction.which())
    return None if change is None else change(interaction.value)


def _redirect_to_json(request: domain.BrowserRequest) -> Json | None:
    change = _REQUEST.get(request.which())
    return None if change is None else {"interactionType": "Redirect", "request": change(request.value)}


def _get_to_json(request: domain.BrowserGetRequest) -> Json:
    return {"requestType": "BrowserGetRequest", "uriTemplate": request.uri_template}


def _post_to_json(request: domain.BrowserPostRequest) -> Json:
    form = [{"key": field.key, "template": field.template} for field in request.form]
    return {"requestType": "BrowserPostRequest", "uriTemplate": request.uri_template, "form": form}


def _receipt_to_json(receipt: domain.PaymentTerminalReceipt) -> Json:
    return {
        "interactionType": "PaymentTerminalReceipt",
        "shortPaymentID": receipt.short_payment_id,
        "dueDate": receipt.due,
    }


def _crypto_to_json(transfer: domain.CryptoTransferRequest) -> Json:
    return {
        "interactionType": "CryptoCurrencyTransferRequest",
        "cryptoAddress": transfer.address,
        "symbolicCode": transfer.symbolic_code,
        "cryptoAmount": transfer.amount,
    }


_REQUEST = {"get_request": _get_to_json, "post_request": _post_to_json}
_INTERACTION = {
    "redirect": _redirect_to_json,
    "payment_terminal_receipt": _receipt_to_json,
    "crypto_transfer": _crypto_to_json,
}
