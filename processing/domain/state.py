"""What an invoice is, with its payments, refunds and chargebacks. Only `apply` functions make new states.

What `revision` and `told` count stands in processing.domain.revisions.
"""

from datetime import datetime
from typing import TypeVar

from processing.domain.allocation import Allocation
from processing.domain.bank import TransactionInfo
from processing.domain.cart import Cart, InvoiceBankAccount, InvoiceDetails
from processing.domain.cash_flow import CashFlow, FinalCashFlow
from processing.domain.errors import ChargebackNotFound, PaymentNotFound, RefundNotFound
from processing.domain.failure import Failure, OperationFailure
from processing.domain.interaction import UserInteraction
from processing.domain.money import Cash
from processing.domain.payer import Payer, PayerSessionInfo, PaymentFlow
from processing.domain.statuses import (
    ChargebackStage,
    ChargebackStatus,
    InvoiceStatus,
    PaymentStatus,
    RefundStatus,
    Target,
    TimeoutBehaviour,
    TrustLevel,
)
from processing.domain.values import Content, Value


class InvoiceClientInfo(Value):
    trust_level: TrustLevel | None = None


class ShopSnapshot(Value):
    """The shop as it was when the payment began: what a bank is told, and its ledger accounts."""

    id: str
    name: str
    url: str
    category_id: int
    settlement: int
    guarantee: int


class Route(Value):
    """Where a payment goes. `options` are the provider's and the terminal's, merged, for the adapter."""

    provider: str
    terminal: str
    adapter: str
    options: dict[str, str] = {}
    changed_cost_allowed: bool = False


class RejectedRoute(Value):
    terminal: str
    reason: str


class Suspension(Value):
    """A session waits for somebody to come back under `tag`, till `until`."""

    tag: str
    until: datetime
    behaviour: TimeoutBehaviour
    failure: Failure | None = None


class Trouble(Value):
    """Calls of a session that failed one after another. `reason` is of the last one, for people."""

    calls: int
    since: datetime
    reason: str


class Session(Value):
    """One operation at the bank, from its first call to its end.

    `attempt` counts the calls that were begun. `begun_at` is set while a call is under way. `run_at` is when the
    adapter is called next; None while suspended or finished. `maybe_sent`: an earlier call may have reached the bank.
    `interrupted_tag`: under which it waited when a callback was lost on its way; it may soon wait there again.
    """

    target: Target
    reference: str
    attempt: int = 0
    begun_at: datetime | None = None
    is_callback: bool = False
    run_at: datetime | None = None
    state: bytes | None = None
    suspension: Suspension | None = None
    interrupted_tag: str | None = None
    trouble: Trouble | None = None
    maybe_sent: bool = False
    is_finished: bool = False
    failure: OperationFailure | None = None


class Capture(Value):
    """A capture that was begun; `reason` is None when the payment is instant."""

    reason: str | None
    cost: Cash


class Reversal(Value):
    """Money that the bank took for a payment which failed or was cancelled, on its way back."""

    started_at: datetime
    is_finished: bool = False


class Refund(Value):
    """`cash_flow` is held, then posted or released. `is_covered`: the shop's balance had to cover it."""

    id: str
    invoice_id: str
    payment_id: str
    owner_id: str
    shop_id: str
    created_at: datetime
    cash: Cash
    cash_flow: FinalCashFlow
    status: RefundStatus = RefundStatus.PENDING
    failure: OperationFailure | None = None
    reason: str | None = None
    cart: Cart | None = None
    allocation: Allocation | None = None
    external_id: str | None = None
    transaction: TransactionInfo | None = None
    session: Session | None = None
    is_covered: bool = False
    revision: int = 1
    told: int = 1


class Chargeback(Value):
    """`body` is what the payer disputes, `levy` what the bank charges for the dispute."""

    id: str
    invoice_id: str
    payment_id: str
    created_at: datetime
    body: Cash
    levy: Cash
    cash_flow: FinalCashFlow
    status: ChargebackStatus = ChargebackStatus.PENDING
    stage: ChargebackStage = ChargebackStage.CHARGEBACK
    reason_code: str | None = None
    external_id: str | None = None


