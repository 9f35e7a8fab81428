"""Payments: PaymentParams and CaptureParams -> Thrift; domain.Payment -> Payment."""

from capi_v3.shapes.absent import Json, if_present, without_absent
from capi_v3.shapes.failure import failure_to_json
from capi_v3.shapes.ids import INVOICE, SHOP, payment_id_to_json
from capi_v3.shapes.metadata import metadata_to_json, metadata_to_thrift
from capi_v3.shapes.money import money_to_json
from capi_v3.shapes.next_action import next_action_to_json
from capi_v3.shapes.payer import payer_to_json
from capi_v3.shapes.payment_method import payment_method_to_json
from rpc.protocol import domain, payment_processing

PAYMENT_STATUS = {
    domain.PaymentStatus.PENDING: "pending",
    domain.PaymentStatus.PROCESSED: "authorized",
    domain.PaymentStatus.CAPTURED: "captured",
    domain.PaymentStatus.CANCELLED: "cancelled",
    domain.PaymentStatus.REFUNDED: "refunded",
    domain.PaymentStatus.FAILED: "failed",
    domain.PaymentStatus.CHARGED_BACK: "chargedBack",
}
PAYMENT_STATUS_TO_THRIFT = {name: status for status, name in PAYMENT_STATUS.items()}
HOLD_EXPIRATION = {domain.OnHoldExpiration.CANCEL: "cancel", domain.OnHoldExpiration.CAPTURE: "capture"}
HOLD_EXPIRATION_TO_THRIFT = {name: rule for rule, name in HOLD_EXPIRATION.items()}


def payment_params_to_thrift(body: Json, *, id: str, payer: domain.Payer) -> payment_processing.PaymentParams:
    return payment_processing.PaymentParams(
        id=id,
        payer=payer,
        payer_session_info=if_present(body.get("returnUrl"), lambda url: domain.PayerSessionInfo(redirect_url=url)),
        flow=_flow_to_thrift(body),
        make_recurrent=body.get("recurring", False),
        context=if_present(body.get("metadata"), metadata_to_thrift),
    )


def capture_params_to_thrift(body: Json) -> payment_processing.CaptureParams:
    amount = body.get("amount", {})
    return payment_processing.CaptureParams(
        reason=body.get("reason", "captured"), amount=amount.get("amount"), currency=amount.get("currency")
    )


def payment_to_json(payment: domain.Payment, consumer: str) -> Json:
    """`consumer` ("merchant", or "client": a payer) decides how much is told of a failure, and whether the fee is."""
    id = payment_id_to_json(payment.invoice_id, payment.id)
    path = f"/v3/payments/{id}"
    tool = payment.payer.value.payment_tool
    return_url = payment.payer_session_info.redirect_url if payment.payer_session_info else None
    return without_absent(
        {
            "id": id,
            "object": "payment",
            "createdAt": payment.created_at,
            "version": payment.revision or 0,
            "links": {
                "self": path,
                "invoice": f"/v3/invoices/{INVOICE}{payment.invoice_id}",
                "captures": f"{path}/captures",
                "cancellations": f"{path}/cancellations",
                "refunds": f"{path}/refunds",
            },
            "invoiceId": INVOICE + payment.invoice_id,
            "shopId": SHOP + payment.shop_id,
            "status": PAYMENT_STATUS[payment.status],
            "statusReason": payment.status_reason,
            "statusChangedAt": payment.status_changed_at,
            "amount": money_to_json(payment.cost),
            "capturedAmount": if_present(payment.captured_cost, money_to_json),
            **_flow_to_json(payment.flow),
            "source": _source_to_json(payment.payer),
            "paymentMethod": if_present(tool, payment_method_to_json),
            "payer": payer_to_json(payment.payer) or None,
            "nextAction": if_present(payment.interaction, lambda asked: next_action_to_json(asked, return_url)),
            "failure": if_present(payment.failure, lambda failure: failure_to_json(failure, consumer)),
            "fee": if_present(payment.fee, money_to_json) if consumer != "client" else None,
            "bankReference": if_present(payment.transaction, bank_reference_to_json),
            "recurring": payment.make_recurrent,
            "externalId": payment.external_id,
            "metadata": metadata_to_json(payment.context),
        }
    )


def bank_reference_to_json(transaction: domain.TransactionInfo) -> Json | None:
    """None while the bank has given neither number."""
    return without_absent({"rrn": transaction.rrn, "approvalCode": transaction.approval_code}) or None


def _flow_to_thrift(body: Json) -> domain.PaymentFlow:
    if body.get("capture", "automatic") == "automatic":
        return domain.PaymentFlow(instant=domain.InstantFlow())
    rule = HOLD_EXPIRATION_TO_THRIFT[body.get("holdExpiration", "cancel")]
    return domain.PaymentFlow(hold=domain.HoldFlow(on_hold_expiration=rule))


def _flow_to_json(flow: domain.PaymentFlow) -> Json:
    if flow.hold is None:
        return {"capture": "automatic"}
    return {
        "capture": "manual",
        "holdExpiration": HOLD_EXPIRATION[flow.hold.on_hold_expiration],
        "heldUntil": flow.hold.held_until,
    }


def _source_to_json(payer: domain.Payer) -> Json:
    if payer.recurrent is None:
        return {"type": "token"}
    parent = payer.recurrent.parent
    return {"type": "recurring", "paymentId": payment_id_to_json(parent.invoice_id, parent.payment_id)}
