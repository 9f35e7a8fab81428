"""What happened to an invoice. Past tense; every event knows its moment, so that replay needs no clock.

Stored as a kind, a format number and JSON. A kind is never reused; a change that old JSON cannot be read as raises the
number and adds an entry to UPGRADES, so that every event ever written can be read for ever.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from processing.domain.allocation import Allocation
from processing.domain.bank import TransactionInfo
from processing.domain.cart import Cart
from processing.domain.cash_flow import CashFlow, FinalCashFlow
from processing.domain.failure import OperationFailure
from processing.domain.interaction import UserInteraction
from processing.domain.money import Cash
from processing.domain.state import Chargeback, Invoice, Payment, Refund, RejectedRoute, Route, Suspension
from processing.domain.statuses import (
    BankVerdict,
    ChargebackStage,
    ChargebackStatus,
    InvoiceStatus,
    PaymentStatus,
    RefundStatus,
    Target,
)
from processing.domain.values import Value

# the invoice


class InvoiceCreated(Value):
    at: datetime
    invoice: Invoice


class InvoiceStatusChanged(Value):
    """`reason` is "overdue" when its time ran out."""

    at: datetime
    status: InvoiceStatus
    reason: str | None = None


# a payment


class PaymentStarted(Value):
    at: datetime
    payment: Payment


class PaymentRouteChosen(Value):
    """`accounts`: role -> ledger account id, for this payment. `fees`: the rules it will be charged by.

    `held_until`: of a hold, when the money must have been captured.
    """

    at: datetime
    payment_id: str
    route: Route
    accounts: dict[str, int]
    fees: CashFlow
    rejected: tuple[RejectedRoute, ...] = ()
    held_until: datetime | None = None


class PaymentCashFlowBuilt(Value):
    """The money that will move; `plan_id` is the ledger plan that holds it from now on."""

    at: datetime
    payment_id: str
    plan_id: str
    cash_flow: FinalCashFlow
    fee: Cash


class PaymentCostChanged(Value):
    """The bank approved another amount and the provider's terms allow it."""

    at: datetime
    payment_id: str
    cost: Cash


class PaymentStatusChanged(Value):
    at: datetime
    payment_id: str
    status: PaymentStatus
    reason: str | None = None
    failure: OperationFailure | None = None
    captured_cost: Cash | None = None


class PaymentInteractionRequested(Value):
    at: datetime
    payment_id: str
    interaction: UserInteraction


class PaymentCaptureStarted(Value):
    """`cost` may be a part of what is held: the rest is released. `reason` is None when the payment is instant."""

    at: datetime
    payment_id: str
    cost: Cash
    reason: str | None = None
    cart: Cart | None = None
    allocation: Allocation | None = None
    allocation_accounts: dict[str, int] = {}


class PaymentCancelStarted(Value):
    at: datetime
    payment_id: str
    reason: str


class PaymentStuck(Value):
    """The processing deadline passed and the bank may have done something; it is asked until it tells."""

    at: datetime
    payment_id: str


class PaymentReversalStarted(Value):
    """The bank took money for a payment that failed or was cancelled."""

    at: datetime
    payment_id: str


class PaymentReversalFinished(Value):
    at: datetime
    payment_id: str


class BankStatementRecorded(Value):
    """A bank's word outside a session that made the machine act."""

    at: datetime
    payment_id: str
    reference: str
    verdict: BankVerdict
    refund_id: str | None = None


# a session: of the payment, or of one of its refunds


class SessionStarted(Value):
    at: datetime
    payment_id: str
    target: Target
    reference: str
    refund_id: str | None = None


class SessionCallBegun(Value):
    at: datetime
    payment_id: str
    attempt: int
    is_callback: bool = False
    refund_id: str | None = None


class SessionCallFailed(Value):
    """`run_at`: when the adapter is called again; absent: the session is suspended as before.

    `is_ours`: the adapter was not reached; not counted as trouble of the bank.
    """

    at: datetime
    payment_id: str
    attempt: int
    is_unknown: bool
    reason: str
    run_at: datetime | None = None
    refund_id: str | None = None
    is_ours: bool = False


class SessionTransactionBound(Value):
    at: datetime
    payment_id: str
    transaction: TransactionInfo
    refund_id: str | None = None


class SessionStateChanged(Value):
    """`state` is the adapter's, opaque."""

    at: datetime
    payment_id: str
    state: bytes
    refund_id: str | None = None


class SessionSlept(Value):
    at: datetime
    payment_id: str
    run_at: datetime
    refund_id: str | None = None


class SessionSuspended(Value):
    at: datetime
    payment_id: str
    suspension: Suspension
    refund_id: str | None = None


class SessionCallbackIgnored(Value):
    """The adapter had nothing to say about a callback; the session stays suspended."""

    at: datetime
    payment_id: str
    attempt: int
    refund_id: str | None = None


class SessionActivated(Value):
    """The adapter is to be called now. `cause`: timeout, deadline, statement or repair."""

    at: datetime
    payment_id: str
    cause: str
    refund_id: str | None = None


