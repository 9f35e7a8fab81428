"""A payer's dispute, brought by the bank or an operator: the money is set aside, then given back to the payer or not.

pending -> accepted | rejected | cancelled;  rejected -> pending one stage up
"""

from itertools import count

from msgspec.structs import replace

from processing.domain import charges, events, references
from processing.domain.commands import (
    AcceptChargeback,
    CancelChargeback,
    CreateChargeback,
    RejectChargeback,
    ReopenChargeback,
)
from processing.domain.draft import Draft
from processing.domain.errors import (
    InvalidChargebackStatus,
    InvalidPaymentStatus,
    InvalidRequest,
    PaymentAmountExceeded,
)
from processing.domain.payment import is_used_up, remaining
from processing.domain.state import Chargeback, Payment, chargeback_of
from processing.domain.statuses import ChargebackStage, ChargebackStatus, PaymentStatus

STAGES = list(ChargebackStage)


def create(draft: Draft, command: CreateChargeback) -> None:
    """The same id or the same external id again: nothing. Without an id the machine gives the next number.

    Raises PaymentNotFound, InvalidPaymentStatus, InvalidRequest, PaymentAmountExceeded.
    """
    payment = draft.payment(command.payment_id)
    if _is_known(payment, command):
        return
    chargeback_id = _next_number(payment) if command.id is None else references.checked_id(command.id)
    if payment.status is not PaymentStatus.CAPTURED:
        raise InvalidPaymentStatus(payment.status)
    _require_sound(payment, command)
    chargeback = Chargeback(
        id=chargeback_id,
        invoice_id=payment.invoice_id,
        payment_id=payment.id,
        created_at=draft.now,
        body=command.body,
        levy=command.levy,
        cash_flow=charges.chargeback_flow(payment, command.body, command.levy),
        reason_code=command.reason_code,
        external_id=command.external_id,
    )
    draft.add(events.ChargebackOpened(at=draft.now, payment_id=payment.id, chargeback=chargeback))


def accept(draft: Draft, command: AcceptChargeback) -> None:
    """The payer was right. When nothing of the payment is left it is charged back."""
    _require(draft, command, ChargebackStatus.PENDING)
    _change(draft, command, ChargebackStatus.ACCEPTED)
    if is_used_up(draft.payment(command.payment_id)):
        draft.add(
            events.PaymentStatusChanged(at=draft.now, payment_id=command.payment_id, status=PaymentStatus.CHARGED_BACK)
        )


def reject(draft: Draft, command: RejectChargeback) -> None:
    _require(draft, command, ChargebackStatus.PENDING)
    _change(draft, command, ChargebackStatus.REJECTED)


def cancel(draft: Draft, command: CancelChargeback) -> None:
    _require(draft, command, ChargebackStatus.PENDING)
    _change(draft, command, ChargebackStatus.CANCELLED)


def reopen(draft: Draft, command: ReopenChargeback) -> None:
    """One stage up. Raises InvalidRequest after arbitration, or when the money was given back meanwhile."""
    chargeback = _require(draft, command, ChargebackStatus.REJECTED)
    if chargeback.stage is ChargebackStage.ARBITRATION:
        raise InvalidRequest(["nothing comes after arbitration"])
    payment = draft.payment(command.payment_id)
    if payment.status is not PaymentStatus.CAPTURED or chargeback.body.amount > remaining(payment).amount:
        raise InvalidRequest(["less is left of the payment than is disputed"])
    _change(draft, command, ChargebackStatus.PENDING, STAGES[STAGES.index(chargeback.stage) + 1])


def apply(chargeback: Chargeback, event: events.ChargebackStatusChanged) -> Chargeback:
    return replace(chargeback, status=event.status, stage=event.stage)


Change = AcceptChargeback | RejectChargeback | ReopenChargeback | CancelChargeback


def _require(draft: Draft, command: Change, status: ChargebackStatus) -> Chargeback:
    chargeback = chargeback_of(draft.payment(command.payment_id), command.chargeback_id)
    if chargeback.status is not status:
        raise InvalidChargebackStatus(chargeback.status)
    return chargeback


def _change(draft: Draft, command: Change, status: ChargebackStatus, stage: ChargebackStage | None = None) -> None:
    chargeback = chargeback_of(draft.payment(command.payment_id), command.chargeback_id)
    draft.add(
        events.ChargebackStatusChanged(
            at=draft.now,
            payment_id=command.payment_id,
            chargeback_id=command.chargeback_id,
            status=status,
            stage=stage or chargeback.stage,
        )
    )


def _is_known(payment: Payment, command: CreateChargeback) -> bool:
    return any(
        known.id == command.id or (command.external_id is not None and known.external_id == command.external_id)
        for known in payment.chargebacks
    )


def _next_number(payment: Payment) -> str:
    """Counted from 1, past those that were given by hand."""
    given = {known.id for known in payment.chargebacks}
    return next(str(number) for number in count(len(given) + 1) if str(number) not in given)


def _require_sound(payment: Payment, command: CreateChargeback) -> None:
    currency = payment.captured_cost.currency
    broken = []
    if not command.facts.terms.chargebacks.allowed:
        broken.append("the terms know no chargebacks")
    if {command.body.currency, command.levy.currency} != {currency}:
        broken.append(f"the payment is in {currency}")
    if command.body.amount < 1 or command.levy.amount < 1:
        broken.append("a body and a levy are at least 1")
    if broken:
        raise InvalidRequest(broken)
    left = remaining(payment)
    if command.body.amount > left.amount:
        raise PaymentAmountExceeded(left)
