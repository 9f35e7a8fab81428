"""Refunds: RefundParams -> Thrift; domain.Refund -> Refund."""

from capi_v3.shapes.absent import Json, if_present, without_absent
from capi_v3.shapes.failure import failure_to_json
from capi_v3.shapes.ids import INVOICE, SHOP, payment_id_to_json, refund_id_to_json
from capi_v3.shapes.money import money_to_json
from capi_v3.shapes.payment import bank_reference_to_json
from rpc.protocol import domain, payment_processing

REFUND_STATUS = {
    domain.RefundStatus.PENDING: "pending",
    domain.RefundStatus.SUCCEEDED: "succeeded",
    domain.RefundStatus.FAILED: "failed",
}
REFUND_STATUS_TO_THRIFT = {name: status for status, name in REFUND_STATUS.items()}


def refund_params_to_thrift(body: Json, *, id: str) -> payment_processing.RefundParams:
    amount = body.get("amount", {})
    return payment_processing.RefundParams(
        id=id, amount=amount.get("amount"), currency=amount.get("currency"), reason=body.get("reason")
    )


def refund_to_json(refund: domain.Refund, consumer: str) -> Json:
    id = refund_id_to_json(refund.invoice_id, refund.payment_id, refund.id)
    payment_id = payment_id_to_json(refund.invoice_id, refund.payment_id)
    return without_absent(
        {
            "id": id,
            "object": "refund",
            "createdAt": refund.created_at,
            "version": refund.revision or 0,
            "links": {"self": f"/v3/refunds/{id}", "payment": f"/v3/payments/{payment_id}"},
            "invoiceId": INVOICE + refund.invoice_id,
            "paymentId": payment_id,
            "shopId": SHOP + refund.shop_id,
            "status": REFUND_STATUS[refund.status],
            "amount": money_to_json(refund.cash),
            "reason": refund.reason,
            "failure": if_present(refund.failure, lambda failure: failure_to_json(failure, consumer)),
            "bankReference": if_present(refund.transaction, bank_reference_to_json),
            "externalId": refund.external_id,
        }
    )
