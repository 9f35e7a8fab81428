"""A bank's word outside any session that waits for it: it agrees, hurries us on, shows money to return, or contradicts.

A statement is never taken for an answer: what is still open is asked about through the adapter, at once.
"""

from processing.domain import answers, events, payment, references
from processing.domain.commands import BankStated
from processing.domain.draft import Draft, Unforeseen
from processing.domain.errors import PaymentNotFound, RefundNotFound, SessionNotFound
from processing.domain.money import Cash
from processing.domain.state import Payment, Session, refund_of, session_of
from processing.domain.statuses import BankVerdict, PaymentStatus, RefundStatus

Verdicts = frozenset[BankVerdict]

NONE: Verdicts = frozenset()
TAKEN: Verdicts = frozenset({BankVerdict.APPROVED, BankVerdict.CAPTURED})
NOT_TAKEN: Verdicts = frozenset({BankVerdict.DECLINED, BankVerdict.VOIDED, BankVerdict.REFUNDED})
RETURNED: Verdicts = frozenset({BankVerdict.APPROVED, BankVerdict.VOIDED, BankVerdict.REFUNDED})

# what is known of a payment -> verdicts that agree with it, verdicts that show money to return; others contradict
OF_PAYMENT = {
    PaymentStatus.PROCESSED: (frozenset({BankVerdict.APPROVED}), NONE),
    PaymentStatus.CAPTURED: (TAKEN, NONE),
    PaymentStatus.CHARGED_BACK: (TAKEN, NONE),
    PaymentStatus.REFUNDED: (TAKEN | {BankVerdict.REFUNDED}, NONE),
    PaymentStatus.FAILED: (NOT_TAKEN, TAKEN),
    PaymentStatus.CANCELLED: (NOT_TAKEN, TAKEN),
}
DONE_OF_REFUND: Verdicts = frozenset({BankVerdict.REFUNDED, BankVerdict.APPROVED})
OF_REFUND = {
    RefundStatus.SUCCEEDED: DONE_OF_REFUND,
    RefundStatus.FAILED: frozenset({BankVerdict.DECLINED}),
}


def take(draft: Draft, command: BankStated) -> None:
    """Raises SessionNotFound when the operation is not ours, Unforeseen when it contradicts what is known."""
    payment_id, refund_id, operation = _operation(draft, command.reference)
    owner = draft.payment(payment_id)
    found = session_of(owner, refund_id)
    if found is not None and found.reference == command.reference and not found.is_finished:
        _hurry(draft, payment_id, refund_id, found, command)
        return
    _require_same(owner, refund_id, operation, command)
    agree, show_money = _expected(owner, refund_id, operation)
    if command.verdict in show_money:
        _return_money(draft, owner, command)
    elif command.verdict not in agree:
        raise Unforeseen(f"the bank says {command.verdict.value} of {command.reference}", payment_id, refund_id)


def _operation(draft: Draft, reference: str) -> tuple[str, str | None, str]:
    try:
        payment_id, refund_id, operation = references.operation_of(reference)
        owner = draft.payment(payment_id)
        if refund_id is not None:
            refund_of(owner, refund_id)
    except (ValueError, PaymentNotFound, RefundNotFound) as unknown:
        raise SessionNotFound from unknown
    began = {
        "payment": owner.session is not None,
        "capture": owner.capture is not None,
        "cancel": owner.cancel_reason is not None,
        "reversal": owner.reversal is not None,
        "refund": True,
    }
    if references.invoice_of(reference) != draft.state.id or not began[operation]:
        raise SessionNotFound
    return payment_id, refund_id, operation


def _expected(owner: Payment, refund_id: str | None, operation: str) -> tuple[Verdicts, Verdicts]:
    if refund_id is not None:
        return OF_REFUND[refund_of(owner, refund_id).status], NONE
    if operation in ("cancel", "reversal"):
        return RETURNED, NONE
    agree, show_money = OF_PAYMENT[owner.status]
    if owner.status is PaymentStatus.PROCESSED and owner.capture is not None:
        agree |= TAKEN
    if owner.status is PaymentStatus.PROCESSED and owner.cancel_reason is not None:
        agree |= {BankVerdict.VOIDED}
    return agree, show_money


def _require_same(owner: Payment, refund_id: str | None, operation: str, command: BankStated) -> None:
    """Raises Unforeseen when the bank speaks of another transaction, or of another amount than was asked for."""
    known = owner.transaction if refund_id is None else refund_of(owner, refund_id).transaction
    said = command.transaction
    if known is not None and said is not None and known.id != said.id:
        raise Unforeseen(f"the bank's transaction id was {known.id} and is now {said.id}", owner.id, refund_id)
    asked = _asked(owner, refund_id, operation, command.verdict)
    if command.cash is not None and asked is not None and command.cash != asked:
        raise Unforeseen(f"the bank speaks of {command.cash.amount} {command.cash.currency}", owner.id, refund_id)


def _asked(owner: Payment, refund_id: str | None, operation: str, verdict: BankVerdict) -> Cash | None:
    """The amount of what the bank says was done; None where any will do, for it came to nothing or goes back whole."""
    if refund_id is not None:
        return refund_of(owner, refund_id).cash if verdict in DONE_OF_REFUND else None
    if owner.status in payment.RELEASED or verdict not in TAKEN or operation not in ("payment", "capture"):
        return None
    if operation == "payment" and verdict is BankVerdict.APPROVED:
        return owner.cost
    return owner.captured_cost or (owner.capture.cost if owner.capture else owner.cost)


def _hurry(draft: Draft, payment_id: str, refund_id: str | None, found: Session, command: BankStated) -> None:
    is_asking = found.begun_at is not None or (found.run_at is not None and found.run_at <= draft.now)
    if is_asking:
        return
    _record(draft, payment_id, refund_id, command)
    draft.add(events.SessionActivated(at=draft.now, payment_id=payment_id, refund_id=refund_id, cause="statement"))


def _return_money(draft: Draft, owner: Payment, command: BankStated) -> None:
    if owner.reversal is not None:
        return
    _record(draft, owner.id, None, command)
    if command.transaction is not None:
        answers.bind(draft, owner.id, None, command.transaction)
    payment.start_reversal(draft, owner.id)


def _record(draft: Draft, payment_id: str, refund_id: str | None, command: BankStated) -> None:
    draft.add(
        events.BankStatementRecorded(
            at=draft.now,
            payment_id=payment_id,
            refund_id=refund_id,
            reference=command.reference,
            verdict=command.verdict,
        )
    )
