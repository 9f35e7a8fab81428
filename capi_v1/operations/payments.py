"""Tag Payments: payments of an invoice, their captures, cancellations and refunds. Every creation makes a new one.

Making money move backwards or at another moment than agreed (capture, cancel, refund) asks for a right over the
payments of all invoices, which a merchant's token has and a payer's has not; what a payer may do names the invoice.
"""

from typing import Any

from capi_v1 import shapes
from capi_v1.errors import UNFIT_CART, UNFIT_FOR_PAYMENT
from rpc.protocol import domain
from translator.call import Call
from translator.errors import Problem
from translator.operation import operation
from translator.reply import Reply, accepted, created, ok

ALL_PAYMENTS_READ = "invoices.*.payments:read"
ALL_PAYMENTS_WRITE = "invoices.*.payments:write"
INVOICE_NOT_FOUND = "Invoice not found"
PAYMENT_NOT_FOUND = "Payment not found"
REFUND_NOT_FOUND = "Invoice payment refund not found"
# Ids below it belong to refunds that were made before refunds had numbers of their own.
FIRST_REFUND = 100


@operation(scope="invoices.{invoiceID}.payments:write", not_found=INVOICE_NOT_FOUND, errors=UNFIT_FOR_PAYMENT)
async def create_payment(call: Call, invoice_id: str, payment_params: dict[str, Any]) -> Reply:
    payer = payer_of(call, payment_params["payer"])
    # Numbers are drawn for invoices that exist: a path may hold anything, and what names a sequence is kept for ever.
    await call.rpc.invoicing.Get(invoice_id)
    payment_id = await call.id_for({}, sequence=f"payments/{invoice_id}/{call.party_id}")
    params = shapes.payment_params_to_thrift(payment_params, id=payment_id, payer=payer)
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


@operation(scope=ALL_PAYMENTS_WRITE, not_found=PAYMENT_NOT_FOUND, errors=UNFIT_CART)
async def capture_payment(call: Call, invoice_id: str, payment_id: str, capture_payment: dict[str, Any]) -> Reply:
    params = shapes.capture_params_to_thrift(capture_payment)
    await call.rpc.invoicing.CapturePayment(invoice_id, payment_id, params)
    return accepted()


@operation(scope=ALL_PAYMENTS_WRITE, not_found=PAYMENT_NOT_FOUND)
async def cancel_payment(call: Call, invoice_id: str, payment_id: str, cancel_payment: dict[str, Any]) -> Reply:
    await call.rpc.invoicing.CancelPayment(invoice_id, payment_id, cancel_payment["reason"])
    return accepted()


@operation(scope=ALL_PAYMENTS_WRITE, not_found=PAYMENT_NOT_FOUND, errors=UNFIT_CART)
async def create_refund(call: Call, invoice_id: str, payment_id: str, refund_params: dict[str, Any]) -> Reply:
    await call.rpc.invoicing.GetPayment(invoice_id, payment_id)
    refund_id = await call.id_for(
        {}, sequence=f"refunds/{invoice_id}/{payment_id}/{call.party_id}", sequence_from=FIRST_REFUND
    )
    params = shapes.refund_params_to_thrift(refund_params, id=refund_id)
    return created(shapes.refund_to_json(await call.rpc.invoicing.RefundPayment(invoice_id, payment_id, params)))


@operation(scope=ALL_PAYMENTS_READ, not_found=PAYMENT_NOT_FOUND)
async def get_refunds(call: Call, invoice_id: str, payment_id: str) -> Reply:
    refunds = await call.rpc.invoicing.GetRefunds(invoice_id, payment_id)
    return ok([shapes.refund_to_json(refund) for refund in refunds])


@operation(scope=ALL_PAYMENTS_READ, not_found=REFUND_NOT_FOUND)
async def get_refund_by_id(call: Call, invoice_id: str, payment_id: str, refund_id: str) -> Reply:
    return ok(shapes.refund_to_json(await call.rpc.invoicing.GetRefund(invoice_id, payment_id, refund_id)))


def payer_of(call: Call, payer: dict[str, Any]) -> domain.Payer:
    """Opens the token and session of a payment resource. Raises InvalidToken, Problem."""
    if payer["payerType"] == "CustomerPayer":
        raise Problem("invalidRequest", "Customer not found")
    tool = call.payment_tool_tokens.open(payer["paymentToolToken"], call.now)
    return shapes.resource_payer_to_thrift(payer, tool, shapes.payment_session_to_thrift(payer["paymentSession"]))
