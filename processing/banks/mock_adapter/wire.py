"""Our values <-> the mock bank's JSON. Pure; an answer that is not the bank's protocol raises Unexpected.

The bank writes amounts as decimal strings and currencies as ISO 4217 numbers, and answers every question about an
operation with one *receipt*.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from rpc.failures import Unexpected
from rpc.protocol import domain

# Alphabetic code -> (number, decimals): the currencies in which we have an account at this bank.
CURRENCIES = {
    "AED": ("784", 2), "AMD": ("051", 2), "AUD": ("036", 2), "AZN": ("944", 2), "BHD": ("048", 3), "BYN": ("933", 2),
    "CAD": ("124", 2), "CHF": ("756", 2), "CNY": ("156", 2), "CZK": ("203", 2), "DKK": ("208", 2), "EUR": ("978", 2),
    "GBP": ("826", 2), "GEL": ("981", 2), "HKD": ("344", 2), "HUF": ("348", 2), "ILS": ("376", 2), "INR": ("356", 2),
    "JPY": ("392", 0), "KGS": ("417", 2), "KRW": ("410", 0), "KWD": ("414", 3), "KZT": ("398", 2), "MDL": ("498", 2),
    "MXN": ("484", 2), "NOK": ("578", 2), "PLN": ("985", 2), "RON": ("946", 2), "RSD": ("941", 2), "RUB": ("643", 2),
    "SEK": ("752", 2), "SGD": ("702", 2), "THB": ("764", 2), "TJS": ("972", 2), "TRY": ("949", 2), "UAH": ("980", 2),
    "USD": ("840", 2), "UZS": ("860", 2), "VND": ("704", 0), "ZAR": ("710", 2),
}  # fmt: skip
BY_NUMBER = {number: (code, decimals) for code, (number, decimals) in CURRENCIES.items()}
AMOUNT = re.compile(r"(\d{1,15})(?:\.(\d{1,3}))?")
RESULTS = frozenset({"APPROVED", "DECLINED", "CHALLENGE", "PENDING"})
STATES = frozenset({"WAITING", "HELD", "TAKEN", "RELEASED", "DECLINED"})
SESSION_DATA = "sessionData"


class ForeignCurrency(Exception):
    """We have no account in this currency at this bank."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """Where the payer has to go: a link (`fields` is None) or a form."""

    url: str
    fields: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the bank says of one operation. `state`, `left` (taken and not given back): of its whole authorisation."""

    operation: str
    reference: str
    result: str
    code: str
    text: str
    detail: str | None
    txn: str | None
    amount: int | None
    currency: str | None
    rrn: str | None
    approval_code: str | None
    at: str | None
    state: str | None
    left: int
    challenge: Challenge | None


def money(cash: domain.Cash) -> dict[str, str]:
    """Cash(1234, "RUB") -> {"amount": "12.34", "currency": "643"}. Raises ForeignCurrency."""
    if cash.currency not in CURRENCIES:
        raise ForeignCurrency(cash.currency)
    number, decimals = CURRENCIES[cash.currency]
    digits = str(cash.amount).rjust(decimals + 1, "0")
    amount = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    return {"amount": amount, "currency": number}


def order(
    merchant: str,
    reference: str,
    cost: domain.Cash,
    card: dict[str, str],
    capture_now: bool,
    payer_present: bool,
    return_url: str,
    notify_url: str,
) -> dict[str, Any]:
    """The request to hold money, or to hold and take it. Raises ForeignCurrency."""
    return {
        "merchant": merchant,
        "reference": reference,
        **money(cost),
        "card": card,
        "capture": "now" if capture_now else "later",
        "initiator": "payer" if payer_present else "merchant",
        "returnUrl": return_url,
        "notifyUrl": notify_url,
    }


def card(number: str, exp_month: int, exp_year: int, cvv: str | None, holder: str | None) -> dict[str, str]:
    """The card of an order."""
    said = {"pan": number, "expiry": f"{exp_year % 100:02d}{exp_month:02d}", "cvc": cvv, "holder": holder}
    return {name: text for name, text in said.items() if text}


