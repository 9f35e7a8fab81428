"""Held money is taken, whole or in part and once, or let go; when its time runs out, by the rule the merchant chose."""

from datetime import datetime

from processing.domain import allocation, events, payment, references
from processing.domain.allocation import Allocation, accounts_of, gross
from processing.domain.cart import require_sum
from processing.domain.commands import CancelPayment, CapturePayment
from processing.domain.draft import Draft
from processing.domain.errors import (
    AmountExceededCaptureBalance,
    InconsistentCaptureCurrency,
    InvalidAllocation,
    InvalidPaymentStatus,
    InvalidRequest,
    OperationNotPermitted,
)
from processing.domain.money import Cash
from processing.domain.payer import HoldFlow
from processing.domain.standing import require_operable
from processing.domain.state import Payment
from processing.domain.statuses import OnHoldExpiration, PaymentStatus, Target

HOLD_EXPIRED = "hold expired"


def capture_payment(draft: Draft, command: CapturePayment) -> None:
    """Begins the capture; the rest of a partial one is released at once.

    Raises PaymentNotFound, InvalidPartyStatus, InvalidShopStatus, InvalidPaymentStatus, OperationNotPermitted,
    InconsistentCaptureCurrency, AmountExceededCaptureBalance, InvalidRequest, InvalidInvoiceCart,
    AllocationNotPermitted, InvalidAllocation.
    """
    held = draft.payment(command.payment_id)
    require_operable(command.facts.shop)
    require_waiting(held, draft.now)
    cost = _cost(held, command)
    if cost != held.cost and not command.facts.terms.holds.partial_captures:
        raise OperationNotPermitted
    require_sum(command.cart, cost)
    shares, accounts = _allocation(held, command, cost)
    cart = command.cart if command.cart is not None or cost != held.cost else held.cart
    draft.add(
        events.PaymentCaptureStarted(
            at=draft.now,
            payment_id=held.id,
            reason=command.reason,
            cost=cost,
            cart=cart,
            allocation=shares,
            allocation_accounts=accounts,
        )
    )
    if cost != held.cost or shares != held.allocation:
        payment.build_cash_flow(draft, held.id, references.capture(held.invoice_id, held.id), cost)
    payment.start_session(draft, held.id, Target.CAPTURED, references.capture(held.invoice_id, held.id))


def start_whole(draft: Draft, payment_id: str, reason: str | None) -> None:
    """Begins the capture of all that is held."""
    held = draft.payment(payment_id)
    draft.add(
        events.PaymentCaptureStarted(
            at=draft.now,
            payment_id=payment_id,
            reason=reason,
            cost=held.cost,
            cart=held.cart,
            allocation=held.allocation,
            allocation_accounts=held.allocation_accounts,
        )
    )
    payment.start_session(draft, payment_id, Target.CAPTURED, references.capture(held.invoice_id, payment_id))


def cancel_payment(draft: Draft, command: CancelPayment) -> None:
    """Raises PaymentNotFound, InvalidPartyStatus, InvalidShopStatus, InvalidPaymentStatus, OperationNotPermitted."""
    held = draft.payment(command.payment_id)
    require_operable(command.facts.shop)
    require_waiting(held, draft.now)
    start_cancel(draft, held.id, command.reason)


def start_cancel(draft: Draft, payment_id: str, reason: str) -> None:
    invoice_id = draft.state.id
    draft.add(events.PaymentCancelStarted(at=draft.now, payment_id=payment_id, reason=reason))
    payment.start_session(draft, payment_id, Target.CANCELLED, references.cancel(invoice_id, payment_id))


def expire(draft: Draft, payment_id: str) -> None:
    """The hold's time ran out."""
    if draft.payment(payment_id).flow.on_hold_expiration is OnHoldExpiration.CAPTURE:
        start_whole(draft, payment_id, HOLD_EXPIRED)
    else:
        start_cancel(draft, payment_id, HOLD_EXPIRED)


def is_waiting(held: Payment) -> bool:
    """The money is held and nobody has said yet what becomes of it."""
    is_decided = held.capture is not None or held.cancel_reason is not None
    return held.status is PaymentStatus.PROCESSED and isinstance(held.flow, HoldFlow) and not is_decided


def require_waiting(held: Payment, now: datetime) -> None:
    """Raises InvalidPaymentStatus, or OperationNotPermitted of an instant payment.

    A hold whose time is over ends by its rule, also when its timer is late: the merchant's word would come too late.
    """
    if held.status is not PaymentStatus.PROCESSED:
        raise InvalidPaymentStatus(held.status)
    if not isinstance(held.flow, HoldFlow):
        raise OperationNotPermitted
    if not is_waiting(held) or held.flow.held_until <= now:
        raise InvalidPaymentStatus(held.status)


def _cost(held: Payment, command: CapturePayment) -> Cash:
    if command.currency is not None and command.currency != held.cost.currency:
        raise InconsistentCaptureCurrency(held.cost.currency)
    if command.amount is None:
        return held.cost
    if command.amount < 1:
        raise InvalidRequest(["an amount is at least 1"])
    if command.amount > held.cost.amount:
        raise AmountExceededCaptureBalance(held.cost)
    return Cash(amount=command.amount, currency=held.cost.currency)


def _allocation(held: Payment, command: CapturePayment, cost: Cash) -> tuple[Allocation | None, dict[str, int]]:
    facts = command.facts
    if command.allocation is not None:
        shares = allocation.checked(
            command.allocation, cost, facts.shop, facts.target_shops, facts.terms.allocations.allowed
        )
        return shares, accounts_of(shares, facts.target_shops)
    if sum(gross(part).amount for part in held.allocation or ()) > cost.amount:
        raise InvalidAllocation("the invoice's allocation exceeds the captured amount: say how to divide it")
    return held.allocation, held.allocation_accounts
