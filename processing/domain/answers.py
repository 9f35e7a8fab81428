"""What a bank's answer does to the payment or refund whose session asked: wait on, go on, come to an end, or stop."""

from processing.domain import bank, capture, commands, events, failure, payment, references, refund, session
from processing.domain.draft import Draft, Unforeseen
from processing.domain.errors import SessionBusy, SessionNotFound, StepObsolete
from processing.domain.money import Cash
from processing.domain.payer import InstantFlow
from processing.domain.state import Invoice, Payment, Session, refund_of, session_of
from processing.domain.statuses import InvoiceStatus, PaymentStatus, Target


def begin_call(draft: Draft, command: commands.BeginSessionCall) -> None:
    """Raises StepObsolete when the adapter is not to be called now."""
    found = session_of(draft.payment(command.payment_id), command.refund_id)
    if found is None:
        raise StepObsolete
    draft.add(session.begin_call(found, command.payment_id, command.refund_id, draft.now))


def begin_callback(draft: Draft, command: commands.BeginCallback) -> None:
    """Raises SessionNotFound when no session waits under the tag, SessionBusy while a call of it is under way, or while
    the bank is asked what became of a callback that was lost.
    """
    try:
        payment_id, refund_id, found = find_suspended(draft.state, command.tag)
    except SessionNotFound:
        if any(each.interrupted_tag == command.tag for _, _, each in sessions_of(draft.state)):
            raise SessionBusy from None
        raise
    draft.add(session.begin_callback(found, payment_id, refund_id, draft.now))


def answered(draft: Draft, command: commands.SessionAnswered) -> None:
    """An answer to a call that is not awaited any more changes nothing. Raises Unforeseen."""
    found = session_of(draft.payment(command.payment_id), command.refund_id)
    if session.is_answer_awaited(found, command.attempt):
        take(draft, command.payment_id, command.refund_id, command.result)


def callback_answered(draft: Draft, command: commands.CallbackAnswered) -> None:
    """Like answered; without a result the session goes on waiting under its tag."""
    try:
        payment_id, refund_id, found = find_suspended(draft.state, command.tag)
    except SessionNotFound:
        return
    if not session.is_answer_awaited(found, command.attempt):
        return
    if command.result is not None:
        take(draft, payment_id, refund_id, command.result)
        return
    draft.add(
        events.SessionCallbackIgnored(at=draft.now, payment_id=payment_id, refund_id=refund_id, attempt=command.attempt)
    )


def call_failed(draft: Draft, command: commands.SessionCallFailed) -> None:
    """Tried again later; a payment's first call that never left us fails it in the end."""
    found = session_of(draft.payment(command.payment_id), command.refund_id)
    if not session.is_answer_awaited(found, command.attempt):
        return
    event, why = session.call_failed(
        found,
        command.payment_id,
        command.refund_id,
        command.is_unknown,
        command.reason,
        draft.now,
        command.is_ours,
    )
    draft.add(event)
    if why is not None:
        finish(draft, command.payment_id, command.refund_id, why)


def find_suspended(state: Invoice, tag: str) -> tuple[str, str | None, Session]:
    """(payment id, refund id or None, session) of the session that waits under the tag. Raises SessionNotFound."""
    for payment_id, refund_id, found in sessions_of(state):
        if found.suspension is not None and found.suspension.tag == tag:
            return payment_id, refund_id, found
    raise SessionNotFound


def sessions_of(state: Invoice) -> list[tuple[str, str | None, Session]]:
    """(payment id, refund id or None, session) of every session that is not finished."""
    owners = [(each.id, None, each.session) for each in state.payments]
    owners += [(each.id, back.id, back.session) for each in state.payments for back in each.refunds]
    return [
        (payment_id, refund_id, found)
        for payment_id, refund_id, found in owners
        if found is not None and not found.is_finished
    ]


def take(draft: Draft, payment_id: str, refund_id: str | None, result: bank.ProxyResult) -> None:
    """Carries out what the adapter asks for. Raises Unforeseen."""
    if result.transaction is not None:
        bind(draft, payment_id, refund_id, result.transaction)
    found = session_of(draft.payment(payment_id), refund_id)
    if result.next_state is not None and result.next_state != found.state:
        draft.add(
            events.SessionStateChanged(
                at=draft.now, payment_id=payment_id, refund_id=refund_id, state=result.next_state
            )
        )
    match result.intent:
        case bank.Finish(status=failure.Failure() as why):
            finish(draft, payment_id, refund_id, why)
        case bank.Finish(status=bank.Success(changed_cost=changed_cost, is_captured=is_captured)):
            _change_cost(draft, payment_id, refund_id, changed_cost)
            finish(draft, payment_id, refund_id, None)
            if is_captured:
                _captured_with_it(draft, payment_id, found)
        case wait:
            draft.add(session.wait_event(wait, payment_id, refund_id, draft.now))
            _request_interaction(draft, payment_id, refund_id, wait)


def bind(draft: Draft, payment_id: str, refund_id: str | None, transaction: bank.TransactionInfo) -> None:
    """The id is bound once; details may be added to it later. Raises Unforeseen for another id."""
    owner = draft.payment(payment_id)
    known = owner.transaction if refund_id is None else refund_of(owner, refund_id).transaction
    if known is not None and known.id != transaction.id:
        reason = f"the bank's transaction id was {known.id} and is now {transaction.id}"
        raise Unforeseen(reason, payment_id, refund_id)
    if transaction != known:
        draft.add(
            events.SessionTransactionBound(
                at=draft.now, payment_id=payment_id, refund_id=refund_id, transaction=transaction
            )
        )


