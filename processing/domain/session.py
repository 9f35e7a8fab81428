"""One operation at the bank: calls, waits and the end. What the end means to a payment or refund is not known here.

    run_at set      the adapter is called then            begun_at set   a call is under way
    suspension set  somebody has to come back, or its time runs out

`unavailable` is a call that surely did not reach the bank; `unknown` is one that may have: it is never reported as a
failure, and the next attempt makes the adapter ask the bank before it sends anything.
"""

from datetime import datetime, timedelta
from typing import TypeVar

from msgspec.structs import replace

from processing.domain import bank, events, failure
from processing.domain.errors import SessionBusy, StepObsolete
from processing.domain.failure import OperationFailure, OperationTimeout
from processing.domain.state import Payment, Refund, Session, Suspension, Trouble
from processing.domain.statuses import Target, TimeoutBehaviour

Owner = TypeVar("Owner", Payment, Refund)

CALL_TIMEOUT = timedelta(seconds=30)
"""A call ends this long after it was begun, answered or not: its deadline counts from `begun_at`."""
CALL_PATIENCE = CALL_TIMEOUT + timedelta(seconds=10)
"""How long a callback that was begun may stay unanswered before another attempt: it is made without any lease.

The ten seconds are for whoever made the call: five at most to wait for the database with its answer, and five that the
clocks of two processes may differ. So the next attempt never meets a call that is still under way.
"""
ORPHAN_PATIENCE = timedelta(seconds=8)
"""How long after its beginning any other call may be made again. Whoever is asked to make it holds the machine's lease,
so the one who began it is gone; should that one's call still be on its way, the gate before the banks lets only one of
the two through. These seconds only keep us from knocking there for nothing."""
RETRY_DELAY_S_MAX = 60
UNAVAILABLE_TOTAL_S_MAX = 90
"""A bank that cannot be reached at all fails a payment after this long. Outages of our own are not counted."""
TEMPORARILY_UNAVAILABLE = failure.parse("authorization_failed:temporarily_unavailable")


def call_time(session: Session | None) -> datetime | None:
    """When the adapter is to be called next."""
    if session is None or session.is_finished:
        return None
    if session.begun_at is not None:
        return session.begun_at + (CALL_PATIENCE if session.is_callback else ORPHAN_PATIENCE)
    return session.run_at


def wait_ends(session: Session | None) -> datetime | None:
    """When the patience for whoever has to come back ends."""
    if session is None or session.suspension is None or session.begun_at is not None:
        return None
    return session.suspension.until


def is_safe_to_drop(session: Session) -> bool:
    """Nothing was sent, or the adapter itself said that this wait may end in a failure."""
    waits_to_fail = session.suspension is not None and session.suspension.behaviour is TimeoutBehaviour.FAIL
    return waits_to_fail or not session.maybe_sent


def is_answer_awaited(session: Session | None, attempt: int) -> bool:
    return session is not None and session.begun_at is not None and session.attempt == attempt


def begin_call(
    session: Session | None, payment_id: str, refund_id: str | None, now: datetime
) -> events.SessionCallBegun:
    """Raises StepObsolete when the adapter is not to be called now."""
    due = call_time(session)
    if due is None or due > now:
        raise StepObsolete
    return events.SessionCallBegun(at=now, payment_id=payment_id, refund_id=refund_id, attempt=session.attempt + 1)


def begin_callback(session: Session, payment_id: str, refund_id: str | None, now: datetime) -> events.SessionCallBegun:
    """Of a suspended session. Raises SessionBusy while another call is under way."""
    if session.begun_at is not None:
        raise SessionBusy
    return events.SessionCallBegun(
        at=now, payment_id=payment_id, refund_id=refund_id, attempt=session.attempt + 1, is_callback=True
    )


def call_failed(
    session: Session,
    payment_id: str,
    refund_id: str | None,
    is_unknown: bool,
    reason: str,
    now: datetime,
    is_ours: bool = False,
) -> tuple[events.SessionCallFailed, OperationFailure | None]:
    """The event, and what the session fails with when it is given up; only one that surely never left us is."""
    run_at = None
    gives_up = False
    if is_unknown or not session.is_callback:
        delay = timedelta(seconds=_delay_s(session.trouble))
        gives_up = not is_ours and _is_hopeless(session, is_unknown, now + delay)
        run_at = None if gives_up else now + delay
    event = events.SessionCallFailed(
        at=now,
        payment_id=payment_id,
        refund_id=refund_id,
        attempt=session.attempt,
        is_unknown=is_unknown,
        reason=reason,
        run_at=run_at,
        is_ours=is_ours,
    )
    return event, TEMPORARILY_UNAVAILABLE if gives_up else None


