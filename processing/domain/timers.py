"""What a machine does when a moment comes, and which moments it waits for: one list serves both questions."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from processing.domain import answers, capture, events, failure, payment, session
from processing.domain.draft import Draft
from processing.domain.state import Invoice, Payment, Session
from processing.domain.statuses import InvoiceStatus, PaymentStatus, TimeoutBehaviour
from processing.domain.steps import RunSession, Step, WakeAt

OVERDUE = "overdue"
DEADLINE_REACHED = failure.parse("authorization_failed:processing_deadline_reached")


class Alarm(NamedTuple):
    at: datetime
    ring: Callable[[Draft], None]


def tick(draft: Draft) -> None:
    """Everything whose moment has come, earliest first, each seeing what the one before it did."""
    while True:
        due = [alarm for alarm in _alarms(draft.state) if alarm.at <= draft.now]
        if not due:
            return
        min(due, key=lambda alarm: alarm.at).ring(draft)


def next_step(state: Invoice, now: datetime) -> Step | None:
    """A timer that is due comes before a call that is due."""
    alarms = [alarm.at for alarm in _alarms(state)]
    calls = sorted(_calls(state), key=lambda call: call[0])
    if alarms and min(alarms) <= now:
        return WakeAt(at=min(alarms))
    if calls and calls[0][0] <= now:
        return calls[0][1]
    moments = [*alarms, *(at for at, _ in calls)]
    return WakeAt(at=min(moments)) if moments else None


def _calls(state: Invoice) -> Iterator[tuple[datetime, RunSession]]:
    for payment_id, refund_id, found in answers.sessions_of(state):
        at = session.call_time(found)
        if at is not None:
            yield (
                at,
                RunSession(
                    payment_id=payment_id,
                    refund_id=refund_id,
                    target=found.target,
                    attempt=found.attempt + 1,
                    reference=found.reference,
                ),
            )


def _alarms(state: Invoice) -> Iterator[Alarm]:
    if state.status is InvoiceStatus.UNPAID and payment.active_payment(state) is None:
        yield Alarm(at=state.due, ring=_cancel_invoice)
    for owner in state.payments:
        if capture.is_waiting(owner):
            yield Alarm(at=owner.flow.held_until, ring=lambda draft, id=owner.id: capture.expire(draft, id))
        if _has_deadline(owner):
            yield Alarm(at=owner.processing_deadline, ring=lambda draft, id=owner.id: _deadline(draft, id))
    for payment_id, refund_id, found in answers.sessions_of(state):
        until = session.wait_ends(found)
        if until is not None:
            yield Alarm(
                at=until, ring=lambda draft, ids=(payment_id, refund_id), found=found: _timeout(draft, *ids, found)
            )


def _cancel_invoice(draft: Draft) -> None:
    draft.add(events.InvoiceStatusChanged(at=draft.now, status=InvoiceStatus.CANCELLED, reason=OVERDUE))


def _has_deadline(owner: Payment) -> bool:
    """While a call is under way its answer is awaited first."""
    if owner.status is not PaymentStatus.PENDING or owner.processing_deadline is None:
        return False
    is_called = owner.session is not None and owner.session.begun_at is not None
    return not is_called and owner.stuck_since is None


def _deadline(draft: Draft, payment_id: str) -> None:
    """What the bank may have done is not called a failure: the adapter has to end it, and is asked until it does."""
    found = draft.payment(payment_id).session
    if session.is_safe_to_drop(found):
        answers.give_up(draft, payment_id, None, DEADLINE_REACHED)
        return
    draft.add(events.PaymentStuck(at=draft.now, payment_id=payment_id))
    if found.run_at is None or found.run_at > draft.now:
        draft.add(events.SessionActivated(at=draft.now, payment_id=payment_id, cause="deadline"))


def _timeout(draft: Draft, payment_id: str, refund_id: str | None, found: Session) -> None:
    if found.suspension.behaviour is TimeoutBehaviour.CALL_ADAPTER:
        draft.add(events.SessionActivated(at=draft.now, payment_id=payment_id, refund_id=refund_id, cause="timeout"))
    else:
        answers.give_up(draft, payment_id, refund_id, session.timeout_failure(found.suspension))
