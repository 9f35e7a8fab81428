"""Which status follows which, and why: the whole lives of invoices, payments and refunds as tables.

The machine decides by its rules; these tables say what comes of them. Tests compare every step of every story with
them, and documentation draws its diagrams from them.
"""

from collections.abc import Mapping
from enum import StrEnum

from processing.domain.state import Invoice
from processing.domain.statuses import InvoiceStatus, PaymentStatus, RefundStatus

Lifecycle = Mapping[tuple[StrEnum | None, StrEnum], str]
"""(status before, status after) -> what leads there; None before is the beginning."""

INVOICE: Lifecycle = {
    (None, InvoiceStatus.UNPAID): "created",
    (InvoiceStatus.UNPAID, InvoiceStatus.PAID): "a payment is captured",
    (InvoiceStatus.UNPAID, InvoiceStatus.CANCELLED): "rescinded, or past its due date",
    (InvoiceStatus.PAID, InvoiceStatus.FULFILLED): "the merchant has delivered",
}
PAYMENT: Lifecycle = {
    (None, PaymentStatus.PENDING): "started",
    (PaymentStatus.PENDING, PaymentStatus.PROCESSED): "the bank holds the money",
    (PaymentStatus.PENDING, PaymentStatus.FAILED): "declined, or out of time",
    (PaymentStatus.PROCESSED, PaymentStatus.CAPTURED): "captured, by you or by itself",
    (PaymentStatus.PROCESSED, PaymentStatus.CANCELLED): "cancelled, or the hold ran out",
    (PaymentStatus.PROCESSED, PaymentStatus.FAILED): "the bank refused the capture",
    (PaymentStatus.CAPTURED, PaymentStatus.REFUNDED): "all of it was refunded",
    (PaymentStatus.CAPTURED, PaymentStatus.CHARGED_BACK): "a dispute was lost",
}
REFUND: Lifecycle = {
    (None, RefundStatus.PENDING): "started",
    (RefundStatus.PENDING, RefundStatus.SUCCEEDED): "the bank gave the money back",
    (RefundStatus.PENDING, RefundStatus.FAILED): "the bank refused",
}


def unknown_steps(before: Invoice | None, after: Invoice) -> list[str]:
    """Status changes between two states of one machine that no table names, as `payment 1: captured -> pending`."""
    known, found = statuses(before), []
    for what, (table, status) in statuses(after).items():
        _, earlier = known.get(what, (table, None))
        if status is not earlier and (earlier, status) not in table:
            found.append(f"{what}: {earlier} -> {status}")
    return found


def statuses(invoice: Invoice | None) -> dict[str, tuple[Lifecycle, StrEnum]]:
    """What has a status -> its table and the status it is in; nothing before the beginning."""
    if invoice is None:
        return {}
    found: dict[str, tuple[Lifecycle, StrEnum]] = {"invoice": (INVOICE, invoice.status)}
    for payment in invoice.payments:
        found[f"payment {payment.id}"] = (PAYMENT, payment.status)
        for refund in payment.refunds:
            found[f"refund {payment.id}.{refund.id}"] = (REFUND, refund.status)
    return found
