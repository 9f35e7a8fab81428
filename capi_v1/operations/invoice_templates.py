"""Tag InvoiceTemplates: templates of one thing, and invoices made from them by whoever holds a template's token."""

from typing import Any

from capi_v1 import shapes
from translator.call import Call
from translator.flows.template_line import update_line
from translator.operation import operation
from translator.reply import Reply, created, no_content, ok

NOT_FOUND = "Invoice template not found"
READ = "party.*.invoice_templates.{invoiceTemplateID}:read"
WRITE = "party.*.invoice_templates.{invoiceTemplateID}:write"
INVOICES = "party.*.invoice_templates.{invoiceTemplateID}.invoice_template_invoices:write"


@operation(scope="party:write")
async def create_invoice_template(call: Call, invoice_template_create_params: dict[str, Any]) -> Reply:
    template_id = await call.id_for({})
    params = shapes.template_params_to_thrift(invoice_template_create_params, id=template_id, party_id=call.party_id)
    template = await call.rpc.invoice_templating.Create(params)
    return created(shapes.template_and_token_to_json(template, call.invoice_template_token(template.id)))


@operation(scope=READ, not_found=NOT_FOUND)
async def get_invoice_template_by_id(call: Call, invoice_template_id: str) -> Reply:
    return ok(shapes.template_to_json(await call.rpc.invoice_templating.Get(invoice_template_id)))


@operation(scope=WRITE, not_found=NOT_FOUND)
async def update_invoice_template(
    call: Call, invoice_template_id: str, invoice_template_update_params: dict[str, Any]
) -> Reply:
    body = invoice_template_update_params
    update, price = shapes.template_update_to_thrift(body), shapes.template_price_to_thrift(body)
    template = await update_line(call.rpc, invoice_template_id, update, body.get("product"), price)
    return ok(shapes.template_to_json(template))


@operation(scope=WRITE, not_found=NOT_FOUND)
async def delete_invoice_template(call: Call, invoice_template_id: str) -> Reply:
    await call.rpc.invoice_templating.Delete(invoice_template_id, None)
    return no_content()


@operation(scope=INVOICES, not_found=NOT_FOUND)
async def create_invoice_with_template(
    call: Call, invoice_template_id: str, invoice_params_with_template: dict[str, Any]
) -> Reply:
    params = shapes.invoice_with_template_params_to_thrift(
        invoice_params_with_template, id=await call.id_for({}), template_id=invoice_template_id
    )
    invoice = await call.rpc.invoicing.CreateWithTemplate(params)
    return created(shapes.invoice_and_token_to_json(invoice, call.invoice_token(invoice.id)))


@operation(scope=READ, not_found=NOT_FOUND)
async def get_invoice_payment_methods_by_template_id(call: Call, invoice_template_id: str) -> Reply:
    terms = await call.rpc.invoice_templating.ComputeTerms(invoice_template_id)
    return ok(shapes.payment_methods_to_json(terms.payment_methods))
