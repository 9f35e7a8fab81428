"""Events as v3 tells them, in its feed and to its webhooks: the same bytes in both, made once.

    {"id": "evt_<n>", "object": "event", "type", "createdAt", "sequence", "apiVersion", "data": {"object": {...}}}

`sequence` counts the events of one object from 1: whoever was told 2 and then 4 has missed one. `data.object` is what a
receiver needs to act: what it is, where it stands, how much, and the `version` by which it knows news from old news.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from processing.domain import events
from processing.domain.events import Event
from processing.domain.money import Cash
from processing.domain.state import Invoice, Payment, Refund, payment_of, refund_of
from processing.domain.statuses import PaymentStatus

Json = dict[str, Any]

API_VERSION = "v3"

PAYMENT_STATUSES: Mapping[PaymentStatus, str] = {
    **{status: status.value for status in PaymentStatus},
    PaymentStatus.PROCESSED: "authorized",
    PaymentStatus.CHARGED_BACK: "chargedBack",
}

_TYPES: Mapping[type, Callable[[Any], str]] = {
    events.InvoiceCreated: lambda event: "invoice.created",
    events.InvoiceStatusChanged: lambda event: f"invoice.{event.status.value}",
    events.PaymentStarted: lambda event: "payment.created",
    events.PaymentStatusChanged: lambda event: f"payment.{PAYMENT_STATUSES[event.status]}",
    events.PaymentInteractionRequested: lambda event: "payment.actionRequired",
    events.RefundStarted: lambda event: "refund.created",
    events.RefundStatusChanged: lambda event: f"refund.{event.status.value}",
}

TYPES = (
    *(f"invoice.{word}" for word in ("created", "paid", "cancelled", "fulfilled")),
    *(f"payment.{word}" for word in ("created", "actionRequired", "authorized", "captured", "cancelled")),
    *(f"payment.{word}" for word in ("refunded", "failed", "chargedBack")),
    *(f"refund.{word}" for word in ("created", "succeeded", "failed")),
)
ALL = "*"

SAMPLE_STATUSES = {
    "invoice.created": "unpaid",
    "payment.created": "pending",
    "payment.actionRequired": "pending",
    "refund.created": "pending",
}
"""Types whose second word is not the status that they bring."""

_encode = msgspec.json.Encoder().encode


def event_type(event: Event) -> str | None:
    """For example payment.captured; None: merchants are not told."""
    named = _TYPES.get(type(event))
    return None if named is None else named(event)


def is_asked_for(said: str, wanted: frozenset[str]) -> bool:
    """Whether a type is among those wanted: itself, all of its object (payment.*), or all there are (*)."""
    return not wanted.isdisjoint((said, ALL, f"{said.partition('.')[0]}.{ALL}"))


def body(event_id: int | str, said: str, at: datetime, event: Event, after: Invoice) -> bytes:
    """The exact bytes. `said` is the event's type, `after` the machine right after the event."""
    thing = _subject(event, after)
    return _encode(_event(event_id, said, at, thing.told, _OBJECTS[type(thing)](thing)))


def asked_for(wanted: Collection[str]) -> list[str]:
    """The types that there are today and that are among those wanted."""
    asked = frozenset(wanted)
    return [said for said in TYPES if is_asked_for(said, asked)]


def is_known(wanted: str) -> bool:
    """Whether a type, object.* or * can be asked for."""
    return bool(asked_for([wanted]))


def sample(event_id: str, said: str, now: datetime) -> bytes:
    """An event of that type that never happened; `test` says so."""
    kind, _, word = said.partition(".")
    ids = {"invoice": "inv_sample", "payment": "pay_sample.1", "refund": "ref_sample.1.1"}
    belongs = {"invoice": (), "payment": ("invoice",), "refund": ("invoice", "payment")}[kind]
    thing = {
        "id": ids[kind],
        "object": kind,
        "status": SAMPLE_STATUSES.get(said, word),
        "version": 1,
        "amount": {"amount": 4200, "currency": "RUB"},
        **{f"{owner}Id": ids[owner] for owner in belongs},
        "shopId": "shp_sample",
        "createdAt": _time(now),
    }
    return _encode(_event(event_id, said, now, 1, thing) | {"test": True})


def _event(event_id: int | str, said: str, at: datetime, sequence: int, thing: Json) -> Json:
    return {
        "id": f"evt_{event_id}",
        "object": "event",
        "type": said,
        "createdAt": _time(at),
        "sequence": sequence,
        "apiVersion": API_VERSION,
        "data": {"object": thing},
    }


def _subject(event: Event, after: Invoice) -> Invoice | Payment | Refund:
    match event:
        case events.InvoiceCreated() | events.InvoiceStatusChanged():
            return after
        case events.PaymentStarted():
            return payment_of(after, event.payment.id)
        case events.RefundStarted():
            return refund_of(payment_of(after, event.payment_id), event.refund.id)
        case events.RefundStatusChanged():
            return refund_of(payment_of(after, event.payment_id), event.refund_id)
    return payment_of(after, event.payment_id)


def _invoice(invoice: Invoice) -> Json:
    return {
        "id": f"inv_{invoice.id}",
        "object": "invoice",
        "status": invoice.status.value,
        "version": invoice.revision,
        "amount": _money(invoice.cost),
        "shopId": f"shp_{invoice.shop_id}",
        "createdAt": _time(invoice.created_at),
    }


def _payment(payment: Payment) -> Json:
    captured = payment.captured_cost
    partly = {"capturedAmount": _money(captured)} if captured and captured != payment.cost else {}
    return {
        "id": f"pay_{payment.invoice_id}.{payment.id}",
        "object": "payment",
        "status": PAYMENT_STATUSES[payment.status],
        "version": payment.revision,
        "amount": _money(payment.cost),
        **partly,
        "invoiceId": f"inv_{payment.invoice_id}",
        "shopId": f"shp_{payment.shop_id}",
        "createdAt": _time(payment.created_at),
    }


def _refund(refund: Refund) -> Json:
    return {
        "id": f"ref_{refund.invoice_id}.{refund.payment_id}.{refund.id}",
        "object": "refund",
        "status": refund.status.value,
        "version": refund.revision,
        "amount": _money(refund.cash),
        "invoiceId": f"inv_{refund.invoice_id}",
        "paymentId": f"pay_{refund.invoice_id}.{refund.payment_id}",
        "shopId": f"shp_{refund.shop_id}",
        "createdAt": _time(refund.created_at),
    }


_OBJECTS: Mapping[type, Callable[[Any], Json]] = {Invoice: _invoice, Payment: _payment, Refund: _refund}


def _money(cash: Cash) -> Json:
    return {"amount": cash.amount, "currency": cash.currency}


def _time(moment: datetime) -> str:
    """2026-03-01T12:00:00.000Z"""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
