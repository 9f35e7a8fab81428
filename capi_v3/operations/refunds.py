"""Tag Refunds: giving the money of captured payments back."""

from typing import Any

from capi_v3 import shapes
from capi_v3.operations.expanding import expanded_refund
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, created, ok

READ = "invoices.*.payments:read"
WRITE = "invoices.*.payments:write"
PAYMENT_NOT_FOUND = "Payment not found"
# Ids below it belong to refunds that were made before refunds had numbers of their own.
FIRST_REFUND = 100


@operation(scope=WRITE, not_found=PAYMENT_NOT_FOUND)
async def create_refund(call: Call, payment_id: str, refund_params: dict[str, Any]) -> Reply:
    invoice, payment = shapes.payment_id_to_thrift(payment_id)
    await call.rpc.invoicing.GetPayment(invoice, payment)
    refund_id = await call.id_for(sequence=f"refunds/{invoice}/{payment}/{call.party_id}", sequence_from=FIRST_REFUND)
    params = shapes.refund_params_to_thrift(refund_params, id=refund_id)
    refund = await call.rpc.invoicing.RefundPayment(invoice, payment, params)
    return created(shapes.refund_to_json(refund, call.identity.consumer))


@operation(scope=READ, not_found=PAYMENT_NOT_FOUND)
async def list_payment_refunds(call: Call, payment_id: str) -> Reply:
    refunds = await call.rpc.invoicing.GetRefunds(*shapes.payment_id_to_thrift(payment_id))
    found = [shapes.refund_to_json(refund, call.identity.consumer) for refund in refunds]
    return ok(shapes.list_to_json(found, call.now))


@operation(scope=READ, not_found="Shop not found")
async def list_refunds(call: Call, limit: int, **filters: Any) -> Reply:
    page = await call.rpc.search.Refunds(shapes.refund_query_to_thrift(call.party_id, limit, filters))
    found = [shapes.refund_to_json(refund, call.identity.consumer) for refund in page.refunds]
    return ok(shapes.list_to_json(found, call.now, cursor=page.continuation_token))


@operation(scope=READ, not_found="Refund not found")
async def get_refund(call: Call, refund_id: str, expand: list[str] | None = None) -> Reply:
    refund = await call.rpc.invoicing.GetRefund(*shapes.refund_id_to_thrift(refund_id))
    return ok(await expanded_refund(call, refund, expand or []))
