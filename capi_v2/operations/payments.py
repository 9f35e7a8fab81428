"""Tag Payments: payments of an invoice, their captures, cancellations, refunds and chargebacks.

Making money move backwards or at another moment than agreed (capture, cancel, refund) asks for a right over the
payments of all invoices, which a merchant's token has and a payer's has not; what a payer may do names the invoice.
"""

from typing import Any

from capi_v2 import features, shapes
from rpc.protocol import domain
from translator.call import Call
from translator.errors import Denied, Problem
from translator.operation import operation
from translator.reply import Reply, accepted, created, ok

ALL_PAYMENTS_READ = "invoices.*.payments:read"
ALL_PAYMENTS_WRITE = "invoices.*.payments:write"
INVOICE_NOT_FOUND = "Invoice not found"
PAYMENT_NOT_FOUND = "Payment not found"
REFUND_NOT_FOUND = "Invoice payment refund not found"
CHARGEBACK_NOT_FOUND = "Chargeback not found"
# Ids below it belong to refunds that were made before refunds had numbers of their own.
FIRST_REFUND = 100


@operation(scope="invoices.{invoiceID}.payments:write", not_found=INVOICE_NOT_FOUND, features=features.PAYMENT)
async def create_payment(call: Call, invoice_id: str, payment_params: dict[str, Any]) -> Reply:
    deadline = shapes.processing_deadline_to_thrift(payment_params.get("processingDeadline"), call.now)
    payer = payer_of(call, payment_params["payer"])
    payment_id = None
    if payment_params.get("externalID") is not None:
        # Keys are bound for invoices that exist: a path may hold anything, and a binding is kept for ever.
        await call.rpc.invoicing.Get(invoice_id)
        payment_id = await call.id_for(
            features.payment_meaning(payment_params, invoice_id, payer),
            sequence=f"payments/{invoice_id}/{call.party_id}",
            context={"invoice_id": invoice_id},
        )
    params = shapes.payment_params_to_thrift(payment_params, id=payment_id, payer=payer, processing_deadline=deadline)
    payment = await call.rpc.invoicing.StartPayment(invoice_id, params)
    return created(shapes.payment_to_json(payment, call.identity.consumer))


@operation(scope="invoices.{invoiceID}.payments:read", not_found=INVOICE_NOT_FOUND)
async def get_payments(call: Call, invoice_id: str) -> Reply:
    payments = await call.rpc.invoicing.GetPayments(invoice_id)
    return ok([shapes.payment_to_json(payment, call.identity.consumer) for payment in payments])


@operation(scope="invoices.{invoiceID}.payments.{paymentID}:read", not_found=PAYMENT_NOT_FOUND)
async def get_payment_by_id(call: Call, invoice_id: str, payment_id: str) -> Reply:
    payment = await call.rpc.invoicing.GetPayment(invoice_id, payment_id)
    return ok(shapes.payment_to_json(payment, call.identity.consumer))


@operation(scope=ALL_PAYMENTS_READ, not_found=PAYMENT_NOT_FOUND)
async def get_payment_by_external_id(call: Call, external_id: str) -> Reply:
    binding = await call.lookup_id("createPayment", external_id)
    payment = await call.rpc.invoicing.GetPayment(binding.context["invoice_id"], binding.id)
    return ok(shapes.payment_to_json(payment, call.identity.consumer))


@operation(scope=ALL_PAYMENTS_WRITE, not_found=PAYMENT_NOT_FOUND)
async def capture_payment(call: Call, invoice_id: str, payment_id: str, capture_payment: dict[str, Any]) -> Reply:
    currency = await cart_currency(call, invoice_id, payment_id, capture_payment)
    params = shapes.capture_params_to_thrift(capture_payment, cart_currency=currency)
    await call.rpc.invoicing.CapturePayment(invoice_id, payment_id, params)
    return accepted()


@operation(scope=ALL_PAYMENTS_WRITE, not_found=PAYMENT_NOT_FOUND)
async def cancel_payment(call: Call, invoice_id: str, payment_id: str, cancel_payment: dict[str, Any]) -> Reply:
    await call.rpc.invoicing.CancelPayment(invoice_id, payment_id, cancel_payment["reason"])
    return accepted()


