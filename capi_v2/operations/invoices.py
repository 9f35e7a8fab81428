"""Tag Invoices: making, finding, following, fulfilling and rescinding invoices."""

from typing import Any

from capi_v2 import features, shapes
from translator.call import Call
from translator.flows.external_ids import first_binding
from translator.flows.invoice_events import public_events
from translator.operation import operation
from translator.reply import Reply, created, no_content, ok

NOT_FOUND = "Invoice not found"
MAKERS = ("createInvoice", "createInvoiceWithTemplate")


@operation(scope="invoices:write", features=features.INVOICE)
async def create_invoice(call: Call, invoice_params: dict[str, Any]) -> Reply:
    party_id = call.require_party(invoice_params.get("partyID"))
    invoice_id = await call.id_for(invoice_params, meaning=features.invoice_meaning)
    params = shapes.invoice_params_to_thrift(invoice_params, id=invoice_id, party_id=party_id)
    invoice = await call.rpc.invoicing.Create(params)
    return created(shapes.invoice_and_token_to_json(invoice, call.invoice_token(invoice.id)))


@operation(scope="invoices:read", not_found=NOT_FOUND)
async def get_invoice_by_external_id(call: Call, external_id: str) -> Reply:
    binding = await first_binding(call, MAKERS, external_id)
    return ok(shapes.invoice_to_json(await call.rpc.invoicing.Get(binding.id)))


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
