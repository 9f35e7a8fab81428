"""Numbers that tell one state of an object from another, counted from the events: every replay counts alike.

    revision   grows when what merchants see of the object changes; a payment's also with its refunds
    told       how many events of the object merchants were told of

Both are 1 when the object begins. Kinds of events that are in no row of the table below change nothing that is seen.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from processing.domain import events
from processing.domain.events import Event
from processing.domain.state import Invoice, Payment, payment_of, put, refund_of


def counted(before: Invoice | None, event: Event, after: Invoice) -> Invoice:
    """`after` with its numbers; `after` is what the event made of `before`."""
    row = _COUNTS.get(type(event))
    return after if row is None else row(before, event, after)


def _invoice(before: Invoice | None, event: Event, after: Invoice) -> Invoice:
    return _grown(after, is_told=True)


def _payment(before: Invoice | None, event: Event, after: Invoice) -> Invoice:
    return _put(after, _grown(payment_of(after, event.payment_id)))


def _payment_told(before: Invoice | None, event: Event, after: Invoice) -> Invoice:
    return _put(after, _grown(payment_of(after, event.payment_id), is_told=True))


def _route(before: Invoice | None, event: events.PaymentRouteChosen, after: Invoice) -> Invoice:
    """Of the route itself nothing is shown, of a hold its end."""
    return after if event.held_until is None else _payment(before, event, after)


def _refund_told(before: Invoice | None, event: events.RefundStatusChanged, after: Invoice) -> Invoice:
    owner = payment_of(after, event.payment_id)
    changed = _grown(refund_of(owner, event.refund_id), is_told=True)
    return _put(after, _grown(replace(owner, refunds=put(owner.refunds, changed))))


def _transaction(before: Invoice | None, event: events.SessionTransactionBound, after: Invoice) -> Invoice:
    if event.refund_id is None:
        return _payment(before, event, after)
    owner = payment_of(after, event.payment_id)
    changed = _grown(refund_of(owner, event.refund_id))
    return _put(after, replace(owner, refunds=put(owner.refunds, changed)))


def _interaction(before: Invoice | None, event: Event, after: Invoice) -> Invoice:
    """The payer came back, or nobody waits for them any more."""
    owner = payment_of(after, event.payment_id)
    is_same = payment_of(before, event.payment_id).interaction is owner.interaction
    return after if is_same else _put(after, _grown(owner))


_COUNTS: Mapping[type, Callable[[Invoice | None, Any, Invoice], Invoice]] = {
    events.InvoiceStatusChanged: _invoice,
    events.PaymentStatusChanged: _payment_told,
    events.PaymentInteractionRequested: _payment_told,
    events.PaymentRouteChosen: _route,
    events.PaymentCashFlowBuilt: _payment,
    events.PaymentCostChanged: _payment,
    events.PaymentCaptureStarted: _payment,
    events.RefundStarted: _payment,
    events.RefundStatusChanged: _refund_told,
    events.SessionTransactionBound: _transaction,
    events.SessionCallBegun: _interaction,
    events.SessionActivated: _interaction,
    events.SessionFinished: _interaction,
}


def _put(invoice: Invoice, changed: Payment) -> Invoice:
    return replace(invoice, payments=put(invoice.payments, changed))


def _grown(thing: Any, *, is_told: bool = False) -> Any:
    return replace(thing, revision=thing.revision + 1, told=thing.told + is_told)
