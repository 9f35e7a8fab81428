"""Search: query parameters -> search.*Query; pages -> {totalCount, result}."""

from typing import Any

from capi_v1.shapes.absent import Json, without_absent
from capi_v1.shapes.invoice import INVOICE_STATUS, invoice_to_json
from capi_v1.shapes.payment import PAYMENT_STATUS_TO_THRIFT, payment_search_result_to_json
from capi_v1.shapes.timestamps import timestamp_to_thrift
from rpc.protocol import search

INVOICE_STATUS_TO_THRIFT = {name: status for status, name in INVOICE_STATUS.items()}
FLOW_TO_THRIFT = {"instant": search.FlowKind.INSTANT, "hold": search.FlowKind.HOLD}
TOOL_TO_THRIFT = {"bankCard": search.ToolKind.BANK_CARD, "paymentTerminal": search.ToolKind.PAYMENT_TERMINAL}

# Query parameter -> field of search.PaymentFilter, for those that pass as they are.
PAYMENT_TEXTS = {
    "payment_terminal_provider": "terminal_provider",
    "payment_id": "payment_id",
    "payer_email": "payer_email",
    "payer_ip": "payer_ip",
    "payer_fingerprint": "payer_fingerprint",
    "customer_id": "customer_id",
    "bank_card_token_provider": "token_provider",
    "bank_card_payment_system": "payment_system",
    "card_number_mask": "last4",
    "payment_amount": "amount",
}
# So many digits of a card's beginning are known to the platform.
BIN_DIGITS = 6

# The contract bounds `offset` from below only; there is nothing behind what the platform can count.
OFFSET_MAX = 2**31 - 1

Filters = dict[str, Any]


def invoice_query_to_thrift(party_id: str, shop_id: str, limit: int, filters: Filters) -> search.InvoiceQuery:
    return search.InvoiceQuery(
        party_id=party_id,
        shop_id=shop_id,
        created=_time_range(filters),
        limit=limit,
        offset=_offset(filters),
        invoice_id=filters.get("invoice_id"),
        status=INVOICE_STATUS_TO_THRIFT.get(filters.get("invoice_status")),
        amount=filters.get("invoice_amount"),
        payment=_payment_filter(filters),
    )


def payment_query_to_thrift(party_id: str, shop_id: str, limit: int, filters: Filters) -> search.PaymentQuery:
    return search.PaymentQuery(
        party_id=party_id,
        shop_id=shop_id,
        created=_time_range(filters),
        limit=limit,
        offset=_offset(filters),
        invoice_id=filters.get("invoice_id"),
        payment=_payment_filter(filters),
    )


def invoice_page_to_json(page: search.InvoicePage) -> Json:
    invoices = [invoice_to_json(invoice) for invoice in page.invoices]
    return without_absent({"totalCount": page.total_count, "result": invoices})


def payment_page_to_json(page: search.PaymentPage, consumer: str) -> Json:
    payments = [payment_search_result_to_json(payment, consumer) for payment in page.payments]
    return without_absent({"totalCount": page.total_count, "result": payments})


def _time_range(filters: Filters) -> search.TimeRange:
    return search.TimeRange(
        from_time=timestamp_to_thrift(filters["from_time"]), to_time=timestamp_to_thrift(filters["to_time"])
    )


def _offset(filters: Filters) -> int:
    return min(filters.get("offset") or 0, OFFSET_MAX)


def _payment_filter(filters: Filters) -> search.PaymentFilter | None:
    """None when nothing is asked of the payment, so that invoices without one are found too."""
    fields = {field: filters[name] for name, field in PAYMENT_TEXTS.items() if filters.get(name) is not None}
    card_begins = filters.get("bin")
    fields |= without_absent(
        {
            "first6": None if card_begins is None else card_begins[:BIN_DIGITS],
            "status": PAYMENT_STATUS_TO_THRIFT.get(filters.get("payment_status")),
            "flow": FLOW_TO_THRIFT.get(filters.get("payment_flow")),
            "tool": TOOL_TO_THRIFT.get(filters.get("payment_method")),
        }
    )
    return search.PaymentFilter(**fields) if fields else None
