"""What only the payer can do: domain.UserInteraction -> NextAction, with addresses ready to be followed."""

import re
from urllib.parse import quote

from capi_v3.shapes.absent import Json
from rpc.protocol import domain

# RFC 6570 for the one variable that the platform's templates may use: operator -> (before, with a name, reserved too).
EXPRESSION = re.compile(r"\{([+#./;?&]?)termination_uri\}")
OPERATORS = {
    "": ("", False, ""),
    "+": ("", False, ":/?#[]@!$&'()*+,;="),
    "#": ("#", False, ":/?#[]@!$&'()*+,;="),
    ".": (".", False, ""),
    "/": ("/", False, ""),
    ";": (";", True, ""),
    "?": ("?", True, ""),
    "&": ("&", True, ""),
}


def next_action_to_json(interaction: domain.UserInteraction, return_url: str | None) -> Json | None:
    """`return_url`: where the payer's browser comes back to. None for an action that this version cannot say."""
    if interaction.redirect is not None:
        redirect = _redirect(interaction.redirect, return_url)
        return None if redirect is None else {"type": "redirect", "redirect": redirect}
    if interaction.payment_terminal_receipt is not None:
        receipt = interaction.payment_terminal_receipt
        return {"type": "showReceipt", "receipt": {"number": receipt.short_payment_id, "dueAt": receipt.due}}
    if interaction.qr_code is not None:
        payload = interaction.qr_code.payload.decode("utf-8", "replace")
        return {"type": "showQrCode", "qrCode": {"payload": payload}}
    if interaction.crypto_transfer is not None:
        asked = interaction.crypto_transfer
        crypto = {"address": asked.address, "currency": asked.symbolic_code, "amount": asked.amount}
        return {"type": "transferCrypto", "crypto": crypto}
    return None


def expanded(template: str, return_url: str | None) -> str:
    """The template with `termination_uri` put in; without a return URL its expressions expand to nothing."""

    def value(found: re.Match[str]) -> str:
        before, is_named, reserved = OPERATORS[found[1]]
        if return_url is None:
            return ""
        return f"{before}{'termination_uri=' if is_named else ''}{quote(return_url, safe=reserved + '-._~')}"

    return EXPRESSION.sub(value, template)


def _redirect(request: domain.BrowserRequest, return_url: str | None) -> Json | None:
    if request.get_request is not None:
        return {"method": "GET", "url": expanded(request.get_request.uri_template, return_url)}
    if request.post_request is None:
        return None
    form = [{"name": field.key, "value": expanded(field.template, return_url)} for field in request.post_request.form]
    return {"method": "POST", "url": expanded(request.post_request.uri_template, return_url), "form": form}
