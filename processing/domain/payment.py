"""A payment from its start to its final status. Its sessions, refunds and chargebacks have modules of their own.

pending -> processed -> captured -> refunded | charged_back
        -> failed    -> cancelled
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from processing.domain import charges, events, failure, recurrent, references, routing
from processing.domain.commands import StartPayment
from processing.domain.draft import Draft
from processing.domain.errors import (
    InvalidInvoiceStatus,
    InvalidRequest,
    InvoicePaymentPending,
    OperationNotPermitted,
)
from processing.domain.facts import Facts, ShopFacts
from processing.domain.money import Cash
from processing.domain.payer import HoldFlow, Payer, PaymentFlow
from processing.domain.payment_tool import PaymentTool, is_allowed
from processing.domain.predicates import reduce
from processing.domain.standing import require_contract, require_operable
from processing.domain.state import Capture, Invoice, Payment, Reversal, ShopSnapshot
from processing.domain.statuses import ChargebackStatus, InvoiceStatus, PaymentStatus, RefundStatus, Target
from processing.domain.terms import violations

ACTIVE = frozenset({PaymentStatus.PENDING, PaymentStatus.PROCESSED})
RELEASED = frozenset({PaymentStatus.FAILED, PaymentStatus.CANCELLED})


def active_payment(invoice: Invoice) -> Payment | None:
    """The one payment that is still under way, if there is one."""
    return next((payment for payment in invoice.payments if payment.status in ACTIVE), None)


def start(draft: Draft, command: StartPayment) -> None:
    """The payment, its route, the money it will move and the first call of the bank. The same id again: nothing.

    Raises InvalidPartyStatus, InvalidShopStatus, InvalidContractStatus, InvalidInvoiceStatus, InvoicePaymentPending,
    InvalidRecurrentParent, OperationNotPermitted, InvalidRequest, Misconfiguration.
    """
    if any(payment.id == command.id for payment in draft.state.payments):
        return
    references.checked_id(command.id)
    require_operable(command.facts.shop)
    require_contract(command.facts.shop)
    _require_payable(draft.state, draft.now)
    invoice = draft.state
    payer = recurrent.with_parent_tool(command.payer, command.facts.parent, invoice.owner_id, invoice.shop_id)
    _require_terms(command, recurrent.tool_of(payer), invoice.cost, draft.now)
    draft.add(events.PaymentStarted(at=draft.now, payment=_new(invoice, command, payer, draft.now)))
    _prepare(draft, command.id, command.facts)


def fail(draft: Draft, payment_id: str, why: failure.OperationFailure) -> None:
    draft.add(
        events.PaymentStatusChanged(at=draft.now, payment_id=payment_id, status=PaymentStatus.FAILED, failure=why)
    )


def start_reversal(draft: Draft, payment_id: str) -> None:
    """Whatever the bank holds, took or may still approve for a payment that came to nothing goes back to the payer."""
    draft.add(events.PaymentReversalStarted(at=draft.now, payment_id=payment_id))
    start_session(draft, payment_id, Target.CANCELLED, references.reversal(draft.state.id, payment_id))


def start_session(draft: Draft, payment_id: str, target: Target, reference: str) -> None:
    draft.add(events.SessionStarted(at=draft.now, payment_id=payment_id, target=target, reference=reference))


def build_cash_flow(draft: Draft, payment_id: str, plan_id: str, cost: Cash) -> None:
    """Holds the money that will move in the ledger; what was held for the payment before is released."""
    flow, fee = charges.payment_flow(draft.payment(payment_id), cost)
    draft.add(
        events.PaymentCashFlowBuilt(at=draft.now, payment_id=payment_id, plan_id=plan_id, cash_flow=flow, fee=fee)
    )


def remaining(payment: Payment) -> Cash:
    """What of a captured payment was neither given back nor disputed, nor is about to be."""
    assert payment.captured_cost is not None
    refunded = sum(refund.cash.amount for refund in payment.refunds if refund.status is not RefundStatus.FAILED)
    disputed = sum(
        chargeback.body.amount
        for chargeback in payment.chargebacks
        if chargeback.status in (ChargebackStatus.PENDING, ChargebackStatus.ACCEPTED)
    )
    return replace(payment.captured_cost, amount=payment.captured_cost.amount - refunded - disputed)


def is_used_up(payment: Payment) -> bool:
    """Everything went back to the payer, and nothing is under way that might leave some of it after all."""
    pending = [each.status for each in payment.refunds if each.status is RefundStatus.PENDING]
    pending += [each.status for each in payment.chargebacks if each.status is ChargebackStatus.PENDING]
    return not pending and remaining(payment).amount == 0


def _require_payable(invoice: Invoice, now: datetime) -> None:
    if invoice.status is not InvoiceStatus.UNPAID:
        raise InvalidInvoiceStatus(invoice.status)
    active = active_payment(invoice)
    if active is not None:
        raise InvoicePaymentPending(active.id)
    if now >= invoice.due:
        raise InvalidInvoiceStatus(InvoiceStatus.CANCELLED)


def _require_terms(command: StartPayment, tool: PaymentTool, cost: Cash, now: datetime) -> None:
    about = charges.circumstances(command.facts, cost, tool)
    broken = violations(command.facts.terms, about, cost)
    if not is_allowed(tool, reduce(command.facts.terms.payment_methods, about)):
        broken.append("the payment method is not allowed")
    if command.processing_deadline is not None and command.processing_deadline <= now:
        broken.append("the processing deadline has passed")
    if broken:
        raise InvalidRequest(broken)
    if isinstance(command.flow, HoldFlow) and not command.facts.terms.holds.allowed:
        raise OperationNotPermitted


def _new(invoice: Invoice, command: StartPayment, payer: Payer, now: datetime) -> Payment:
    return Payment(
        id=command.id,
        invoice_id=invoice.id,
        owner_id=invoice.owner_id,
        shop_id=invoice.shop_id,
        created_at=now,
        cost=invoice.cost,
        flow=command.flow,
        payer=payer,
        make_recurrent=command.make_recurrent,
        domain_revision=command.facts.domain_revision,
        status_changed_at=now,
        shop=_snapshot(command.facts.shop),
        payer_session_info=command.payer_session_info,
        context=command.context,
        external_id=command.external_id,
        allocation=invoice.allocation,
        allocation_accounts=invoice.allocation_accounts,
        processing_deadline=command.processing_deadline,
        cart=invoice.details.cart,
    )


def _snapshot(shop: ShopFacts) -> ShopSnapshot:
    return ShopSnapshot(
        id=shop.id,
        name=shop.name,
        url=shop.url,
        category_id=shop.category_id,
        settlement=shop.settlement,
        guarantee=shop.guarantee,
    )


def _prepare(draft: Draft, payment_id: str, facts: Facts) -> None:
    payment = draft.payment(payment_id)
    about = charges.circumstances(facts, payment.cost, recurrent.tool_of(payment.payer))
    is_held = isinstance(payment.flow, HoldFlow)
    choice = routing.choose(facts.catalogue, facts.terms.routing, about, is_held=is_held)
    if choice.route is None:
        fail(draft, payment_id, failure.parse(routing.failure_of(choice), _explain(choice)))
        return
    lifetime_s = min(facts.terms.holds.lifetime_s, choice.provider.terms.holds.lifetime_s)
    draft.add(
        events.PaymentRouteChosen(
            at=draft.now,
            payment_id=payment_id,
            route=choice.route,
            accounts=charges.payment_accounts(facts, choice.provider, payment.cost.currency),
            fees=charges.payment_fees(facts, choice.provider, about),
            rejected=choice.rejected,
            held_until=draft.now + timedelta(seconds=lifetime_s) if is_held else None,
        )
    )
    reference = references.payment(payment.invoice_id, payment_id)
    build_cash_flow(draft, payment_id, reference, payment.cost)
    start_session(draft, payment_id, Target.PROCESSED, reference)


def _explain(choice: routing.Choice) -> str | None:
    return "; ".join(f"{route.terminal}: {route.reason}" for route in choice.rejected) or None


# apply


def apply(payment: Payment, event: events.Event) -> Payment:
    return _APPLY[type(event)](payment, event)


def _route_chosen(payment: Payment, event: events.PaymentRouteChosen) -> Payment:
    flow: PaymentFlow = payment.flow
    if isinstance(flow, HoldFlow):
        flow = replace(flow, held_until=event.held_until)
    return replace(payment, route=event.route, accounts=event.accounts, fees=event.fees, flow=flow)


def _cash_flow_built(payment: Payment, event: events.PaymentCashFlowBuilt) -> Payment:
    return replace(payment, plan_id=event.plan_id, cash_flow=event.cash_flow, fee=event.fee)


def _status_changed(payment: Payment, event: events.PaymentStatusChanged) -> Payment:
    return replace(
        payment,
        status=event.status,
        status_reason=event.reason or payment.status_reason,
        status_changed_at=event.at,
        failure=event.failure,
        captured_cost=event.captured_cost or payment.captured_cost,
        captured_at=event.at if event.status is PaymentStatus.CAPTURED else payment.captured_at,
        interaction=None if event.status is not PaymentStatus.PENDING else payment.interaction,
        plan_id=None if event.status in RELEASED else payment.plan_id,
        stuck_since=None,
    )


def _capture_started(payment: Payment, event: events.PaymentCaptureStarted) -> Payment:
    capture = Capture(reason=event.reason, cost=event.cost)
    return replace(
        payment,
        capture=capture,
        cart=event.cart,
        allocation=event.allocation,
        allocation_accounts=event.allocation_accounts,
    )


_APPLY = {
    events.PaymentRouteChosen: _route_chosen,
    events.PaymentCashFlowBuilt: _cash_flow_built,
    events.PaymentCostChanged: lambda payment, event: replace(payment, cost=event.cost),
    events.PaymentStatusChanged: _status_changed,
    events.PaymentInteractionRequested: lambda payment, event: replace(payment, interaction=event.interaction),
    events.PaymentCaptureStarted: _capture_started,
    events.PaymentCancelStarted: lambda payment, event: replace(payment, cancel_reason=event.reason),
    events.PaymentStuck: lambda payment, event: replace(payment, stuck_since=event.at),
    events.PaymentReversalStarted: lambda payment, event: replace(payment, reversal=Reversal(started_at=event.at)),
    events.PaymentReversalFinished: lambda payment, event: replace(
        payment, reversal=replace(payment.reversal, is_finished=True)
    ),
    events.BankStatementRecorded: lambda payment, event: payment,
}
