"""Stopping a machine, and setting it right by an operator who knows what happened."""

from processing.domain import answers, events, payment
from processing.domain.commands import (
    FailPreProcessing,
    FailSession,
    FulfillSession,
    Repair,
    Resume,
    StopMachine,
)
from processing.domain.draft import Draft, Unforeseen
from processing.domain.errors import InvalidRequest
from processing.domain.payer import HoldFlow
from processing.domain.state import Invoice, Session, session_of
from processing.domain.statuses import PaymentStatus, Target


def stop(draft: Draft, command: StopMachine) -> None:
    draft.add(
        events.MachineStopped(
            at=draft.now,
            reason=command.reason,
            activity=activity(draft.state) or "idle",
            payment_id=command.payment_id,
            refund_id=command.refund_id,
        )
    )


def activity(state: Invoice) -> str | None:
    """What the machine is about to do, for example "payment 1: session processed"."""
    if state.stop is not None:
        return state.stop.activity
    for payment_id, refund_id, found in answers.sessions_of(state):
        of_refund = f"refund {refund_id}: " if refund_id is not None else ""
        return f"payment {payment_id}: {of_refund}session {found.target.value}"
    active = payment.active_payment(state)
    if active is not None and isinstance(active.flow, HoldFlow):
        return f"payment {active.id}: flow waiting"
    return None


def repair(draft: Draft, command: Repair) -> None:
    """Raises InvalidRequest when the machine works, or when the scenario does not fit what it was doing."""
    if draft.state.stop is None:
        raise InvalidRequest(["no need to repair: the machine works"])
    stopped = draft.state.stop
    scenario = command.scenario
    draft.add(
        events.MachineRepaired(
            at=draft.now, scenario=scenario.__struct_config__.tag, operator_note=command.operator_note
        )
    )
    ids = (stopped.payment_id, stopped.refund_id)
    try:
        _SCENARIOS[type(scenario)](draft, scenario, ids)
    except Unforeseen as wrong:
        raise InvalidRequest([wrong.reason]) from wrong


Ids = tuple[str | None, str | None]


def _resume(draft: Draft, scenario: Resume, ids: Ids) -> None:
    """The session that stopped the machine runs at once; so does every other whose call was cut off."""
    for payment_id, refund_id, found in answers.sessions_of(draft.state):
        if (payment_id, refund_id) == ids or found.begun_at is not None:
            draft.add(events.SessionActivated(at=draft.now, payment_id=payment_id, refund_id=refund_id, cause="repair"))


def _fail_pre_processing(draft: Draft, scenario: FailPreProcessing, ids: Ids) -> None:
    for owner in draft.state.payments:
        if owner.status is PaymentStatus.PENDING and owner.session is not None and owner.session.attempt == 0:
            answers.close(draft, owner.id, None, scenario.failure)
            return
    raise InvalidRequest(["the bank was called already, or no payment is pending"])


def _fail_session(draft: Draft, scenario: FailSession, ids: Ids) -> None:
    payment_id, refund_id, _ = _session(draft, ids)
    if scenario.transaction is not None:
        answers.bind(draft, payment_id, refund_id, scenario.transaction)
    answers.close(draft, payment_id, refund_id, scenario.failure)


def _fulfill_session(draft: Draft, scenario: FulfillSession, ids: Ids) -> None:
    payment_id, refund_id, found = _session(draft, ids)
    if scenario.transaction is not None:
        answers.bind(draft, payment_id, refund_id, scenario.transaction)
    if found.target is Target.PROCESSED and draft.payment(payment_id).transaction is None:
        raise InvalidRequest(["a processed payment needs the bank's transaction"])
    answers.close(draft, payment_id, refund_id, None)


def _session(draft: Draft, ids: Ids) -> tuple[str, str | None, Session]:
    """The open session that stopped the machine, or the only one that is open."""
    payment_id, refund_id = ids
    if payment_id is not None:
        found = session_of(draft.payment(payment_id), refund_id)
        if found is not None and not found.is_finished:
            return payment_id, refund_id, found
    running = answers.sessions_of(draft.state)
    if len(running) != 1:
        raise InvalidRequest(["no session was running that this could be said of"])
    return running[0]


_SCENARIOS = {
    Resume: _resume,
    FailPreProcessing: _fail_pre_processing,
    FailSession: _fail_session,
    FulfillSession: _fulfill_session,
}
