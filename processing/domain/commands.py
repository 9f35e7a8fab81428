"""What may be asked of an invoice's machine. Verbs; the names of parameters follow the IDL."""

from datetime import datetime

from processing.domain.allocation import Allocation
from processing.domain.bank import ProxyResult, TransactionInfo
from processing.domain.cart import Cart, InvoiceBankAccount, InvoiceDetails
from processing.domain.facts import Facts
from processing.domain.failure import Failure
from processing.domain.money import Cash
from processing.domain.payer import Payer, PayerSessionInfo, PaymentFlow
from processing.domain.state import InvoiceClientInfo
from processing.domain.statuses import BankVerdict
from processing.domain.values import Content, Value

# a merchant's or payer's


class CreateInvoice(Value):
    """`amount` absent: the sum of the cart."""

    id: str
    owner_id: str
    shop_id: str
    details: InvoiceDetails
    currency: str
    due: datetime
    context: Content
    facts: Facts
    amount: int | None = None
    external_id: str | None = None
    template_id: str | None = None
    bank_account: InvoiceBankAccount | None = None
    allocation: Allocation | None = None
    client_info: InvoiceClientInfo | None = None


class Fulfill(Value):
    reason: str
    facts: Facts


class Rescind(Value):
    reason: str
    facts: Facts


class StartPayment(Value):
    """The cost is the invoice's. `payment_tool` of a recurrent payer is filled in from facts.parent."""

    id: str
    payer: Payer
    flow: PaymentFlow
    facts: Facts
    make_recurrent: bool = False
    payer_session_info: PayerSessionInfo | None = None
    context: Content | None = None
    external_id: str | None = None
    processing_deadline: datetime | None = None


class CapturePayment(Value):
    """`amount` absent: all that is held."""

    payment_id: str
    reason: str
    facts: Facts
    amount: int | None = None
    currency: str | None = None
    cart: Cart | None = None
    allocation: Allocation | None = None


class CancelPayment(Value):
    payment_id: str
    reason: str
    facts: Facts


class RefundPayment(Value):
    """`id` is the refund's. `amount` absent: all that is left; `currency` absent: the payment's."""

    id: str
    payment_id: str
    facts: Facts
    amount: int | None = None
    currency: str | None = None
    reason: str | None = None
    cart: Cart | None = None
    allocation: Allocation | None = None
    external_id: str | None = None


# an operator's or a bank's


class CreateChargeback(Value):
    """`id` is the chargeback's; absent, the next number. One with an external id that is known changes nothing."""

    payment_id: str
    body: Cash
    levy: Cash
    facts: Facts
    id: str | None = None
    reason_code: str | None = None
    external_id: str | None = None


class AcceptChargeback(Value):
    payment_id: str
    chargeback_id: str


class RejectChargeback(Value):
    payment_id: str
    chargeback_id: str


class ReopenChargeback(Value):
    payment_id: str
    chargeback_id: str


class CancelChargeback(Value):
    payment_id: str
    chargeback_id: str


# a worker's: the calls of the bank's adapter


class BeginSessionCall(Value):
    """Appended before each call, so that a crash shows as a further attempt. StepObsolete: do not call."""

    payment_id: str
    refund_id: str | None = None


class SessionAnswered(Value):
    """`attempt` is that of the call which is answered; an answer to an older one changes nothing."""

    payment_id: str
    attempt: int
    result: ProxyResult
    refund_id: str | None = None


class SessionCallFailed(Value):
    """`is_unknown`: the call may have reached the bank. Otherwise it surely did not.

    `is_ours`: it did not even reach the adapter, which says nothing of the bank.
    """

    payment_id: str
    attempt: int
    is_unknown: bool
    reason: str
    refund_id: str | None = None
    is_ours: bool = False


class BeginCallback(Value):
    """Somebody came back under `tag`; the adapter is about to be told. SessionNotFound, SessionBusy."""

    tag: str


class CallbackAnswered(Value):
    """`result` absent: the session stays suspended under its tag."""

    tag: str
    attempt: int
    result: ProxyResult | None = None


class BankStated(Value):
    """A statement outside any suspended session. `reference` is of the operation that the bank speaks of."""

    reference: str
    verdict: BankVerdict
    transaction: TransactionInfo | None = None
    cash: Cash | None = None
    failure: Failure | None = None


class TimerFired(Value):
    """The moment of a WakeAt has come."""


class StopMachine(Value):
    """An answer nobody foresaw. The ids name the session whose answer it was, if it was one."""

    reason: str
    payment_id: str | None = None
    refund_id: str | None = None


# an operator's, on a stopped machine


class Resume(Value, tag="resume"):
    """Try the same step again."""


class FailPreProcessing(Value, tag="fail_pre_processing"):
    """Only before the bank was called."""

    failure: Failure


class FailSession(Value, tag="fail_session"):
    """The bank said no, and the operator knows it."""

    failure: Failure
    transaction: TransactionInfo | None = None


class FulfillSession(Value, tag="fulfill_session"):
    """The bank did it, and the operator knows it."""

    transaction: TransactionInfo | None = None


RepairScenario = Resume | FailPreProcessing | FailSession | FulfillSession


class Repair(Value):
    scenario: RepairScenario
    operator_note: str


Command = (
    CreateInvoice
    | Fulfill
    | Rescind
    | StartPayment
    | CapturePayment
    | CancelPayment
    | RefundPayment
    | CreateChargeback
    | AcceptChargeback
    | RejectChargeback
    | ReopenChargeback
    | CancelChargeback
    | BeginSessionCall
    | SessionAnswered
    | SessionCallFailed
    | BeginCallback
    | CallbackAnswered
    | BankStated
    | TimerFired
    | StopMachine
    | Repair
)