def change(merchant: str, reference: str, txn: str, cash: domain.Cash | None = None) -> dict[str, Any]:
    """The request to capture or refund `cash`, or (without) to void. Raises ForeignCurrency."""
    return {"merchant": merchant, "reference": reference, "txn": txn, **(money(cash) if cash else {})}


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer or a notice. Raises Unexpected."""
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unexpected("the bank's answer is not JSON", source="external") from None
    if not isinstance(read, dict):
        raise Unexpected("the bank's answer is not an object", source="external")
    return read


def receipt(read: dict[str, Any]) -> Receipt:
    """The receipt in an answer. Raises Unexpected for any other shape."""
    result = text(read, "result")
    if result not in RESULTS:
        raise Unexpected("the bank answered a result that its protocol does not have", source="external")
    amount, currency = cash_of(read)
    state, left = balance(read)
    return Receipt(
        operation=text(read, "operation"),
        reference=text(read, "reference"),
        result=result,
        code=text(read, "code"),
        text=text(read, "text"),
        detail=maybe_text(read, "detail"),
        txn=maybe_text(read, "txn"),
        amount=amount,
        currency=currency,
        rrn=maybe_text(read, "rrn"),
        approval_code=maybe_text(read, "approvalCode"),
        at=maybe_text(read, "at"),
        state=state,
        left=left,
        challenge=challenge(read) if result == "CHALLENGE" else None,
    )


def balance(read: dict[str, Any]) -> tuple[str | None, int]:
    """State of the authorisation, and minor units taken and not given back."""
    shown = read.get("authorisation")
    if shown is None:
        return None, 0
    if not isinstance(shown, dict) or shown.get("state") not in STATES:
        raise Unexpected("the bank shows an authorisation that its protocol does not have", source="external")
    parts = (
        cash_of({"amount": shown.get(name), "currency": read.get("currency")})[0] for name in ("taken", "returned")
    )
    taken, returned = (part or 0 for part in parts)
    return shown["state"], taken - returned


def challenge(read: dict[str, Any]) -> Challenge:
    where = read.get("challenge")
    if not isinstance(where, dict) or where.get("method") not in ("GET", "POST"):
        raise Unexpected("the bank asks the payer in a way that its protocol does not have", source="external")
    fields = where.get("fields") if where["method"] == "POST" else None
    if fields is not None and not all(isinstance(value, str) for value in fields.values()):
        raise Unexpected("the bank's form has fields that are no text", source="external")
    return Challenge(text(where, "url"), fields)


def cash_of(read: dict[str, Any]) -> tuple[int | None, str | None]:
    """Minor units and alphabetic code of "amount" and "currency"; both None where there is no amount."""
    amount = maybe_text(read, "amount")
    if amount is None:
        return None, None
    currency, decimals = BY_NUMBER.get(text(read, "currency"), ("", 0))
    parsed = AMOUNT.fullmatch(amount)
    if not currency or parsed is None or len(parsed[2] or "") != decimals:
        raise Unexpected("the bank's answer has an amount that cannot be read", source="external")
    return int(parsed[1] + (parsed[2] or "")), currency


def text(read: dict[str, Any], name: str) -> str:
    value = read.get(name)
    if not isinstance(value, str) or not value:
        raise Unexpected(f"the bank's answer lacks {name}", source="external")
    return value


def maybe_text(read: dict[str, Any], name: str) -> str | None:
    return None if read.get(name) is None else text(read, name)


def transaction(receipt: Receipt) -> domain.TransactionInfo | None:
    """What we call the bank's authorisation from now on."""
    if receipt.txn is None:
        return None
    return domain.TransactionInfo(
        id=receipt.txn,
        timestamp=timestamp(receipt.at),
        rrn=receipt.rrn,
        approval_code=receipt.approval_code,
        extra={"reference": receipt.reference} | ({"state": receipt.state} if receipt.state else {}),
    )


def timestamp(at: str | None) -> str | None:
    """The bank's moment, if it is one; it is informative only."""
    try:
        return at if at and at.endswith("Z") and datetime.fromisoformat(at) else None
    except ValueError:
        return None


def interaction(challenge: Challenge) -> domain.UserInteraction:
    """The redirect that the payer's browser must follow; the payer's way home travels as the bank's session data."""
    if challenge.fields is None:
        uri = f"{challenge.url}{'&' if '?' in challenge.url else '?'}{SESSION_DATA}={{termination_uri}}"
        request = domain.BrowserRequest(get_request=domain.BrowserGetRequest(uri_template=uri))
    else:
        form = [domain.FormField(key=key, template=literal(value)) for key, value in challenge.fields.items()]
        form.append(domain.FormField(key=SESSION_DATA, template="{+termination_uri}"))
        post = domain.BrowserPostRequest(uri_template=literal(challenge.url), form=form)
        request = domain.BrowserRequest(post_request=post)
    return domain.UserInteraction(redirect=request)


def literal(value: str) -> str:
    """A text as an RFC 6570 template that expands to itself."""
    if "{" in value or "}" in value:
        raise Unexpected("the bank's form has braces", source="external")
    return value
