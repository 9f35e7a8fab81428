"""Money given back, whole or in part, several times, never more than was captured and is not disputed."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from processing.domain import charges, events, failure, references
from processing.domain.allocation import (
    Allocation,
    AllocationAmount,
    AllocationTarget,
    AllocationTransaction,
    net,
)
from processing.domain.allocation import checked as checked_allocation
from processing.domain.cart import require_sum
from processing.domain.commands import RefundPayment
from processing.domain.draft import Draft
from processing.domain.errors import (
    ChargebackInProgress,
    InconsistentRefundCurrency,
    InsufficientAccountBalance,
    InvalidAllocation,
    InvalidPaymentStatus,
    InvalidRequest,
    OperationNotPermitted,
    PaymentAmountExceeded,
    RefundCartConflict,
)
from processing.domain.money import Cash
from processing.domain.payment import is_used_up, remaining
from processing.domain.routing import provider_of
from processing.domain.standing import require_contract, require_operable
from processing.domain.state import Payment, Refund
from processing.domain.statuses import ChargebackStatus, PaymentStatus, RefundStatus, Target
from processing.domain.terms import Provider


def refund_payment(draft: Draft, command: RefundPayment) -> None:
    """Holds the money in the ledger and begins the bank's refund. The same id again: nothing.

    Raises PaymentNotFound, InvalidPartyStatus, InvalidShopStatus, InvalidContractStatus, InvalidPaymentStatus,
    OperationNotPermitted, InconsistentRefundCurrency, ChargebackInProgress, RefundCartConflict, InvalidRequest,
    PaymentAmountExceeded, InvalidInvoiceCart, AllocationNotPermitted, InvalidAllocation, InsufficientAccountBalance.
    """
    payment = draft.payment(command.payment_id)
    if any(refund.id == command.id for refund in payment.refunds):
        return
    references.checked_id(command.id)
    require_operable(command.facts.shop)
    require_contract(command.facts.shop)
    provider = _require_refundable(payment, command, draft.now)
    cash = _cash(payment, command)
    require_sum(command.cart, cash)
    shares = _allocation(payment, command, cash)
    back = {part.target.shop_id: net(part).amount for part in shares or ()}
    flow = charges.refund_flow(payment, command.facts, provider, cash, back)
    available = command.facts.available
    if available is not None and charges.outflow(flow, payment.accounts["merchant.settlement"]) > available:
        raise InsufficientAccountBalance
    refund = Refund(
        id=command.id,
        invoice_id=payment.invoice_id,
        payment_id=payment.id,
        owner_id=payment.owner_id,
        shop_id=payment.shop_id,
        created_at=draft.now,
        cash=cash,
        cash_flow=flow,
        reason=command.reason,
        cart=command.cart,
        allocation=shares,
        external_id=command.external_id,
        is_covered=available is not None,
    )
    _start(draft, payment, refund)


def settle(draft: Draft, payment_id: str, refund_id: str, why: failure.OperationFailure | None) -> None:
    """The end of a refund's session; when all is given back the payment is refunded."""
    status = RefundStatus.SUCCEEDED if why is None else RefundStatus.FAILED
    draft.add(
        events.RefundStatusChanged(at=draft.now, payment_id=payment_id, refund_id=refund_id, status=status, failure=why)
    )
    if why is None and is_used_up(draft.payment(payment_id)):
        draft.add(events.PaymentStatusChanged(at=draft.now, payment_id=payment_id, status=PaymentStatus.REFUNDED))


def apply(refund: Refund, event: events.RefundStatusChanged) -> Refund:
    return replace(refund, status=event.status, failure=event.failure)


def _start(draft: Draft, payment: Payment, refund: Refund) -> None:
    draft.add(events.RefundStarted(at=draft.now, payment_id=payment.id, refund=refund))
    draft.add(
        events.SessionStarted(
            at=draft.now,
            payment_id=payment.id,
            refund_id=refund.id,
            target=Target.REFUNDED,
            reference=references.refund(payment.invoice_id, payment.id, refund.id),
        )
    )


def _require_refundable(payment: Payment, command: RefundPayment, now: datetime) -> Provider:
    if payment.status is not PaymentStatus.CAPTURED:
        raise InvalidPaymentStatus(payment.status)
    terms = command.facts.terms.refunds
    provider = provider_of(command.facts.catalogue, payment.route)
    if not terms.allowed or not provider.terms.refunds.allowed:
        raise OperationNotPermitted
    if terms.eligibility_s is not None and now > payment.captured_at + timedelta(seconds=terms.eligibility_s):
        raise OperationNotPermitted
    if command.currency is not None and command.currency != payment.cost.currency:
        raise InconsistentRefundCurrency(command.currency)
    if any(chargeback.status is ChargebackStatus.PENDING for chargeback in payment.chargebacks):
        raise ChargebackInProgress
    if command.cart is not None and command.allocation is not None:
        raise RefundCartConflict
    return provider


def _cash(payment: Payment, command: RefundPayment) -> Cash:
    left = remaining(payment)
    amount = left.amount if command.amount is None else command.amount
    if command.amount is not None and command.amount < 1:
        raise InvalidRequest(["an amount is at least 1"])
    if amount > left.amount or left.amount == 0:
        raise PaymentAmountExceeded(left)
    if amount != payment.captured_cost.amount and not command.facts.terms.refunds.partial:
        raise OperationNotPermitted
    return replace(left, amount=amount)


def _allocation(payment: Payment, command: RefundPayment, cash: Cash) -> Allocation | None:
    """What the target shops give back: as told; when all that is left goes back, all they still have; or nothing."""
    left = _allocated_left(payment)
    if command.allocation is None:
        return _give_all_back(left, cash.currency) if cash == remaining(payment) else None
    facts = command.facts
    shares = checked_allocation(
        command.allocation, cash, facts.shop, facts.target_shops, facts.terms.allocations.allowed
    )
    for part in shares:
        if net(part).amount > left.get(part.target.shop_id, 0):
            raise InvalidAllocation(f"shop {part.target.shop_id} was not given that much of this payment")
    return shares


def _allocated_left(payment: Payment) -> dict[str, int]:
    left = {part.target.shop_id: net(part).amount for part in payment.allocation or ()}
    for refund in payment.refunds:
        if refund.status is not RefundStatus.FAILED:
            for part in refund.allocation or ():
                left[part.target.shop_id] -= net(part).amount
    return left


def _give_all_back(left: dict[str, int], currency: str) -> Allocation | None:
    return (
        tuple(
            AllocationTransaction(
                target=AllocationTarget(shop_id=shop_id),
                body=AllocationAmount(amount=Cash(amount=amount, currency=currency)),
            )
            for shop_id, amount in left.items()
            if amount
        )
        or None
    )
