"""paymentSession: base64url of {"clientInfo": {...}, "paymentSession": id}, contract section 3.7.

All versions of one installation take each other's. Not a secret and not signed: it repeats what the payer's own browser
said, and names the card session in the vault.
"""

import base64
import re
import secrets
from typing import NamedTuple

import orjson

from capi_v1.shapes.absent import Json, without_absent
from rpc.protocol import domain
from translator.errors import Problem
from translator.formats import is_ip_address, is_uri
from translator.strict_json import parse

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_BYTES = 16
ID = re.compile(r"[0-9A-Za-z]{1,40}", re.ASCII)
NESTING_MAX = 4


class PaymentSession(NamedTuple):
    id: str
    client_info: domain.ClientInfo


def new_session_id() -> str:
    """Sixteen random bytes in base62."""
    number = int.from_bytes(secrets.token_bytes(ID_BYTES))
    digits = ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def payment_session_to_json(session: PaymentSession) -> str:
    info = session.client_info
    client_info = without_absent({"fingerprint": info.fingerprint, "ip": info.ip, "url": info.url})
    return base64.urlsafe_b64encode(orjson.dumps({"clientInfo": client_info, "paymentSession": session.id})).decode()


def payment_session_to_thrift(text: str) -> PaymentSession:
    """Raises Problem("invalidPaymentSession")."""
    try:
        fields, _ = parse(base64.b64decode(text.encode(), altchars=b"-_", validate=True), NESTING_MAX)
        return PaymentSession(_id(fields["paymentSession"]), _client_info(fields["clientInfo"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Problem("invalidPaymentSession", "The paymentSession was not given by createPaymentResource") from None


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
