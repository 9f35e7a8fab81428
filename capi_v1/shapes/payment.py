"""Payments: PaymentParams and Reason -> Thrift; domain.Payment -> Payment, PaymentSearchResult."""

from capi_v1.shapes.absent import Json, if_present, without_absent
from capi_v1.shapes.failure import payment_error_to_json
from capi_v1.shapes.metadata import metadata_to_json
from capi_v1.shapes.payer import payer_to_json
from rpc.protocol import domain, payment_processing

PAYMENT_STATUS = {
    domain.PaymentStatus.PENDING: "pending",
    domain.PaymentStatus.PROCESSED: "processed",
    domain.PaymentStatus.CAPTURED: "captured",
    domain.PaymentStatus.CANCELLED: "cancelled",
    domain.PaymentStatus.REFUNDED: "refunded",
    domain.PaymentStatus.FAILED: "failed",
}
PAYMENT_STATUS_TO_THRIFT = {name: status for status, name in PAYMENT_STATUS.items()}
# The contract has no word for money that a bank took back after a dispute. Of its words "refunded" alone says that
# the merchant does not have the money.
PAYMENT_STATUS_SHOWN = {**PAYMENT_STATUS, domain.PaymentStatus.CHARGED_BACK: "refunded"}
ON_HOLD_EXPIRATION = {domain.OnHoldExpiration.CANCEL: "cancel", domain.OnHoldExpiration.CAPTURE: "capture"}
ON_HOLD_EXPIRATION_TO_THRIFT = {name: rule for rule, name in ON_HOLD_EXPIRATION.items()}


def payment_params_to_thrift(body: Json, *, id: str, payer: domain.Payer) -> payment_processing.PaymentParams:
    return payment_processing.PaymentParams(
        id=id, payer=payer, flow=payment_flow_to_thrift(body["flow"]), make_recurrent=False
    )


def capture_params_to_thrift(body: Json) -> payment_processing.CaptureParams:
    """All of the money: this version takes no part of it."""
    return payment_processing.CaptureParams(reason=body["reason"])


def payment_to_json(payment: domain.Payment, consumer: str) -> Json:
    """`consumer` ("merchant" or "client") decides how much of the payer is told."""
    return without_absent({"id": payment.id, **_money_and_payer(payment, consumer)})


def payment_search_result_to_json(payment: domain.Payment, consumer: str) -> Json:
    return without_absent(
        {
            "id": payment.id,
            "shortID": f"{payment.invoice_id}.{payment.id}",
            "shopID": payment.shop_id,
            **_money_and_payer(payment, consumer),
            "fee": if_present(payment.fee, lambda fee: fee.amount),
            "metadata": if_present(payment.context, metadata_to_json),
        }
    )


def payment_status_to_json(status: int, failure: domain.OperationFailure | None) -> Json:
    """PaymentStatus of the contract: `status`, and `error` of a failed one."""
    return without_absent({"status": PAYMENT_STATUS_SHOWN[status], "error": if_present(failure, payment_error_to_json)})


def payment_flow_to_thrift(flow: Json) -> domain.PaymentFlow:
    if flow["type"] == "PaymentFlowInstant":
        return domain.PaymentFlow(instant=domain.InstantFlow())
    rule = ON_HOLD_EXPIRATION_TO_THRIFT[flow["onHoldExpiration"]]
    return domain.PaymentFlow(hold=domain.HoldFlow(on_hold_expiration=rule))


def payment_flow_to_json(flow: domain.PaymentFlow) -> Json:
    if flow.hold is None:
        return {"type": "PaymentFlowInstant"}
    return without_absent(
        {
            "type": "PaymentFlowHold",
            "onHoldExpiration": ON_HOLD_EXPIRATION[flow.hold.on_hold_expiration],
            "heldUntil": flow.hold.held_until,
        }
    )


def _money_and_payer(payment: domain.Payment, consumer: str) -> Json:
    """What both forms of a payment say. A payment of which a part was captured is worth that part."""
    cost = payment.captured_cost or payment.cost
    return {
        "invoiceID": payment.invoice_id,
        "createdAt": payment.created_at,
        "amount": cost.amount,
        "currency": cost.currency,
        "flow": payment_flow_to_json(payment.flow),
        "payer": payer_to_json(payment.payer, consumer),
        **payment_status_to_json(payment.status, payment.failure),
    }
