"""Refunds: RefundParams -> Thrift; domain.Refund -> Refund, RefundSearchResult."""

from capi_v2.shapes.absent import Json, if_present, without_absent
from capi_v2.shapes.allocation import allocation_to_json, allocation_to_thrift
from capi_v2.shapes.cart import cart_to_json, cart_to_thrift
from capi_v2.shapes.failure import refund_error_to_json
from rpc.protocol import domain, payment_processing

REFUND_STATUS = {
    domain.RefundStatus.PENDING: "pending",
    domain.RefundStatus.SUCCEEDED: "succeeded",
    domain.RefundStatus.FAILED: "failed",
}
REFUND_STATUS_TO_THRIFT = {name: status for status, name in REFUND_STATUS.items()}


def refund_params_to_thrift(body: Json, *, id: str, cart_currency: str | None) -> payment_processing.RefundParams:
    """`cart_currency`: the payment's where the body has a cart and says no currency."""
    currency = body.get("currency")
    return payment_processing.RefundParams(
        id=id,
        amount=body.get("amount"),
        currency=currency,
        reason=body.get("reason"),
        cart=if_present(body.get("cart"), lambda lines: cart_to_thrift(lines, cart_currency or currency)),
        allocation=if_present(body.get("allocation"), allocation_to_thrift),
        external_id=body.get("externalID"),
    )


def refund_to_json(refund: domain.Refund) -> Json:
    return without_absent(
        {
            "id": refund.id,
            "externalID": refund.external_id,
            "createdAt": refund.created_at,
            "amount": refund.cash.amount,
            "currency": refund.cash.currency,
            "reason": refund.reason,
            "cart": if_present(refund.cart, cart_to_json),
            "allocation": if_present(refund.allocation, allocation_to_json),
            **refund_status_to_json(refund.status, refund.failure),
        }
    )


def refund_search_result_to_json(refund: domain.Refund) -> Json:
    return {"invoiceID": refund.invoice_id, "paymentID": refund.payment_id, **refund_to_json(refund)}


def refund_status_to_json(status: int, failure: domain.OperationFailure | None) -> Json:
    """RefundStatus of the contract: `status`, and `error` of a failed one."""
    return without_absent({"status": REFUND_STATUS[status], "error": if_present(failure, refund_error_to_json)})
