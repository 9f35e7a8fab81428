"""Tag Payments: paying invoices, capturing and cancelling what is held.

Making money move backwards or at another moment than agreed asks for a right over the payments of all invoices, which a
merchant's token has and a payer's has not; what a payer may do names the invoice.
"""

from typing import Any

from capi_v3 import shapes
from capi_v3.operations.expanding import expanded_payment
from rpc.protocol import domain, payment_processing
from translator.call import Call
from translator.errors import OutOfScope
from translator.flows.second_attempts import once
from translator.operation import operation
from translator.reply import Reply, accepted, created, ok

ALL_PAYMENTS_READ = "invoices.*.payments:read"
ALL_PAYMENTS_WRITE = "invoices.*.payments:write"
INVOICE_NOT_FOUND = "Invoice not found"
PAYMENT_NOT_FOUND = "Payment not found"
WRONG_STATUS = payment_processing.InvalidPaymentStatus
STATUS = domain.PaymentStatus
# The bank is asked after the answer: until it has said something, the payment stays authorized.
AFTER_CAPTURE = {STATUS.PROCESSED, STATUS.CAPTURED, STATUS.REFUNDED, STATUS.CHARGED_BACK, STATUS.FAILED}
AFTER_CANCELLATION = {STATUS.PROCESSED, STATUS.CANCELLED}


@operation(scope="invoices.{invoiceId}.payments:write", not_found=INVOICE_NOT_FOUND)
async def create_payment(call: Call, invoice_id: str, payment_params: dict[str, Any]) -> Reply:
    invoice = shapes.invoice_id_to_thrift(invoice_id)
    # Numbers are drawn for invoices that exist: a path may hold anything, and what names a sequence is kept for ever.
    await call.rpc.invoicing.Get(invoice)
    sequence = f"payments/{invoice}/{call.party_id}"
    payment = await started_before(call, invoice, sequence)
    if payment is None:
        payer = payer_of(call, invoice, payment_params)
        params = shapes.payment_params_to_thrift(payment_params, id=await call.id_for(sequence=sequence), payer=payer)
        payment = await call.rpc.invoicing.StartPayment(invoice, params)
    return created(shapes.payment_to_json(payment, call.identity.consumer))


@operation(scope="invoices.{invoiceId}.payments:read", not_found=INVOICE_NOT_FOUND)
async def list_invoice_payments(call: Call, invoice_id: str) -> Reply:
    payments = await call.rpc.invoicing.GetPayments(shapes.invoice_id_to_thrift(invoice_id))
    found = [shapes.payment_to_json(payment, call.identity.consumer) for payment in payments]
    return ok(shapes.list_to_json(found, call.now))


@operation(scope=ALL_PAYMENTS_READ, not_found="Shop not found")
async def list_payments(call: Call, limit: int, **filters: Any) -> Reply:
    page = await call.rpc.search.Payments(shapes.payment_query_to_thrift(call.party_id, limit, filters))
    found = [shapes.payment_to_json(payment, call.identity.consumer) for payment in page.payments]
    return ok(shapes.list_to_json(found, call.now, cursor=page.continuation_token))


@operation(scope="invoices.{paymentId}.payments:read", not_found=PAYMENT_NOT_FOUND)
async def get_payment(call: Call, payment_id: str, expand: list[str] | None = None) -> Reply:
    payment = await call.rpc.invoicing.GetPayment(*shapes.payment_id_to_thrift(payment_id))
    return ok(await expanded_payment(call, payment, expand or []))


@operation(scope=ALL_PAYMENTS_WRITE, not_found=PAYMENT_NOT_FOUND)
async def capture_payment(call: Call, payment_id: str, capture_params: dict[str, Any]) -> Reply:
    place = shapes.payment_id_to_thrift(payment_id)
    params = shapes.capture_params_to_thrift(capture_params)
    await once(call, call.rpc.invoicing.CapturePayment(*place, params), WRONG_STATUS, AFTER_CAPTURE)
    return accepted(shapes.payment_to_json(await call.rpc.invoicing.GetPayment(*place), call.identity.consumer))


@operation(scope=ALL_PAYMENTS_WRITE, not_found=PAYMENT_NOT_FOUND)
async def cancel_payment(call: Call, payment_id: str, reason_params: dict[str, Any]) -> Reply:
    place = shapes.payment_id_to_thrift(payment_id)
    await once(
        call, call.rpc.invoicing.CancelPayment(*place, reason_params["reason"]), WRONG_STATUS, AFTER_CANCELLATION
    )
    return accepted(shapes.payment_to_json(await call.rpc.invoicing.GetPayment(*place), call.identity.consumer))


async def started_before(call: Call, invoice_id: str, sequence: str) -> domain.Payment | None:
    """What an earlier attempt began. It stands also when the token that paid it has expired since."""
    if call.work.attempt == 1:
        return None
    try:
        return await call.rpc.invoicing.GetPayment(invoice_id, await call.id_for(sequence=sequence))
    except payment_processing.PaymentNotFound:
        return None


def payer_of(call: Call, invoice_id: str, body: dict[str, Any]) -> domain.Payer:
    """Opens the token of the source. Raises InvalidToken, Problem.

    OutOfScope to whoever pays one invoice and would charge the card that paid another.
    """
    source = body["source"]
    if source["type"] == "recurring":
        if call.identity.consumer == "client":
            raise OutOfScope(ALL_PAYMENTS_WRITE)
        return shapes.recurring_payer_to_thrift(body)
    sealed, session = shapes.token_parts(source["token"])
    tool = call.payment_tool_tokens.open(sealed, call.now, invoice_id)
    return shapes.token_payer_to_thrift(body, tool, shapes.session_to_thrift(session), sealed)
