"""The platform's order of everything, read by its operator and folded: what it says of every invoice.

The rows of this table are the reference's words for webhooks; the platform's own table is not asked.
"""

from dataclasses import dataclass, field
from typing import Any

from campaigns.faults.operator_calls import Operator
from rpc.protocol import domain, payment_processing

PAGE = 1000
INVOICE_WORDS = {"PAID": "InvoicePaid", "CANCELLED": "InvoiceCancelled", "FULFILLED": "InvoiceFulfilled"}
PAYMENT_WORDS = {
    "PROCESSED": "PaymentProcessed", "CAPTURED": "PaymentCaptured", "CANCELLED": "PaymentCancelled",
    "REFUNDED": "PaymentRefunded", "FAILED": "PaymentFailed",
}  # fmt: skip
REFUND_WORDS = {"SUCCEEDED": "RefundSucceeded", "FAILED": "RefundFailed"}
MODERN_WORDS = {
    "InvoiceCreated": "invoice.created", "InvoicePaid": "invoice.paid", "InvoiceCancelled": "invoice.cancelled",
    "InvoiceFulfilled": "invoice.fulfilled", "PaymentStarted": "payment.created",
    "PaymentProcessed": "payment.authorized", "PaymentCaptured": "payment.captured",
    "PaymentCancelled": "payment.cancelled", "PaymentRefunded": "payment.refunded", "PaymentFailed": "payment.failed",
    "RefundCreated": "refund.created", "RefundSucceeded": "refund.succeeded", "RefundFailed": "refund.failed",
}  # fmt: skip
"""What v3 says in their place. It also tells of `payment.actionRequired`, for which the older versions have no word."""

ACTION_REQUIRED = "payment.actionRequired"
FINAL = ("CAPTURED", "CANCELLED", "REFUNDED", "FAILED", "CHARGED_BACK")
EARNED = ("CAPTURED", "REFUNDED")


@dataclass
class Payment:
    """`captured`: minor units, 0 until it is; `refunds`: id -> [status, minor units, externalID]."""

    external_id: str | None
    cost: int
    status: str = "PENDING"
    captured: int = 0
    refunds: dict[str, list] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Nothing is under way."""
        return self.status in FINAL and all(status != "PENDING" for status, *_ in self.refunds.values())

    @property
    def kept(self) -> int:
        """Minor units taken from the payer and not given back."""
        given = sum(amount for status, amount, _ in self.refunds.values() if status == "SUCCEEDED")
        return self.captured - given


@dataclass
class Invoice:
    """`told`: words of the webhooks that are due, in order. `has_gaps`: its events do not number 1, 2, 3 ..."""

    external_id: str | None = None
    product: str = ""
    sequence: int = 0
    has_gaps: bool = False
    told: list[str] = field(default_factory=list)
    payments: dict[str, Payment] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """Over all payments."""
        return sum(payment.kept for payment in self.payments.values())


class Feed:
    """`read` goes on where it stopped."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._last = 0
        self.invoices: dict[str, Invoice] = {}
        self.events = 0

    def read(self) -> None:
        """To the end of the feed. Raises rpc's failures."""
        while True:
            wanted = payment_processing.EventRange(after=self._last or None, limit=PAGE)
            events = self._operator.platform.event_sink.GetEvents(wanted)
            for event in events:
                self._take(event)
            if not events:
                return

    def _take(self, event: Any) -> None:
        self._last = event.id
        self.events += 1
        invoice = self.invoices.setdefault(event.invoice_id, Invoice())
        invoice.has_gaps |= event.sequence != invoice.sequence + 1
        invoice.sequence = event.sequence
        for change in event.changes:
            word = FOLDS.get(change.which(), lambda *_: None)(invoice, change.value)
            if word is not None:
                invoice.told.append(word)


def created(invoice: Invoice, said: Any) -> str:
    invoice.external_id = said.invoice.external_id
    invoice.product = said.invoice.details.product
    return "InvoiceCreated"


def status_changed(_: Invoice, said: Any) -> str | None:
    return INVOICE_WORDS.get(domain.InvoiceStatus.name_of(said.status))


def payment_started(invoice: Invoice, said: Any) -> str:
    invoice.payments[said.payment.id] = Payment(said.payment.external_id, said.payment.cost.amount)
    return "PaymentStarted"


def payment_changed(invoice: Invoice, said: Any) -> str | None:
    payment = invoice.payments[said.payment_id]
    payment.status = domain.PaymentStatus.name_of(said.status)
    if payment.status == "CAPTURED" and not payment.captured:
        payment.captured = said.captured_cost.amount if said.captured_cost else payment.cost
    return PAYMENT_WORDS.get(payment.status)


def refund_started(invoice: Invoice, said: Any) -> str:
    refund = said.refund
    invoice.payments[said.payment_id].refunds[refund.id] = ["PENDING", refund.cash.amount, refund.external_id]
    return "RefundCreated"


def refund_changed(invoice: Invoice, said: Any) -> str | None:
    status = domain.RefundStatus.name_of(said.status)
    invoice.payments[said.payment_id].refunds[said.refund_id][0] = status
    return REFUND_WORDS.get(status)


FOLDS = {
    "invoice_created": created,
    "invoice_status_changed": status_changed,
    "payment_started": payment_started,
    "payment_status_changed": payment_changed,
    "refund_started": refund_started,
    "refund_status_changed": refund_changed,
}
