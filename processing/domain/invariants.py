"""What must hold of every machine, asked after each event: before it is appended, and again when it is read back."""

from processing.domain.payment import ACTIVE, is_used_up, remaining
from processing.domain.state import Invoice, Payment
from processing.domain.statuses import InvoiceStatus, PaymentStatus

RETURNED = frozenset({PaymentStatus.REFUNDED, PaymentStatus.CHARGED_BACK})
HAS_PLAN = frozenset({PaymentStatus.PROCESSED, PaymentStatus.CAPTURED}) | RETURNED


def check(invoice: Invoice) -> None:
    """Raises AssertionError with the rule that does not hold."""
    assert invoice.cost.amount >= 1, "an invoice asks for something"
    active = [payment for payment in invoice.payments if payment.status in ACTIVE]
    assert len(active) <= 1, "one payment is under way at a time"
    if active:
        assert invoice.status is InvoiceStatus.UNPAID, "only an unpaid invoice is being paid"
    for payment in invoice.payments:
        _check_payment(payment)


def _check_payment(payment: Payment) -> None:
    if payment.status in HAS_PLAN:
        assert payment.plan_id is not None, "money that the bank holds is held in the ledger"
        assert payment.transaction is not None, "what the bank approved has a transaction"
    if payment.captured_cost is None:
        assert not payment.refunds and not payment.chargebacks, "only captured money can be given back"
        return
    assert payment.captured_cost.currency == payment.cost.currency, "money keeps its currency"
    assert 0 < payment.captured_cost.amount <= payment.cost.amount, "no more is captured than was approved"
    assert remaining(payment).amount >= 0, "no more is given back than was captured"
    if payment.status in RETURNED:
        assert is_used_up(payment), "a payment that went back has nothing left and nothing under way"
