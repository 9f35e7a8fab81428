"""Payment tokens: `tok_`, the sealed payment tool, `~`, and the session that the payer's page began.

The session is base64url of {"clientInfo": {...}, "paymentSession": id}. It is no secret and not signed: it repeats what
the payer's own device said, and names the one-use security code in the vault.
"""

import base64
import re
import secrets
from datetime import datetime
from typing import NamedTuple

import orjson

from capi_v3.shapes.absent import Json, if_present, without_absent
from capi_v3.shapes.ids import INVOICE
from capi_v3.shapes.payment_method import payment_method_to_json
from capi_v3.shapes.timestamps import moment_to_thrift
from rpc.protocol import domain
from translator.errors import Problem
from translator.formats import is_ip_address, is_uri
from translator.strict_json import parse

PREFIX, SEPARATOR = "tok_", "~"
CHARS_MAX = 3500
"""The contract's maxLength of a payment source's token."""
ID_BYTES = 16
ID = re.compile(r"[0-9A-Za-z_-]{1,40}", re.ASCII)
NESTING_MAX = 4


class PaymentSession(NamedTuple):
    id: str
    client_info: domain.ClientInfo


def new_session_id() -> str:
    """Sixteen random bytes in base64url."""
    return secrets.token_urlsafe(ID_BYTES)


def device_to_thrift(device: Json, *, ip: str | None) -> domain.ClientInfo:
    """The page's address is kept without its query and fragment, where secrets of the merchant's page may stand."""
    page = if_present(device.get("pageUrl"), lambda url: url.partition("#")[0].partition("?")[0])
    return domain.ClientInfo(fingerprint=device.get("fingerprint", ""), ip=ip, url=page)


def payment_token_to_json(
    tool: domain.PaymentTool,
    session: PaymentSession,
    sealed: tuple[str, datetime],
    *,
    now: datetime,
    invoice_id: str | None,
) -> Json:
    """`sealed`: the sealed tool and until when it is good. Raises Problem where all of it is too long for a token."""
    token = f"{PREFIX}{sealed[0]}{SEPARATOR}{session_to_text(session)}"
    if len(token) > CHARS_MAX:
        raise Problem("payment-data-too-long", "The payment method and the device are too long for a token", 422)
    return without_absent(
        {
            "id": token,
            "object": "paymentToken",
            "createdAt": moment_to_thrift(now),
            "expiresAt": moment_to_thrift(sealed[1]),
            "invoiceId": if_present(invoice_id, INVOICE.__add__),
            "paymentMethod": payment_method_to_json(tool),
        }
    )


def token_parts(token: str) -> tuple[str, str]:
    """The sealed tool and the text of the session. Raises Problem("invalid-payment-token")."""
    sealed, separator, session = token.removeprefix(PREFIX).partition(SEPARATOR)
    if not separator:
        raise invalid_token()
    return sealed, session


def session_to_text(session: PaymentSession) -> str:
    info = session.client_info
    client_info = without_absent({"fingerprint": info.fingerprint, "ip": info.ip, "url": info.url})
    return base64.urlsafe_b64encode(orjson.dumps({"clientInfo": client_info, "paymentSession": session.id})).decode()


def session_to_thrift(text: str) -> PaymentSession:
    """Raises Problem("invalid-payment-token")."""
    try:
        fields, _ = parse(base64.b64decode(text.encode(), altchars=b"-_", validate=True), NESTING_MAX)
        return PaymentSession(_id(fields["paymentSession"]), _client_info(fields["clientInfo"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise invalid_token() from None


def invalid_token() -> Problem:
    return Problem("invalid-payment-token", "The payment token was not made by POST /v3/paymentTokens", 422)


def _id(value: object) -> str:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise ValueError(value)
    return value


def _client_info(fields: Json) -> domain.ClientInfo:
    ip, fingerprint, url = fields.get("ip"), fields.get("fingerprint"), fields.get("url")
    if ip is not None and not is_ip_address(ip):
        raise ValueError(ip)
    if not isinstance(fingerprint, str) or (url is not None and not is_uri(url)):
        raise ValueError(fields)
    return domain.ClientInfo(ip=ip, fingerprint=fingerprint, url=url)
