"""The machine's front door: decide what a command does, apply what happened, tell what comes next.

unpaid -> paid -> fulfilled
       -> cancelled (rescinded, or overdue)
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from processing.domain import (
    allocation,
    answers,
    capture,
    chargeback,
    commands,
    errors,
    events,
    payment,
    refund,
    repair,
    session,
    statement,
    timers,
)
from processing.domain.cart import invoice_cost
from processing.domain.charges import circumstances
from processing.domain.commands import Command, CreateInvoice
from processing.domain.draft import Draft, Unforeseen
from processing.domain.events import Event
from processing.domain.invariants import check
from processing.domain.references import checked_id
from processing.domain.revisions import counted
from processing.domain.standing import require_operable
from processing.domain.state import Invoice, Payment, Stop, chargeback_of, payment_of, put, refund_of
from processing.domain.statuses import InvoiceStatus
from processing.domain.steps import Step
from processing.domain.terms import violations

INVOICE_UNPAYABLE = "invoice_unpayable"


def decide(state: Invoice | None, command: Command, now: datetime) -> list[Event]:
    """What the command does to the machine; [] when it changes nothing. Raises errors.DomainError, nothing done.

    An answer of a bank that no rule knows is no error here: the one event is then MachineStopped.
    """
    if isinstance(command, CreateInvoice):
        return _create(state, command, now)
    if state is None:
        raise errors.InvoiceNotFound
    if state.stop is not None and not isinstance(command, commands.Repair):
        raise errors.MachineStopped(state.stop.reason)
    draft = Draft(state, now, apply)
    try:
        _DECIDE[type(command)](draft, command)
    except Unforeseen as stopped:
        draft = Draft(state, now, apply)
        repair.stop(draft, commands.StopMachine(reason=stopped.reason, **stopped.ids))
    return draft.events


def apply(state: Invoice | None, event: Event) -> Invoice:
    """The machine after the event. AssertionError: the event breaks an invariant, so it must not be appended."""
    after = event.invoice if isinstance(event, events.InvoiceCreated) else _apply(state, event)
    after = counted(state, event, after)
    check(after)
    return after


def replay(history: Iterable[Event]) -> Invoice:
    """The machine after all that happened to it; the history is not empty."""
    state = None
    for event in history:
        state = apply(state, event)
    assert state is not None
    return state


def next_step(state: Invoice, now: datetime) -> Step | None:
    """What the machine wants: a call of the bank now, or to be woken; None when it waits for commands only."""
    return None if state.stop is not None else timers.next_step(state, now)


def activity(state: Invoice) -> str | None:
    """What the machine is about to do, for example "payment 1: session processed"."""
    return repair.activity(state)


def is_stuck(state: Invoice) -> bool:
    """A payment's deadline has passed, and what the bank did with it is not known yet."""
    return any(each.stuck_since is not None for each in state.payments)


# decide


def _create(state: Invoice | None, command: CreateInvoice, now: datetime) -> list[Event]:
    """Raises InvalidRequest, InvalidPartyStatus, InvalidShopStatus, InvoiceTermsViolated, InvalidInvoiceCost,
    InvalidInvoiceCart, AllocationNotPermitted, InvalidAllocation."""
    if state is not None:
        if (state.owner_id, state.shop_id) != (command.owner_id, command.shop_id):
            raise errors.InvalidRequest(["another invoice has this id"])
        return []
    facts = command.facts
    checked_id(command.id)
    require_operable(facts.shop)
    cost = invoice_cost(command.details.cart, command.amount, command.currency)
    _require_sellable(command, now)
    if violations(facts.terms, circumstances(facts, cost), cost):
        raise errors.InvoiceTermsViolated(INVOICE_UNPAYABLE)
    shares = command.allocation
    if shares is not None:
        shares = allocation.checked(shares, cost, facts.shop, facts.target_shops, facts.terms.allocations.allowed)
    created = Invoice(
        id=command.id,
        owner_id=command.owner_id,
        shop_id=command.shop_id,
        created_at=now,
        due=command.due,
        details=command.details,
        cost=cost,
        context=command.context,
        domain_revision=facts.domain_revision,
        external_id=command.external_id,
        template_id=command.template_id,
        bank_account=command.bank_account,
        allocation=shares,
        allocation_accounts=allocation.accounts_of(shares, facts.target_shops),
        client_info=command.client_info,
    )
    check(created)
    return [events.InvoiceCreated(at=now, invoice=created)]


