"""Tag PaymentLinks: descriptions of invoices to come, which the platform calls invoice templates."""

from typing import Any

from capi_v3 import shapes
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, created, no_content, ok

NOT_FOUND = "Payment link not found"
READ = "party.*.invoice_templates.{paymentLinkId}:read"
WRITE = "party.*.invoice_templates.{paymentLinkId}:write"
INVOICES = "party.*.invoice_templates.{paymentLinkId}.invoice_template_invoices:write"


@operation(scope="party:write")
async def create_payment_link(call: Call, payment_link_params: dict[str, Any]) -> Reply:
    params = shapes.payment_link_params_to_thrift(payment_link_params, id=await call.id_for(), party_id=call.party_id)
    return created(shapes.payment_link_to_json(await call.rpc.invoice_templating.Create(params)))


@operation(scope="party:read")
async def list_payment_links(call: Call, limit: int, after: str | None = None, shop_id: str | None = None) -> Reply:
    shop = shapes.if_present(shop_id, shapes.shop_id_to_thrift)
    found = await call.rpc.invoice_templating.GetList(call.party_id, shop, after, limit + 1)
    return ok(shapes.piece(found, limit, shapes.payment_link_to_json, call.now))


@operation(scope=READ, not_found=NOT_FOUND)
async def get_payment_link(call: Call, payment_link_id: str) -> Reply:
    template = await call.rpc.invoice_templating.Get(shapes.payment_link_id_to_thrift(payment_link_id))
    return ok(shapes.payment_link_to_json(template))


@operation(scope=WRITE, not_found=NOT_FOUND)
async def update_payment_link(call: Call, payment_link_id: str, payment_link_patch: dict[str, Any]) -> Reply:
    id = shapes.payment_link_id_to_thrift(payment_link_id)
    metadata, if_revision = None, call.work.if_revision
    if "metadata" in payment_link_patch:
        # They are merged with what is there: whoever changed that in between makes the patch one of something else.
        before = await call.rpc.invoice_templating.Get(id)
        metadata = shapes.metadata_to_json(before.context)
        if_revision = before.revision if if_revision is None else if_revision
    update = shapes.payment_link_patch_to_thrift(payment_link_patch, if_revision=if_revision, metadata=metadata)
    return ok(shapes.payment_link_to_json(await call.rpc.invoice_templating.Update(id, update)))


@operation(scope=WRITE, not_found=NOT_FOUND)
async def delete_payment_link(call: Call, payment_link_id: str) -> Reply:
    id = shapes.payment_link_id_to_thrift(payment_link_id)
    await call.rpc.invoice_templating.Delete(id, call.work.if_revision)
    return no_content()


@operation(scope=INVOICES, not_found=NOT_FOUND)
async def create_link_invoice(call: Call, payment_link_id: str, link_invoice_params: dict[str, Any]) -> Reply:
    template_id = shapes.payment_link_id_to_thrift(payment_link_id)
    params = shapes.link_invoice_params_to_thrift(link_invoice_params, id=await call.id_for(), template_id=template_id)
    invoice = await call.rpc.invoicing.CreateWithTemplate(params)
    token = shapes.payer_token_to_json(call.invoice_token(invoice.id), invoice_id=invoice.id)
    return created({**shapes.invoice_to_json(invoice), "payerToken": token})


@operation(scope="party:write", not_found=NOT_FOUND)
async def create_payment_link_token(call: Call, payment_link_id: str) -> Reply:
    template = await call.rpc.invoice_templating.Get(shapes.payment_link_id_to_thrift(payment_link_id))
    token = call.invoice_template_token(template.id)
    return created(shapes.payer_token_to_json(token, payment_link_id=template.id))
