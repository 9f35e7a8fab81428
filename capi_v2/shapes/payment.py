"""Payments: PaymentParams and CaptureParams -> Thrift; domain.Payment -> Payment, PaymentSearchResult."""

import re

from capi_v2.shapes.absent import Json, if_present, without_absent
from capi_v2.shapes.allocation import allocation_to_json, allocation_to_thrift
from capi_v2.shapes.cart import cart_to_json, cart_to_thrift
from capi_v2.shapes.failure import payment_error_to_json
from capi_v2.shapes.metadata import metadata_to_json, metadata_to_thrift
from capi_v2.shapes.payer import payer_to_json, session_info_to_thrift
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
# the merchant does not have the money; the chargeback itself can be read beside the payment.
PAYMENT_STATUS_SHOWN = {**PAYMENT_STATUS, domain.PaymentStatus.CHARGED_BACK: "refunded"}
ON_HOLD_EXPIRATION = {domain.OnHoldExpiration.CANCEL: "cancel", domain.OnHoldExpiration.CAPTURE: "capture"}
ON_HOLD_EXPIRATION_TO_THRIFT = {name: rule for rule, name in ON_HOLD_EXPIRATION.items()}
RRN = re.compile(r"[a-zA-Z0-9]{12}", re.ASCII)


def payment_params_to_thrift(
    body: Json, *, id: str | None, payer: domain.Payer, processing_deadline: str | None
) -> payment_processing.PaymentParams:
    return payment_processing.PaymentParams(
        id=id,
        payer=payer,
        payer_session_info=session_info_to_thrift(body["payer"]),
        flow=payment_flow_to_thrift(body["flow"]),
        make_recurrent=body.get("makeRecurrent", False),
        context=if_present(body.get("metadata"), metadata_to_thrift),
        external_id=body.get("externalID"),
        processing_deadline=processing_deadline,
    )


def capture_params_to_thrift(body: Json, *, cart_currency: str | None) -> payment_processing.CaptureParams:
    """`cart_currency`: the payment's where the body has a cart and says no currency."""
    currency = body.get("currency")
    return payment_processing.CaptureParams(
        reason=body["reason"],
        amount=body.get("amount"),
        currency=currency,
        cart=if_present(body.get("cart"), lambda lines: cart_to_thrift(lines, cart_currency or currency)),
        allocation=if_present(body.get("allocation"), allocation_to_thrift),
    )


def payment_to_json(payment: domain.Payment, consumer: str) -> Json:
    """`consumer` ("merchant" or "client") decides how much of a failure and of the payer is told."""
    return without_absent(
        {
            "id": payment.id,
            "externalID": payment.external_id,
            **_money_and_payer(payment, consumer),
            "metadata": if_present(payment.context, metadata_to_json),
            "allocation": if_present(payment.allocation, allocation_to_json),
            **payment_status_to_json(payment.status, payment.failure, consumer),
        }
    )


def payment_search_result_to_json(payment: domain.Payment, consumer: str) -> Json:
    return without_absent(
        {
            "id": payment.id,
            "shortID": f"{payment.invoice_id}.{payment.id}",
            "shopID": payment.shop_id,
            **_money_and_payer(payment, consumer),
            "fee": if_present(payment.fee, lambda fee: fee.amount),
            "metadata": if_present(payment.context, metadata_to_json),
            "statusChangedAt": payment.status_changed_at,
            "cart": if_present(payment.cart, cart_to_json),
            "allocation": if_present(payment.allocation, allocation_to_json),
            **payment_status_to_json(payment.status, payment.failure, consumer),
        }
    )


def payment_status_to_json(status: int, failure: domain.OperationFailure | None, consumer: str) -> Json:
    """PaymentStatus of the contract: `status`, and `error` of a failed one."""
    error = if_present(failure, lambda value: payment_error_to_json(value, consumer))
    return without_absent({"status": PAYMENT_STATUS_SHOWN[status], "error": error})


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
    """What both forms of a payment say. A partly captured payment is worth what was captured."""
    cost = payment.captured_cost or payment.cost
    return {
        "invoiceID": payment.invoice_id,
        "createdAt": payment.created_at,
        "amount": cost.amount,
        "currency": cost.currency,
        "flow": payment_flow_to_json(payment.flow),
        "payer": payer_to_json(payment.payer, payment.payer_session_info, consumer),
        "transactionInfo": if_present(payment.transaction, _transaction_to_json),
        "makeRecurrent": payment.make_recurrent,
    }


def _transaction_to_json(transaction: domain.TransactionInfo) -> Json:
    """A bank's reference number that the contract's pattern refuses is left out rather than shown broken."""
    rrn = transaction.rrn if transaction.rrn and RRN.fullmatch(transaction.rrn) else None
    return without_absent({"rrn": rrn, "approvalCode": transaction.approval_code})