def _require_sellable(command: CreateInvoice, now: datetime) -> None:
    broken = []
    if command.due <= now:
        broken.append("the due date has passed")
    if command.currency != command.facts.shop.currency:
        broken.append(f"the shop sells in {command.facts.shop.currency}")
    if broken:
        raise errors.InvalidRequest(broken)


def _fulfill(draft: Draft, command: commands.Fulfill) -> None:
    """Raises InvalidPartyStatus, InvalidShopStatus, InvalidInvoiceStatus."""
    require_operable(command.facts.shop)
    _require_status(draft.state, InvoiceStatus.PAID)
    draft.add(events.InvoiceStatusChanged(at=draft.now, status=InvoiceStatus.FULFILLED, reason=command.reason))


def _rescind(draft: Draft, command: commands.Rescind) -> None:
    """Raises InvalidPartyStatus, InvalidShopStatus, InvalidInvoiceStatus, InvoicePaymentPending."""
    require_operable(command.facts.shop)
    _require_status(draft.state, InvoiceStatus.UNPAID)
    active = payment.active_payment(draft.state)
    if active is not None:
        raise errors.InvoicePaymentPending(active.id)
    draft.add(events.InvoiceStatusChanged(at=draft.now, status=InvoiceStatus.CANCELLED, reason=command.reason))


def _require_status(state: Invoice, status: InvoiceStatus) -> None:
    if state.status is not status:
        raise errors.InvalidInvoiceStatus(state.status)


_DECIDE = {
    commands.Fulfill: _fulfill,
    commands.Rescind: _rescind,
    commands.StartPayment: payment.start,
    commands.CapturePayment: capture.capture_payment,
    commands.CancelPayment: capture.cancel_payment,
    commands.RefundPayment: refund.refund_payment,
    commands.CreateChargeback: chargeback.create,
    commands.AcceptChargeback: chargeback.accept,
    commands.RejectChargeback: chargeback.reject,
    commands.ReopenChargeback: chargeback.reopen,
    commands.CancelChargeback: chargeback.cancel,
    commands.BeginSessionCall: answers.begin_call,
    commands.SessionAnswered: answers.answered,
    commands.SessionCallFailed: answers.call_failed,
    commands.BeginCallback: answers.begin_callback,
    commands.CallbackAnswered: answers.callback_answered,
    commands.BankStated: statement.take,
    commands.TimerFired: lambda draft, command: timers.tick(draft),
    commands.StopMachine: repair.stop,
    commands.Repair: repair.repair,
}


# apply


def _apply(state: Invoice | None, event: Event) -> Invoice:
    assert state is not None, "nothing happens to an invoice before it is created"
    own = _APPLY.get(type(event))
    if own is not None:
        return own(state, event)
    changed = _apply_to_payment(payment_of(state, event.payment_id), event)
    return replace(state, payments=put(state.payments, changed))


def _apply_to_payment(owner: Payment, event: Event) -> Payment:
    match event:
        case events.RefundStarted():
            return replace(owner, refunds=put(owner.refunds, event.refund))
        case events.RefundStatusChanged():
            changed = refund.apply(refund_of(owner, event.refund_id), event)
            return replace(owner, refunds=put(owner.refunds, changed))
        case events.ChargebackOpened():
            return replace(owner, chargebacks=put(owner.chargebacks, event.chargeback))
        case events.ChargebackStatusChanged():
            changed = chargeback.apply(chargeback_of(owner, event.chargeback_id), event)
            return replace(owner, chargebacks=put(owner.chargebacks, changed))
    if isinstance(event, session.SESSION_EVENTS):
        return _apply_to_session(owner, event)
    return payment.apply(owner, event)


def _apply_to_session(owner: Payment, event: Event) -> Payment:
    """Of the payment itself, or of one of its refunds."""
    if event.refund_id is not None:
        changed = session.apply_to(refund_of(owner, event.refund_id), event)
        return replace(owner, refunds=put(owner.refunds, changed))
    changed = session.apply_to(owner, event)
    return replace(changed, interaction=None) if session.ends_interaction(event) else changed


def _stopped(state: Invoice, event: events.MachineStopped) -> Invoice:
    stop = Stop(
        reason=event.reason,
        at=event.at,
        activity=event.activity,
        payment_id=event.payment_id,
        refund_id=event.refund_id,
    )
    return replace(state, stop=stop)


_APPLY = {
    events.InvoiceStatusChanged: lambda state, event: replace(state, status=event.status, status_reason=event.reason),
    events.PaymentStarted: lambda state, event: replace(state, payments=put(state.payments, event.payment)),
    events.MachineStopped: _stopped,
    events.MachineRepaired: lambda state, event: replace(state, stop=None),
}
