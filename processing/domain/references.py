"""Our own names of operations at a bank, unique for ever, and of ledger plans. Ids hold no dots, so names are exact."""

import re

from processing.domain.errors import InvalidRequest

_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


def checked_id(value: str) -> str:
    """The id itself. Raises InvalidRequest."""
    if not _ID.fullmatch(value):
        raise InvalidRequest(["an id is 1 to 40 letters, digits, hyphens and underscores"])
    return value


def payment(invoice_id: str, payment_id: str) -> str:
    """Of the operation PROCESSED; also the name of the payment's ledger plan."""
    return f"{invoice_id}.{payment_id}"


def capture(invoice_id: str, payment_id: str) -> str:
    return f"{invoice_id}.{payment_id}.capture"


def cancel(invoice_id: str, payment_id: str) -> str:
    return f"{invoice_id}.{payment_id}.cancel"


def reversal(invoice_id: str, payment_id: str) -> str:
    return f"{invoice_id}.{payment_id}.reversal"


def refund(invoice_id: str, payment_id: str, refund_id: str) -> str:
    """Also the name of the refund's ledger plan."""
    return f"{invoice_id}.{payment_id}.refund.{refund_id}"


def changed_cost_plan(invoice_id: str, payment_id: str) -> str:
    return f"{invoice_id}.{payment_id}.changed-cost"


def chargeback_plan(invoice_id: str, payment_id: str, chargeback_id: str, stage: str) -> str:
    return f"{invoice_id}.{payment_id}.chargeback.{chargeback_id}.{stage}"


def invoice_of(reference: str) -> str:
    """The id of the invoice whose machine the operation belongs to."""
    return reference.partition(".")[0]


def operation_of(reference: str) -> tuple[str, str | None, str]:
    """(payment id, refund id or None, operation): one of payment, capture, cancel, reversal, refund.

    Raises ValueError for what is no reference of ours.
    """
    match reference.split("."):
        case [_, payment_id]:
            return payment_id, None, "payment"
        case [_, payment_id, ("capture" | "cancel" | "reversal") as operation]:
            return payment_id, None, operation
        case [_, payment_id, "refund", refund_id]:
            return payment_id, refund_id, "refund"
    raise ValueError(f"no reference of ours: {reference[:100]!r}")
