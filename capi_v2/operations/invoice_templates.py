"""Tag InvoiceTemplates: templates, and invoices made from them by whoever holds a template's token."""

from typing import Any

from capi_v2 import features, shapes
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, created, no_content, ok

NOT_FOUND = "Invoice template not found"
READ = "party.*.invoice_templates.{invoiceTemplateID}:read"
WRITE = "party.*.invoice_templates.{invoiceTemplateID}:write"
INVOICES = "party.*.invoice_templates.{invoiceTemplateID}.invoice_template_invoices:write"


@operation(scope="party:write", features=features.TEMPLATE)
async def create_invoice_template(call: Call, invoice_template_create_params: dict[str, Any]) -> Reply:
    body = invoice_template_create_params
    party_id = call.require_party(body.get("partyID"))
    template_id = await call.id_for(body)
    params = shapes.template_params_to_thrift(body, id=template_id, party_id=party_id)
    template = await call.rpc.invoice_templating.Create(params)
    return created(shapes.template_and_token_to_json(template, call.invoice_template_token(template.id)))


@operation(scope=READ, not_found=NOT_FOUND)
async def get_invoice_template_by_id(call: Call, invoice_template_id: str) -> Reply:
    return ok(shapes.template_to_json(await call.rpc.invoice_templating.Get(invoice_template_id)))


@operation(scope=WRITE, not_found=NOT_FOUND)
async def update_invoice_template(
    call: Call, invoice_template_id: str, invoice_template_update_params: dict[str, Any]
) -> Reply:
    update = shapes.template_update_to_thrift(invoice_template_update_params)
    return ok(shapes.template_to_json(await call.rpc.invoice_templating.Update(invoice_template_id, update)))


@operation(scope=WRITE, not_found=NOT_FOUND)
async def delete_invoice_template(call: Call, invoice_template_id: str) -> Reply:
    await call.rpc.invoice_templating.Delete(invoice_template_id, None)
    return no_content()


@operation(scope=INVOICES, not_found=NOT_FOUND, features=features.INVOICE)
async def create_invoice_with_template(
    call: Call, invoice_template_id: str, invoice_params_with_template: dict[str, Any]
) -> Reply:
    body = {**invoice_params_with_template, "invoiceTemplateID": invoice_template_id}
    invoice_id = await call.id_for(body)
    params = shapes.invoice_with_template_params_to_thrift(body, id=invoice_id, template_id=invoice_template_id)
    invoice = await call.rpc.invoicing.CreateWithTemplate(params)
    return created(shapes.invoice_and_token_to_json(invoice, call.invoice_token(invoice.id)))


@operation(scope=READ, not_found=NOT_FOUND)
async def get_invoice_payment_methods_by_template_id(call: Call, invoice_template_id: str) -> Reply:
    terms = await call.rpc.invoice_templating.ComputeTerms(invoice_template_id)
    return ok(shapes.payment_methods_to_json(terms.payment_methods))