def finish(draft: Draft, payment_id: str, refund_id: str | None, why: failure.OperationFailure | None) -> None:
    """The end of a session and what follows from it; `why` is None when its target is reached. Raises Unforeseen."""
    owner = draft.payment(payment_id)
    target = session_of(owner, refund_id).target
    if target is Target.CANCELLED and why is not None:
        raise Unforeseen(f"the bank refused to release the money: {failure.text(why)}", payment_id)
    if target is Target.PROCESSED and why is None and owner.transaction is None:
        raise Unforeseen("the bank approved and named no transaction", payment_id)
    close(draft, payment_id, refund_id, why)


def give_up(draft: Draft, payment_id: str, refund_id: str | None, why: failure.OperationFailure) -> None:
    """We wait no longer: what the bank may still approve for a payment is called off there. Raises Unforeseen."""
    finish(draft, payment_id, refund_id, why)
    owner = draft.payment(payment_id)
    is_known_there = owner.transaction is not None and owner.status is PaymentStatus.FAILED
    if refund_id is None and is_known_there and owner.reversal is None:
        payment.start_reversal(draft, payment_id)


def close(draft: Draft, payment_id: str, refund_id: str | None, why: failure.OperationFailure | None) -> None:
    """Like finish, on the word of whoever calls it. Money whose capture was refused is still held: it is released."""
    target = session_of(draft.payment(payment_id), refund_id).target
    draft.add(events.SessionFinished(at=draft.now, payment_id=payment_id, refund_id=refund_id, failure=why))
    if target is Target.REFUNDED:
        refund.settle(draft, payment_id, refund_id, why)
    elif draft.payment(payment_id).reversal is not None:
        draft.add(events.PaymentReversalFinished(at=draft.now, payment_id=payment_id))
    elif why is not None:
        payment.fail(draft, payment_id, why)
        if target is Target.CAPTURED:
            payment.start_reversal(draft, payment_id)
    else:
        _REACHED[target](draft, draft.payment(payment_id))


def _processed(draft: Draft, owner: Payment) -> None:
    _change_status(draft, owner.id, PaymentStatus.PROCESSED)
    if isinstance(owner.flow, InstantFlow):
        capture.start_whole(draft, owner.id, reason=None)


def _captured(draft: Draft, owner: Payment) -> None:
    _change_status(
        draft, owner.id, PaymentStatus.CAPTURED, reason=owner.capture.reason, captured_cost=owner.capture.cost
    )
    draft.add(events.InvoiceStatusChanged(at=draft.now, status=InvoiceStatus.PAID))


def _captured_with_it(draft: Draft, payment_id: str, approved: Session) -> None:
    """The bank took the money when it approved: the capture that begins with that is over as it begins.

    Raises Unforeseen when nobody asked the bank to take it.
    """
    if approved.target is not Target.PROCESSED or not isinstance(draft.payment(payment_id).flow, InstantFlow):
        raise Unforeseen("the bank took money that it was not to take yet", payment_id)
    close(draft, payment_id, None, None)


def _cancelled(draft: Draft, owner: Payment) -> None:
    _change_status(draft, owner.id, PaymentStatus.CANCELLED, reason=owner.cancel_reason)


_REACHED = {Target.PROCESSED: _processed, Target.CAPTURED: _captured, Target.CANCELLED: _cancelled}


def _change_status(draft: Draft, payment_id: str, status: PaymentStatus, **fields: object) -> None:
    draft.add(events.PaymentStatusChanged(at=draft.now, payment_id=payment_id, status=status, **fields))


def _change_cost(draft: Draft, payment_id: str, refund_id: str | None, cost: Cash | None) -> None:
    """Raises Unforeseen when the bank took another amount than was asked and nobody agreed to that."""
    owner = draft.payment(payment_id)
    if cost is None or cost == _asked(owner, refund_id):
        return
    target = session_of(owner, refund_id).target
    agreed = target is Target.PROCESSED and owner.route.changed_cost_allowed and cost.currency == owner.cost.currency
    if not agreed or not cost.amount > 0 or owner.allocation is not None:
        raise Unforeseen(f"the bank took {cost.amount} {cost.currency}, not what was asked", payment_id, refund_id)
    draft.add(events.PaymentCostChanged(at=draft.now, payment_id=payment_id, cost=cost))
    payment.build_cash_flow(draft, payment_id, references.changed_cost_plan(owner.invoice_id, payment_id), cost)


def _asked(owner: Payment, refund_id: str | None) -> Cash:
    if refund_id is not None:
        return refund_of(owner, refund_id).cash
    return owner.cost if owner.capture is None else owner.capture.cost


def _request_interaction(draft: Draft, payment_id: str, refund_id: str | None, wait: bank.Sleep | bank.Suspend) -> None:
    wanted = wait.user_interaction
    if refund_id is None and wanted is not None and wanted != draft.payment(payment_id).interaction:
        draft.add(events.PaymentInteractionRequested(at=draft.now, payment_id=payment_id, interaction=wanted))