class Payment(Value):
    """`cash_flow` is what is held or was posted for it; `fees` and `accounts` are the rules of the day it began.

    `plan_id` names the ledger plan that is held or posted; None before the hold and after a release.
    """

    id: str
    invoice_id: str
    owner_id: str
    shop_id: str
    created_at: datetime
    cost: Cash
    flow: PaymentFlow
    payer: Payer
    make_recurrent: bool
    domain_revision: int
    status_changed_at: datetime
    shop: ShopSnapshot
    status: PaymentStatus = PaymentStatus.PENDING
    status_reason: str | None = None
    failure: OperationFailure | None = None
    captured_cost: Cash | None = None
    captured_at: datetime | None = None
    payer_session_info: PayerSessionInfo | None = None
    context: Content | None = None
    external_id: str | None = None
    transaction: TransactionInfo | None = None
    interaction: UserInteraction | None = None
    allocation: Allocation | None = None
    processing_deadline: datetime | None = None
    fee: Cash | None = None
    cart: Cart | None = None
    route: Route | None = None
    fees: CashFlow = ()
    accounts: dict[str, int] = {}
    allocation_accounts: dict[str, int] = {}
    cash_flow: FinalCashFlow = ()
    plan_id: str | None = None
    session: Session | None = None
    capture: Capture | None = None
    cancel_reason: str | None = None
    reversal: Reversal | None = None
    stuck_since: datetime | None = None
    refunds: tuple[Refund, ...] = ()
    chargebacks: tuple[Chargeback, ...] = ()
    revision: int = 1
    told: int = 1


class Stop(Value):
    """Why the machine stands still. The ids name the session whose answer nobody foresaw, if it was one."""

    reason: str
    at: datetime
    activity: str
    payment_id: str | None = None
    refund_id: str | None = None


class Invoice(Value):
    """The machine. `stop` is set while it stands still. `allocation_accounts`: target shop -> its ledger account."""

    id: str
    owner_id: str
    shop_id: str
    created_at: datetime
    due: datetime
    details: InvoiceDetails
    cost: Cash
    context: Content
    domain_revision: int
    status: InvoiceStatus = InvoiceStatus.UNPAID
    status_reason: str | None = None
    external_id: str | None = None
    template_id: str | None = None
    bank_account: InvoiceBankAccount | None = None
    allocation: Allocation | None = None
    allocation_accounts: dict[str, int] = {}
    client_info: InvoiceClientInfo | None = None
    payments: tuple[Payment, ...] = ()
    stop: Stop | None = None
    revision: int = 1
    told: int = 1


def payment_of(invoice: Invoice, payment_id: str) -> Payment:
    for payment in invoice.payments:
        if payment.id == payment_id:
            return payment
    raise PaymentNotFound


def refund_of(payment: Payment, refund_id: str) -> Refund:
    for refund in payment.refunds:
        if refund.id == refund_id:
            return refund
    raise RefundNotFound


def chargeback_of(payment: Payment, chargeback_id: str) -> Chargeback:
    for chargeback in payment.chargebacks:
        if chargeback.id == chargeback_id:
            return chargeback
    raise ChargebackNotFound


def session_of(payment: Payment, refund_id: str | None) -> Session | None:
    """The session of the payment, or of one of its refunds."""
    return payment.session if refund_id is None else refund_of(payment, refund_id).session


Item = TypeVar("Item", Payment, Refund, Chargeback)


def put(items: tuple[Item, ...], changed: Item) -> tuple[Item, ...]:
    """The same tuple with the item of the same id replaced, or with it at the end."""
    if not any(item.id == changed.id for item in items):
        return (*items, changed)
    return tuple(changed if item.id == changed.id else item for item in items)
