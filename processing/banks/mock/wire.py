"""JSON of this bank's protocol, in and out. Knows nothing of HTTP and decides nothing.

A request that breaks a rule raises `Refusal` naming the first field at fault.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from processing.banks.mock import cards, codes, money
from processing.banks.mock.books import Authorisation, Dispute, Operation

MERCHANT = re.compile(r"\d{6,15}")
REFERENCE = re.compile(r"[\x21-\x7e]{1,128}")
CARD_NUMBER = re.compile(r"\d{12,19}")
EXPIRY = re.compile(r"\d\d(0[1-9]|1[0-2])")
CVC = re.compile(r"\d{3,4}")
URL = re.compile(r"https?://[\x21-\x7e]{1,2000}")
TEXT = re.compile(r"[^\x00-\x1f]{1,100}")
BODY_BYTES_MAX = 16_384


class Refusal(Exception):
    """The request as such cannot be served: an HTTP status, a response code, the field at fault, the first of twins."""

    def __init__(self, status: int, code: str, field: str | None = None, first: dict[str, Any] | None = None) -> None:
        super().__init__(status, code, field)
        self.status = status
        self.body: dict[str, Any] = {"result": "REFUSED", "code": code, "text": codes.TEXTS[code]}
        if field is not None:
            self.body["field"] = field
        if first is not None:
            self.body = {**self.body, "result": "DUPLICATE", "first": first}


@dataclass(frozen=True, slots=True)
class Order:
    """A request to authorise."""

    merchant: str
    reference: str
    amount: int
    currency: str
    number: str
    expiry: str
    capture_now: bool
    payer_present: bool
    return_url: str | None
    notify_url: str | None

    def __repr__(self) -> str:
        return f"Order({self.merchant} {self.reference})"


@dataclass(frozen=True, slots=True)
class Change:
    """A request to capture, refund or void. `original` names the authorisation when `txn` does not."""

    merchant: str
    reference: str
    txn: str | None
    original: str | None
    amount: int | None
    currency: str | None


def read_object(body: bytes) -> dict[str, Any]:
    if len(body) > BODY_BYTES_MAX:
        raise Refusal(413, codes.FORMAT_ERROR)
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, codes.FORMAT_ERROR) from None
    if not isinstance(read, dict):
        raise Refusal(400, codes.FORMAT_ERROR)
    return read


def read_order(body: bytes) -> Order:
    """The body of POST /gateway/v1/authorisations. The CVC is looked at and let go."""
    read = read_object(body)
    card = read.get("card")
    if not isinstance(card, dict):
        raise Refusal(400, codes.FORMAT_ERROR, "card")
    matching(card, "cvc", CVC, optional=True)
    matching(card, "holder", TEXT, optional=True)
    return Order(
        merchant=matching(read, "merchant", MERCHANT),
        reference=matching(read, "reference", REFERENCE),
        amount=amount_of(read),
        currency=read["currency"],
        number=matching(card, "pan", CARD_NUMBER),
        expiry=matching(card, "expiry", EXPIRY),
        capture_now=word(read, "capture", {"now": True, "later": False}),
        payer_present=word(read, "initiator", {"payer": True, "merchant": False}),
        return_url=matching(read, "returnUrl", URL, optional=True),
        notify_url=matching(read, "notifyUrl", URL, optional=True),
    )


def read_change(body: bytes, *, money_needed: bool) -> Change:
    """The body of a capture, a refund (both with an amount) or a void (without)."""
    read = read_object(body)
    return Change(
        merchant=matching(read, "merchant", MERCHANT),
        reference=matching(read, "reference", REFERENCE),
        txn=matching(read, "txn", REFERENCE, optional=not money_needed),
        original=None if money_needed else matching(read, "originalReference", REFERENCE, optional=True),
        amount=amount_of(read) if money_needed else None,
        currency=read["currency"] if money_needed else None,
    )


def amount_of(read: dict[str, Any], name: str = "amount") -> int:
    amount = money.parse(read.get(name), read.get("currency"))
    if amount is None:
        raise Refusal(400, codes.FORMAT_ERROR, name)
    return amount


def matching(read: dict[str, Any], name: str, pattern: re.Pattern[str], *, optional: bool = False) -> Any:
    """The member's text; None for an absent optional one."""
    value = read.get(name)
    if value is None and optional:
        return None
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refusal(400, codes.FORMAT_ERROR, name)
    return value


def word(read: dict[str, Any], name: str, meanings: dict[str, bool]) -> bool:
    value = read.get(name)
    if not isinstance(value, str) or value not in meanings:
        raise Refusal(400, codes.FORMAT_ERROR, name)
    return meanings[value]


def receipt(operation: Operation, authorisation: Authorisation | None, acs_url: str) -> dict[str, Any]:
    """What the bank says of an operation, the same in answers, look-ups and notices. Absent members are left out."""
    view = {
        "operation": operation.kind,
        "id": operation.id,
        "txn": operation.txn,
        "reference": operation.reference,
        "result": operation.result,
        "code": operation.code,
        "detail": operation.detail,
        "text": codes.TEXTS[operation.code],
        "amount": money.render(operation.amount, operation.currency) if operation.amount is not None else None,
        "currency": operation.currency,
        "rrn": operation.rrn,
        "approvalCode": operation.approval,
        "at": moment(operation.created_at),
    }
    if authorisation is not None:
        view["authorisation"] = balance(authorisation)
        if authorisation.authentication:
            view["threeDs"] = {"version": "2.2.0", "status": authorisation.authentication}
        if operation.result == "CHALLENGE":
            view["challenge"] = challenge(authorisation, acs_url)
    return {name: value for name, value in view.items() if value is not None}


def balance(authorisation: Authorisation) -> dict[str, str]:
    """Where the money of an authorisation is."""
    amounts = {name: getattr(authorisation, name) for name in ("held", "taken", "returned", "disputed")}
    shown = {name: money.render(amount, authorisation.currency) for name, amount in amounts.items()}
    return {"state": authorisation.state, **shown}


def challenge(authorisation: Authorisation, acs_url: str) -> dict[str, Any]:
    """Where to send the payer. A member `sessionData` added to the form or query comes back with the payer."""
    if cards.thaw(authorisation.behaviour).authentication == cards.CHALLENGE_BY_GET:
        return {"method": "GET", "url": f"{acs_url}?creq={authorisation.creq}"}
    return {"method": "POST", "url": acs_url, "fields": {"creq": authorisation.creq}}


def dispute_view(dispute: Dispute, authorisation: Authorisation) -> dict[str, Any]:
    """What the bank says of a chargeback."""
    return {
        "dispute": dispute.id,
        "txn": dispute.txn,
        "reference": authorisation.reference,
        "amount": money.render(dispute.amount, authorisation.currency),
        "levy": money.render(dispute.levy, authorisation.currency),
        "currency": authorisation.currency,
        "reason": dispute.reason,
        "at": moment(dispute.created_at),
    }


def moment(milliseconds: int) -> str:
    """1700000000000 -> "2023-11-14T22:13:20.000Z"."""
    stamp = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{milliseconds % 1000:03d}Z"
