"""Search: query parameters -> search.*Query. Bounds that are left out are those of all time."""

from typing import Any

from capi_v3.shapes.absent import if_present
from capi_v3.shapes.ids import invoice_id_to_thrift, payment_id_to_thrift, shop_id_to_thrift
from capi_v3.shapes.invoice import INVOICE_STATUS_TO_THRIFT
from capi_v3.shapes.payment import PAYMENT_STATUS_TO_THRIFT
from capi_v3.shapes.refund import REFUND_STATUS_TO_THRIFT
from capi_v3.shapes.timestamps import timestamp_to_thrift
from rpc.protocol import search
from translator.errors import Problem

BEGINNING, END = "1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z"
FLOW = {"automatic": search.FlowKind.INSTANT, "manual": search.FlowKind.HOLD}
# Query parameter -> field of search.PaymentFilter, for those that pass as they are.
PAYMENT_TEXTS = {
    "payer_email": "payer_email",
    "card_first6": "first6",
    "card_last4": "last4",
    "bank_reference_rrn": "rrn",
}
Filters = dict[str, Any]


def invoice_query_to_thrift(party_id: str, limit: int, filters: Filters) -> search.InvoiceQuery:
    return search.InvoiceQuery(
        **_page(party_id, limit, filters), status=INVOICE_STATUS_TO_THRIFT.get(filters.get("status"))
    )


def payment_query_to_thrift(party_id: str, limit: int, filters: Filters) -> search.PaymentQuery:
    texts = {field: filters[name] for name, field in PAYMENT_TEXTS.items() if filters.get(name) is not None}
    status, flow = PAYMENT_STATUS_TO_THRIFT.get(filters.get("status")), FLOW.get(filters.get("capture"))
    return search.PaymentQuery(
        **_page(party_id, limit, filters),
        invoice_id=if_present(filters.get("invoice_id"), invoice_id_to_thrift),
        payment=search.PaymentFilter(status=status, flow=flow, **texts),
    )


def refund_query_to_thrift(party_id: str, limit: int, filters: Filters) -> search.RefundQuery:
    """Raises Problem for a payment and an invoice that do not belong together."""
    payment = if_present(filters.get("payment_id"), payment_id_to_thrift)
    invoice_id = if_present(filters.get("invoice_id"), invoice_id_to_thrift)
    if payment and invoice_id not in (None, payment.invoice):
        raise Problem("unprocessable", "The payment is not one of the invoice", 422)
    return search.RefundQuery(
        **_page(party_id, limit, filters),
        offset=0,
        invoice_id=payment.invoice if payment else invoice_id,
        payment_id=payment.payment if payment else None,
        status=REFUND_STATUS_TO_THRIFT.get(filters.get("status")),
    )


def _page(party_id: str, limit: int, filters: Filters) -> dict[str, Any]:
    created = search.TimeRange(
        from_time=timestamp_to_thrift(filters.get("created_at_gte") or BEGINNING),
        to_time=timestamp_to_thrift(filters.get("created_at_lt") or END),
    )
    return {
        "party_id": party_id,
        "shop_id": if_present(filters.get("shop_id"), shop_id_to_thrift),
        "created": created,
        "limit": limit,
        "continuation_token": filters.get("after"),
    }
