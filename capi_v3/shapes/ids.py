"""Ids of v3: a prefix that tells the kind, and behind it the platform's own id.

Payments and refunds are numbered within their invoice, so their ids carry it: pay_<invoice>.<payment> and
ref_<invoice>.<payment>.<refund>. A text that is no id of the wanted kind names nothing: NotFound.
"""

import re
from typing import NamedTuple

from translator.errors import NotFound

INVOICE, PAYMENT, REFUND, PAYMENT_LINK, SHOP = "inv_", "pay_", "ref_", "lnk_", "shp_"
ENDPOINT, EVENT = "whe_", "evt_"
PART = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
NAME = re.compile(r"[0-9A-Za-z._-]{1,64}", re.ASCII)
NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


class PaymentId(NamedTuple):
    invoice: str
    payment: str


class RefundId(NamedTuple):
    invoice: str
    payment: str
    refund: str


def payment_id_to_json(invoice_id: str, payment_id: str) -> str:
    return f"{PAYMENT}{invoice_id}.{payment_id}"


def refund_id_to_json(invoice_id: str, payment_id: str, refund_id: str) -> str:
    return f"{REFUND}{invoice_id}.{payment_id}.{refund_id}"


def invoice_id_to_thrift(text: str) -> str:
    return _parts(text, INVOICE, 1)[0]


def payment_id_to_thrift(text: str) -> PaymentId:
    return PaymentId(*_parts(text, PAYMENT, 2))


def refund_id_to_thrift(text: str) -> RefundId:
    return RefundId(*_parts(text, REFUND, 3))


def payment_link_id_to_thrift(text: str) -> str:
    return _parts(text, PAYMENT_LINK, 1)[0]


def endpoint_id_to_thrift(text: str) -> str:
    return _parts(text, ENDPOINT, 1)[0]


def shop_id_to_thrift(text: str) -> str:
    """Shops are named by whoever opened them, with points if they liked."""
    if not text.startswith(SHOP) or not NAME.fullmatch(text, len(SHOP)):
        raise NotFound
    return text.removeprefix(SHOP)


def event_id_to_thrift(text: str) -> int:
    number = text.removeprefix(EVENT)
    if number == text or not NUMBER.fullmatch(number):
        raise NotFound
    return int(number)


def scope_id(text: str) -> str:
    """What a role calls the object, or the invoice that it belongs to: pay_1Bz.2 -> 1Bz."""
    return text.partition("_")[2].partition(".")[0]


def _parts(text: str, prefix: str, count: int) -> list[str]:
    parts = text.removeprefix(prefix).split(".")
    if not text.startswith(prefix) or len(parts) != count or not all(map(PART.fullmatch, parts)):
        raise NotFound
    return parts
