"""What an event means in a merchant's words: for the event feed, the search and the webhooks.

Field names are those of payment_processing.InvoiceChange. An event says all of it: no state is needed to tell it.
"""

from collections.abc import Callable
from typing import Any

from processing.domain import events
from processing.domain.events import Event
from processing.domain.failure import OperationFailure
from processing.domain.interaction import UserInteraction
from processing.domain.money import Cash
from processing.domain.state import Chargeback, Invoice, Payment, Refund
from processing.domain.statuses import ChargebackStage, ChargebackStatus, InvoiceStatus, PaymentStatus, RefundStatus
from processing.domain.values import Value


class InvoiceCreated(Value, tag="invoice_created"):
    invoice: Invoice


class InvoiceStatusChanged(Value, tag="invoice_status_changed"):
    status: InvoiceStatus
    reason: str | None = None


class PaymentStarted(Value, tag="payment_started"):
    payment: Payment


class PaymentStatusChanged(Value, tag="payment_status_changed"):
    payment_id: str
    status: PaymentStatus
    reason: str | None = None
    failure: OperationFailure | None = None
    captured_cost: Cash | None = None


class PaymentInteractionRequested(Value, tag="payment_interaction_requested"):
    payment_id: str
    interaction: UserInteraction


class RefundStarted(Value, tag="refund_started"):
    payment_id: str
    refund: Refund


class RefundStatusChanged(Value, tag="refund_status_changed"):
    payment_id: str
    refund_id: str
    status: RefundStatus
    failure: OperationFailure | None = None


class ChargebackOpened(Value, tag="chargeback_opened"):
    payment_id: str
    chargeback: Chargeback


class ChargebackStatusChanged(Value, tag="chargeback_status_changed"):
    payment_id: str
    chargeback_id: str
    status: ChargebackStatus
    stage: ChargebackStage


class InternalStep(Value, tag="internal_step"):
    """A step without a public form: for operators. `json` is the event as stored."""

    kind: str
    json: str


Change = (
    InvoiceCreated
    | InvoiceStatusChanged
    | PaymentStarted
    | PaymentStatusChanged
    | PaymentInteractionRequested
    | RefundStarted
    | RefundStatusChanged
    | ChargebackOpened
    | ChargebackStatusChanged
    | InternalStep
)


def public_changes(event: Event) -> list[Change]:
    """What the event is in the IDL's words."""
    told = _CHANGES.get(type(event))
    if told is not None:
        return [told(event)]
    kind, _, json = events.encode(event)
    return [InternalStep(kind=kind, json=json.decode())]


def webhook_event_type(change: Change) -> str | None:
    """Member name of webhooks.InvoiceEventType, for example PAYMENT_CAPTURED; None: merchants are not told."""
    match change:
        case InvoiceCreated():
            return "INVOICE_CREATED"
        case PaymentStarted():
            return "PAYMENT_STARTED"
        case RefundStarted():
            return "REFUND_CREATED"
        case InvoiceStatusChanged():
            return f"INVOICE_{change.status.name}"
        case PaymentStatusChanged() if change.status is not PaymentStatus.CHARGED_BACK:
            return f"PAYMENT_{change.status.name}"
        case RefundStatusChanged():
            return f"REFUND_{change.status.name}"
    return None


def _payment_status(event: events.PaymentStatusChanged) -> PaymentStatusChanged:
    return PaymentStatusChanged(
        payment_id=event.payment_id,
        status=event.status,
        reason=event.reason,
        failure=event.failure,
        captured_cost=event.captured_cost,
    )


def _refund_status(event: events.RefundStatusChanged) -> RefundStatusChanged:
    return RefundStatusChanged(
        payment_id=event.payment_id, refund_id=event.refund_id, status=event.status, failure=event.failure
    )


def _chargeback_status(event: events.ChargebackStatusChanged) -> ChargebackStatusChanged:
    return ChargebackStatusChanged(
        payment_id=event.payment_id, chargeback_id=event.chargeback_id, status=event.status, stage=event.stage
    )


_CHANGES: dict[type, Callable[[Any], Change]] = {
    events.InvoiceCreated: lambda event: InvoiceCreated(invoice=event.invoice),
    events.InvoiceStatusChanged: lambda event: InvoiceStatusChanged(status=event.status, reason=event.reason),
    events.PaymentStarted: lambda event: PaymentStarted(payment=event.payment),
    events.PaymentStatusChanged: _payment_status,
    events.PaymentInteractionRequested: lambda event: PaymentInteractionRequested(
        payment_id=event.payment_id, interaction=event.interaction
    ),
    events.RefundStarted: lambda event: RefundStarted(payment_id=event.payment_id, refund=event.refund),
    events.RefundStatusChanged: _refund_status,
    events.ChargebackOpened: lambda event: ChargebackOpened(payment_id=event.payment_id, chargeback=event.chargeback),
    events.ChargebackStatusChanged: _chargeback_status,
}