class SessionFinished(Value):
    """`failure` absent: the target is reached."""

    at: datetime
    payment_id: str
    failure: OperationFailure | None = None
    refund_id: str | None = None


# refunds and chargebacks


class RefundStarted(Value):
    at: datetime
    payment_id: str
    refund: Refund


class RefundStatusChanged(Value):
    at: datetime
    payment_id: str
    refund_id: str
    status: RefundStatus
    failure: OperationFailure | None = None


class ChargebackOpened(Value):
    at: datetime
    payment_id: str
    chargeback: Chargeback


class ChargebackStatusChanged(Value):
    at: datetime
    payment_id: str
    chargeback_id: str
    status: ChargebackStatus
    stage: ChargebackStage


# the machine itself


class MachineStopped(Value):
    """`activity`: what it was about to do, for example "payment 1: session processed"."""

    at: datetime
    reason: str
    activity: str
    payment_id: str | None = None
    refund_id: str | None = None


class MachineRepaired(Value):
    """`scenario` is the name of the union's field in the IDL."""

    at: datetime
    scenario: str
    operator_note: str


Event = (
    InvoiceCreated
    | InvoiceStatusChanged
    | PaymentStarted
    | PaymentRouteChosen
    | PaymentCashFlowBuilt
    | PaymentCostChanged
    | PaymentStatusChanged
    | PaymentInteractionRequested
    | PaymentCaptureStarted
    | PaymentCancelStarted
    | PaymentStuck
    | PaymentReversalStarted
    | PaymentReversalFinished
    | BankStatementRecorded
    | SessionStarted
    | SessionCallBegun
    | SessionCallFailed
    | SessionTransactionBound
    | SessionStateChanged
    | SessionSlept
    | SessionSuspended
    | SessionCallbackIgnored
    | SessionActivated
    | SessionFinished
    | RefundStarted
    | RefundStatusChanged
    | ChargebackOpened
    | ChargebackStatusChanged
    | MachineStopped
    | MachineRepaired
)

# kind -> struct and the format number that is written today
KINDS: Mapping[str, tuple[type[Value], int]] = {
    "invoice_created": (InvoiceCreated, 1),
    "invoice_status_changed": (InvoiceStatusChanged, 1),
    "payment_started": (PaymentStarted, 1),
    "payment_route_chosen": (PaymentRouteChosen, 1),
    "payment_cash_flow_built": (PaymentCashFlowBuilt, 1),
    "payment_cost_changed": (PaymentCostChanged, 1),
    "payment_status_changed": (PaymentStatusChanged, 1),
    "payment_interaction_requested": (PaymentInteractionRequested, 1),
    "payment_capture_started": (PaymentCaptureStarted, 1),
    "payment_cancel_started": (PaymentCancelStarted, 1),
    "payment_stuck": (PaymentStuck, 1),
    "payment_reversal_started": (PaymentReversalStarted, 1),
    "payment_reversal_finished": (PaymentReversalFinished, 1),
    "bank_statement_recorded": (BankStatementRecorded, 1),
    "session_started": (SessionStarted, 1),
    "session_call_begun": (SessionCallBegun, 1),
    "session_call_failed": (SessionCallFailed, 1),
    "session_transaction_bound": (SessionTransactionBound, 1),
    "session_state_changed": (SessionStateChanged, 1),
    "session_slept": (SessionSlept, 1),
    "session_suspended": (SessionSuspended, 1),
    "session_callback_ignored": (SessionCallbackIgnored, 1),
    "session_activated": (SessionActivated, 1),
    "session_finished": (SessionFinished, 1),
    "refund_started": (RefundStarted, 1),
    "refund_status_changed": (RefundStatusChanged, 1),
    "chargeback_opened": (ChargebackOpened, 1),
    "chargeback_status_changed": (ChargebackStatusChanged, 1),
    "machine_stopped": (MachineStopped, 1),
    "machine_repaired": (MachineRepaired, 1),
}

_KIND_OF = {struct: kind for kind, (struct, _) in KINDS.items()}

# (kind, old format) -> the same JSON object in the next format
UPGRADES: Mapping[tuple[str, int], Callable[[dict], dict]] = {}


def kind_of(event: Event) -> str:
    return _KIND_OF[type(event)]


def encode(event: Event) -> tuple[str, int, bytes]:
    """(kind, format, JSON) as stored."""
    kind = kind_of(event)
    return kind, KINDS[kind][1], msgspec.json.encode(event)


def decode(kind: str, format: int, json: bytes | str) -> Event:
    """The inverse of encode, for any format ever written. KeyError: a kind that this release does not know."""
    struct, current = KINDS[kind]
    if format == current:
        return msgspec.json.decode(json, type=struct)
    value = msgspec.json.decode(json)
    for step in range(format, current):
        value = UPGRADES[kind, step](value)
    return msgspec.convert(value, type=struct)
