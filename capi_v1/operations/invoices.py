"""Tag Invoices: making, following, fulfilling and rescinding invoices. Every creation makes a new one."""

from typing import Any

from capi_v1 import shapes
from translator.call import Call
from translator.flows.invoice_events import public_events
from translator.operation import operation
from translator.reply import Reply, created, no_content, ok

NOT_FOUND = "Invoice not found"


@operation(scope="invoices:write")
async def create_invoice(call: Call, invoice_params: dict[str, Any]) -> Reply:
    params = shapes.invoice_params_to_thrift(invoice_params, id=await call.id_for({}), party_id=call.party_id)
    invoice = await call.rpc.invoicing.Create(params)
    return created(shapes.invoice_and_token_to_json(invoice, call.invoice_token(invoice.id)))


@operation(scope="invoices.{invoiceID}:read", not_found=NOT_FOUND)
async def get_invoice_by_id(call: Call, invoice_id: str) -> Reply:
    return ok(shapes.invoice_to_json(await call.rpc.invoicing.Get(invoice_id)))


@operation(scope="invoices.{invoiceID}:write", not_found=NOT_FOUND)
async def create_invoice_access_token(call: Call, invoice_id: str) -> Reply:
    invoice = await call.rpc.invoicing.Get(invoice_id)
    return created(shapes.access_token_to_json(call.invoice_token(invoice.id)))


@operation(scope="invoices.{invoiceID}:read", not_found=NOT_FOUND)
async def get_invoice_events(call: Call, invoice_id: str, limit: int, event_id: int | None = None) -> Reply:
    consumer = call.identity.consumer
    events = await public_events(
        call.rpc, invoice_id, event_id, limit, lambda event: shapes.invoice_event_to_json(event, consumer)
    )
    return ok(events)


@operation(scope="invoices.{invoiceID}:write", not_found=NOT_FOUND)
async def fulfill_invoice(call: Call, invoice_id: str, fulfill_invoice: dict[str, Any]) -> Reply:
    await call.rpc.invoicing.Fulfill(invoice_id, fulfill_invoice["reason"])
    return no_content()


@operation(scope="invoices.{invoiceID}:write", not_found=NOT_FOUND)
async def rescind_invoice(call: Call, invoice_id: str, rescind_invoice: dict[str, Any]) -> Reply:
    await call.rpc.invoicing.Rescind(invoice_id, rescind_invoice["reason"])
    return no_content()


@operation(scope="invoices.{invoiceID}:read", not_found=NOT_FOUND)
async def get_invoice_payment_methods(call: Call, invoice_id: str) -> Reply:
    terms = await call.rpc.invoicing.ComputeTerms(invoice_id)
    return ok(shapes.payment_methods_to_json(terms.payment_methods))
