"""What an event means in money: moves of the ledger, carried out in the transaction that appends the event.

| happens | plan |
| --- | --- |
| the payment's cash flow is built | held; a plan that was held for the payment before is rolled back |
| payment captured / failed or cancelled | committed / rolled back |
| refund started / succeeded / failed | held / committed / rolled back, a plan of its own |
| chargeback opened or reopened / accepted / rejected or cancelled | the same, a plan a stage |

So every captured payment has exactly one committed plan, and one that failed or was cancelled has none.
"""

from collections.abc import Callable

from processing.domain import events, references
from processing.domain.cash_flow import FinalCashFlow, FinalPosting
from processing.domain.events import Event
from processing.domain.payment import RELEASED
from processing.domain.state import Chargeback, Invoice, Payment, Refund, chargeback_of, payment_of, refund_of
from processing.domain.statuses import ChargebackStatus, PaymentStatus, RefundStatus
from processing.domain.values import Value
from processing.ledger.plans import Batch, Plan, Posting


class Hold(Value, tag="hold"):
    """`covered`: accounts that must be able to bear it at the worst."""

    plan_id: str
    batch: Batch
    covered: tuple[int, ...] = ()


class Commit(Value, tag="commit"):
    plan: Plan


class Rollback(Value, tag="rollback"):
    plan: Plan


Move = Hold | Commit | Rollback


def ledger_moves(before: Invoice | None, event: Event, after: Invoice) -> list[Move]:
    """In the order in which they are to be made; [] for events that move no money."""
    moves = _MOVES.get(type(event))
    return [] if moves is None or before is None else moves(before, event, after)


def _cash_flow_built(before: Invoice, event: events.PaymentCashFlowBuilt, after: Invoice) -> list[Move]:
    held = payment_of(before, event.payment_id)
    release = [] if held.plan_id is None else [Rollback(plan=_payment_plan(held))]
    return [*release, _hold(_payment_plan(payment_of(after, event.payment_id)))]


def _payment_status(before: Invoice, event: events.PaymentStatusChanged, after: Invoice) -> list[Move]:
    held = payment_of(before, event.payment_id)
    if held.plan_id is None:
        return []
    if event.status is PaymentStatus.CAPTURED:
        return [Commit(plan=_payment_plan(held))]
    return [Rollback(plan=_payment_plan(held))] if event.status in RELEASED else []


def _refund_started(before: Invoice, event: events.RefundStarted, after: Invoice) -> list[Move]:
    """Covered by every shop that gives something back: the payment's own and those that had a share of it."""
    givers = {each.from_id: None for each in event.refund.cash_flow if each.source == "merchant.settlement"}
    return [_hold(_refund_plan(event.refund), covered=tuple(givers) if event.refund.is_covered else ())]


def _refund_status(before: Invoice, event: events.RefundStatusChanged, after: Invoice) -> list[Move]:
    plan = _refund_plan(refund_of(payment_of(after, event.payment_id), event.refund_id))
    return [Commit(plan=plan) if event.status is RefundStatus.SUCCEEDED else Rollback(plan=plan)]


def _chargeback_opened(before: Invoice, event: events.ChargebackOpened, after: Invoice) -> list[Move]:
    return [_hold(_chargeback_plan(event.chargeback))]


def _chargeback_status(before: Invoice, event: events.ChargebackStatusChanged, after: Invoice) -> list[Move]:
    plan = _chargeback_plan(chargeback_of(payment_of(after, event.payment_id), event.chargeback_id))
    if event.status is ChargebackStatus.PENDING:
        return [_hold(plan)]
    return [Commit(plan=plan) if event.status is ChargebackStatus.ACCEPTED else Rollback(plan=plan)]


_MOVES: dict[type, Callable[..., list[Move]]] = {
    events.PaymentCashFlowBuilt: _cash_flow_built,
    events.PaymentStatusChanged: _payment_status,
    events.RefundStarted: _refund_started,
    events.RefundStatusChanged: _refund_status,
    events.ChargebackOpened: _chargeback_opened,
    events.ChargebackStatusChanged: _chargeback_status,
}


def _hold(plan: Plan, covered: tuple[int, ...] = ()) -> Hold:
    [batch] = plan.batches
    return Hold(plan_id=plan.id, batch=batch, covered=covered)


def _payment_plan(payment: Payment) -> Plan:
    assert payment.plan_id is not None
    return _plan(payment.plan_id, payment.cash_flow)


def _refund_plan(refund: Refund) -> Plan:
    return _plan(references.refund(refund.invoice_id, refund.payment_id, refund.id), refund.cash_flow)


def _chargeback_plan(chargeback: Chargeback) -> Plan:
    name = references.chargeback_plan(
        chargeback.invoice_id, chargeback.payment_id, chargeback.id, chargeback.stage.value
    )
    return _plan(name, chargeback.cash_flow)


def _plan(plan_id: str, flow: FinalCashFlow) -> Plan:
    return Plan(id=plan_id, batches=(Batch(id=1, postings=tuple(_posting(each) for each in flow)),))


def _posting(final: FinalPosting) -> Posting:
    return Posting(
        from_id=final.from_id,
        to_id=final.to_id,
        amount=final.cash.amount,
        currency=final.cash.currency,
        description=final.details,
    )
