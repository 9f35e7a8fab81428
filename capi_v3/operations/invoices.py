"""Tag Invoices: making, finding, cancelling and fulfilling invoices, and tokens for those who pay them."""

from typing import Any

from capi_v3 import shapes
from capi_v3.operations.expanding import expanded_invoice
from rpc.protocol import domain, payment_processing
from translator.call import Call
from translator.flows.second_attempts import once
from translator.operation import operation
from translator.reply import Reply, created, ok

NOT_FOUND = "Invoice not found"
WRONG_STATUS = payment_processing.InvalidInvoiceStatus


@operation(scope="invoices:write")
async def create_invoice(call: Call, invoice_params: dict[str, Any]) -> Reply:
    params = shapes.invoice_params_to_thrift(
        invoice_params, id=await call.id_for(), party_id=call.party_id, now=call.now
    )
    return created(shapes.invoice_to_json(await call.rpc.invoicing.Create(params)))


@operation(scope="invoices:read", not_found="Shop not found")
async def list_invoices(call: Call, limit: int, **filters: Any) -> Reply:
    page = await call.rpc.search.Invoices(shapes.invoice_query_to_thrift(call.party_id, limit, filters))
    found = [shapes.invoice_to_json(invoice) for invoice in page.invoices]
    return ok(shapes.list_to_json(found, call.now, cursor=page.continuation_token))


@operation(scope="invoices.{invoiceId}:read", not_found=NOT_FOUND)
async def get_invoice(call: Call, invoice_id: str, expand: list[str] | None = None) -> Reply:
    invoice = await call.rpc.invoicing.Get(shapes.invoice_id_to_thrift(invoice_id))
    return ok(await expanded_invoice(call, invoice, expand or []))


@operation(scope="invoices.{invoiceId}:write", not_found=NOT_FOUND)
async def cancel_invoice(call: Call, invoice_id: str, reason_params: dict[str, Any]) -> Reply:
    id = shapes.invoice_id_to_thrift(invoice_id)
    change = call.rpc.invoicing.Rescind(id, reason_params["reason"])
    await once(call, change, WRONG_STATUS, {domain.InvoiceStatus.CANCELLED})
    return ok(shapes.invoice_to_json(await call.rpc.invoicing.Get(id)))


@operation(scope="invoices.{invoiceId}:write", not_found=NOT_FOUND)
async def fulfill_invoice(call: Call, invoice_id: str, reason_params: dict[str, Any]) -> Reply:
    id = shapes.invoice_id_to_thrift(invoice_id)
    change = call.rpc.invoicing.Fulfill(id, reason_params["reason"])
    await once(call, change, WRONG_STATUS, {domain.InvoiceStatus.FULFILLED})
    return ok(shapes.invoice_to_json(await call.rpc.invoicing.Get(id)))


@operation(scope="invoices.{invoiceId}:write", not_found=NOT_FOUND)
async def create_payer_token(call: Call, invoice_id: str) -> Reply:
    invoice = await call.rpc.invoicing.Get(shapes.invoice_id_to_thrift(invoice_id))
    return created(shapes.payer_token_to_json(call.invoice_token(invoice.id), invoice_id=invoice.id))