def wait_event(
    intent: bank.Sleep | bank.Suspend, payment_id: str, refund_id: str | None, now: datetime
) -> events.SessionSlept | events.SessionSuspended:
    if isinstance(intent, bank.Sleep):
        run_at = bank.moment(intent.timer, now)
        return events.SessionSlept(at=now, payment_id=payment_id, refund_id=refund_id, run_at=run_at)
    suspension = Suspension(
        tag=intent.tag,
        until=bank.moment(intent.timeout, now),
        behaviour=intent.timeout_behaviour,
        failure=intent.timeout_failure,
    )
    return events.SessionSuspended(at=now, payment_id=payment_id, refund_id=refund_id, suspension=suspension)


def timeout_failure(suspension: Suspension) -> OperationFailure:
    return suspension.failure or OperationTimeout()


def _delay_s(trouble: Trouble | None) -> int:
    calls = 0 if trouble is None else trouble.calls
    return min(RETRY_DELAY_S_MAX, 2 ** min(calls, 6))


def _is_hopeless(session: Session, is_unknown: bool, retry_at: datetime) -> bool:
    if session.target is not Target.PROCESSED or session.maybe_sent or is_unknown or session.trouble is None:
        return False
    return retry_at - session.trouble.since > timedelta(seconds=UNAVAILABLE_TOTAL_S_MAX)


# apply


def apply(session: Session | None, event: events.Event) -> Session:
    if isinstance(event, events.SessionStarted):
        return Session(target=event.target, reference=event.reference, run_at=event.at)
    assert session is not None, "nothing happens to a session before it starts"
    return _APPLY[type(event)](session, event)


def apply_to(owner: Owner, event: events.Event) -> Owner:
    """The payment or refund with its session after the event; a transaction is the owner's own."""
    if isinstance(event, events.SessionTransactionBound):
        return replace(owner, transaction=event.transaction)
    return replace(owner, session=apply(owner.session, event))


def ends_interaction(event: events.Event) -> bool:
    """The payer came back, or nobody waits for them any more."""
    if isinstance(event, events.SessionCallBegun):
        return event.is_callback
    return isinstance(event, events.SessionActivated | events.SessionFinished)


def _call_begun(session: Session, event: events.SessionCallBegun) -> Session:
    is_crashed = session.begun_at is not None
    return replace(
        session,
        attempt=event.attempt,
        begun_at=event.at,
        is_callback=event.is_callback,
        maybe_sent=session.maybe_sent or is_crashed,
        suspension=session.suspension if event.is_callback else None,
        interrupted_tag=session.interrupted_tag if event.is_callback else _tag_of_callback(session),
    )


def _tag_of_callback(session: Session) -> str | None:
    """Under which a callback came whose outcome is not known."""
    was_under_way = session.is_callback and session.suspension is not None
    return session.suspension.tag if was_under_way else session.interrupted_tag


def _call_failed(session: Session, event: events.SessionCallFailed) -> Session:
    before = session.trouble
    trouble = Trouble(
        calls=1 + (before.calls if before else 0), since=before.since if before else event.at, reason=event.reason
    )
    if event.is_ours:
        trouble = None
    is_still_suspended = session.is_callback and not event.is_unknown
    return replace(
        session,
        begun_at=None,
        is_callback=False,
        run_at=event.run_at,
        suspension=session.suspension if is_still_suspended else None,
        interrupted_tag=None if is_still_suspended else _tag_of_callback(session),
        trouble=session.trouble if is_still_suspended else trouble,
        maybe_sent=session.maybe_sent or event.is_unknown,
    )


def _slept(session: Session, event: events.SessionSlept) -> Session:
    return replace(_answered(session), run_at=event.run_at)


def _suspended(session: Session, event: events.SessionSuspended) -> Session:
    return replace(_answered(session), suspension=event.suspension)


def _finished(session: Session, event: events.SessionFinished) -> Session:
    return replace(_answered(session), is_finished=True, failure=event.failure)


def _answered(session: Session) -> Session:
    """The bank was reached, and nothing is awaited."""
    return replace(
        session,
        begun_at=None,
        is_callback=False,
        run_at=None,
        suspension=None,
        interrupted_tag=None,
        trouble=None,
        maybe_sent=True,
    )


def _activated(session: Session, event: events.SessionActivated) -> Session:
    return replace(
        session,
        begun_at=None,
        is_callback=False,
        run_at=event.at,
        suspension=None,
        maybe_sent=session.maybe_sent or session.begun_at is not None,
    )


_APPLY = {
    events.SessionCallBegun: _call_begun,
    events.SessionCallFailed: _call_failed,
    events.SessionStateChanged: lambda session, event: replace(session, state=event.state),
    events.SessionSlept: _slept,
    events.SessionSuspended: _suspended,
    events.SessionCallbackIgnored: lambda session, event: replace(session, begun_at=None, is_callback=False),
    events.SessionActivated: _activated,
    events.SessionFinished: _finished,
}

SESSION_EVENTS = (events.SessionStarted, events.SessionTransactionBound, *_APPLY)
