"""Refunds: RefundParams -> Thrift; domain.Refund -> Refund."""

from capi_v1.shapes.absent import Json, if_present, without_absent
from capi_v1.shapes.failure import refund_error_to_json
from rpc.protocol import domain, payment_processing

REFUND_STATUS = {
    domain.RefundStatus.PENDING: "pending",
    domain.RefundStatus.SUCCEEDED: "succeeded",
    domain.RefundStatus.FAILED: "failed",
}


def refund_params_to_thrift(body: Json, *, id: str) -> payment_processing.RefundParams:
    return payment_processing.RefundParams(
        id=id, amount=body.get("amount"), currency=body.get("currency"), reason=body.get("reason")
    )


def refund_to_json(refund: domain.Refund) -> Json:
    return without_absent(
        {
            "id": refund.id,
            "createdAt": refund.created_at,
            "amount": refund.cash.amount,
            "currency": refund.cash.currency,
            "reason": refund.reason,
            **refund_status_to_json(refund.status, refund.failure),
        }
    )


def refund_status_to_json(status: int, failure: domain.OperationFailure | None) -> Json:
    """RefundStatus of the contract: `status`, and `error` of a failed one."""
    return without_absent({"status": REFUND_STATUS[status], "error": if_present(failure, refund_error_to_json)})
