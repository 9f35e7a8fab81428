"""Searches: what is asked for in our words, and pages in the protocol's."""

from datetime import datetime
from typing import Any

from processing.domain.errors import InvalidRequest
from processing.domain.statuses import InvoiceStatus, PaymentStatus, RefundStatus
from processing.search.queries import Conditions, Counted, Page, Scope
from processing.services.wire.invoicing import invoice_to_thrift, payment_to_thrift, refund_to_thrift
from processing.services.wire.times import from_text
from processing.storage.moments import EPOCH, MILLISECOND
from rpc.protocol import domain, search

LAST_DIGITS = 4

# Fields of search.PaymentFilter that are conditions under their own names.
PAYMENT_TEXTS = (
    "terminal_provider", "payment_id", "payer_email", "payer_ip", "payer_fingerprint", "customer_id",
    "token_provider", "payment_system", "first6", "rrn", "approval_code", "amount",
)  # fmt: skip
REFUND_TEXTS = ("invoice_id", "payment_id", "refund_id", "rrn", "approval_code")


def scope_to_ours(query: search.InvoiceQuery | search.PaymentQuery | search.RefundQuery) -> Scope:
    """Raises InvalidRequest for a period that ends before it begins."""
    begin, end = from_text(query.created.from_time), from_text(query.created.to_time)
    if begin > end:
        raise InvalidRequest(["A period does not end before it begins"])
    return Scope(query.party_id, query.shop_id, _first_ms(begin), _first_ms(end))


def invoice_conditions(query: search.InvoiceQuery) -> Conditions:
    """Raises InvalidRequest for a status that is not known here."""
    status = _named(domain.InvoiceStatus, InvoiceStatus, query.status)
    return _said(invoice_id=query.invoice_id, status=status, amount=query.amount)


def payment_conditions(wanted: search.PaymentFilter | None, invoice_id: str | None = None) -> Conditions:
    """Raises InvalidRequest for an enum's value that is not known here."""
    wanted = wanted or search.PaymentFilter()
    return _said(
        invoice_id=invoice_id,
        status=_named(domain.PaymentStatus, PaymentStatus, wanted.status),
        flow=_tag(search.FlowKind, wanted.flow),
        tool=_tag(search.ToolKind, wanted.tool),
        **_digits(wanted.last4),
        **{name: getattr(wanted, name) for name in PAYMENT_TEXTS},
    )


def refund_conditions(query: search.RefundQuery) -> Conditions:
    """Raises InvalidRequest for a status that is not known here."""
    status = _named(domain.RefundStatus, RefundStatus, query.status)
    return _said(status=status, **{name: getattr(query, name) for name in REFUND_TEXTS})


def invoice_page_to_thrift(page: Page) -> search.InvoicePage:
    return search.InvoicePage(
        invoices=list(map(invoice_to_thrift, page.items)), continuation_token=page.token, total_count=page.total
    )


def payment_page_to_thrift(page: Page) -> search.PaymentPage:
    return search.PaymentPage(
        payments=list(map(payment_to_thrift, page.items)), continuation_token=page.token, total_count=page.total
    )


def refund_page_to_thrift(found: Counted) -> search.RefundPage:
    return search.RefundPage(
        refunds=list(map(refund_to_thrift, found.items)), total_count=found.total, continuation_token=found.token
    )


def _said(**conditions: Any) -> Conditions:
    return {name: value for name, value in conditions.items() if value is not None}


def _digits(last4: str | None) -> dict[str, str]:
    """A card's last digits: all four, or fewer that it ends with."""
    if not last4:
        return {}
    if not (last4.isascii() and last4.isdigit() and len(last4) <= LAST_DIGITS):
        raise InvalidRequest([f"The last digits of a card are {LAST_DIGITS} at most"])
    return {"last4": last4} if len(last4) == LAST_DIGITS else {"card_ends_with": f"%{last4}"}


def _named(members: Any, status: Any, number: int | None) -> str | None:
    """The stored word of an enum's number."""
    name = _tag(members, number)
    return None if name is None else status[name.upper()].value


def _tag(members: Any, number: int | None) -> str | None:
    if number is None:
        return None
    name = members.name_of(number)
    if name is None:
        raise InvalidRequest([f"{members.__name__} {number} is not known here"])
    return name.lower()


def _first_ms(moment: datetime) -> int:
    """The first whole millisecond at or after the moment."""
    return -((EPOCH - moment) // MILLISECOND)