@operation(scope=ALL_PAYMENTS_WRITE, not_found=PAYMENT_NOT_FOUND, features=features.REFUND)
async def create_refund(call: Call, invoice_id: str, payment_id: str, refund_params: dict[str, Any]) -> Reply:
    payment = await call.rpc.invoicing.GetPayment(invoice_id, payment_id)
    refund_id = await call.id_for(
        features.refund_meaning(refund_params, invoice_id, payment_id),
        sequence=f"refunds/{invoice_id}/{payment_id}/{call.party_id}",
        sequence_from=FIRST_REFUND,
        context={"invoice_id": invoice_id, "payment_id": payment_id},
    )
    currency = refund_params.get("currency", payment.cost.currency)
    params = shapes.refund_params_to_thrift(refund_params, id=refund_id, cart_currency=currency)
    return created(shapes.refund_to_json(await call.rpc.invoicing.RefundPayment(invoice_id, payment_id, params)))


@operation(scope=ALL_PAYMENTS_READ, not_found=PAYMENT_NOT_FOUND)
async def get_refunds(call: Call, invoice_id: str, payment_id: str) -> Reply:
    refunds = await call.rpc.invoicing.GetRefunds(invoice_id, payment_id)
    return ok([shapes.refund_to_json(refund) for refund in refunds])


@operation(scope=ALL_PAYMENTS_READ, not_found=REFUND_NOT_FOUND)
async def get_refund_by_id(call: Call, invoice_id: str, payment_id: str, refund_id: str) -> Reply:
    return ok(shapes.refund_to_json(await call.rpc.invoicing.GetRefund(invoice_id, payment_id, refund_id)))


@operation(scope=ALL_PAYMENTS_READ, not_found="Refund not found")
async def get_refund_by_external_id(call: Call, external_id: str) -> Reply:
    binding = await call.lookup_id("createRefund", external_id)
    place = binding.context
    refund = await call.rpc.invoicing.GetRefund(place["invoice_id"], place["payment_id"], binding.id)
    return ok(shapes.refund_to_json(refund))


@operation(scope=ALL_PAYMENTS_READ, not_found=PAYMENT_NOT_FOUND)
async def get_chargebacks(call: Call, invoice_id: str, payment_id: str) -> Reply:
    chargebacks = await call.rpc.invoicing.GetChargebacks(invoice_id, payment_id)
    return ok([shapes.chargeback_to_json(chargeback) for chargeback in chargebacks])


@operation(scope=ALL_PAYMENTS_READ, not_found=CHARGEBACK_NOT_FOUND)
async def get_chargeback_by_id(call: Call, invoice_id: str, payment_id: str, chargeback_id: str) -> Reply:
    chargeback = await call.rpc.invoicing.GetChargeback(invoice_id, payment_id, chargeback_id)
    return ok(shapes.chargeback_to_json(chargeback))


def payer_of(call: Call, payer: dict[str, Any]) -> domain.Payer:
    """Opens the token and session of a payment resource. Raises InvalidToken, Problem.

    Denied to whoever pays one invoice and would charge the card that paid another.
    """
    if payer["payerType"] == "RecurrentPayer":
        if call.identity.consumer == "client":
            raise Denied
        return shapes.recurrent_payer_to_thrift(payer)
    if payer["payerType"] == "CustomerPayer":
        raise Problem("invalidRequest", "Customer not found")
    tool = call.payment_tool_tokens.open(payer["paymentToolToken"], call.now)
    return shapes.resource_payer_to_thrift(payer, tool, shapes.payment_session_to_thrift(payer["paymentSession"]))


async def cart_currency(call: Call, invoice_id: str, payment_id: str, body: dict[str, Any]) -> str | None:
    """The payment's currency, asked for only where the body has a cart and does not say in which currency."""
    if "cart" not in body or "currency" in body:
        return None
    return (await call.rpc.invoicing.GetPayment(invoice_id, payment_id)).cost.currency
