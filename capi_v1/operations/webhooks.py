"""Tag Webhooks: where a party wants to be told of its invoices."""

from typing import Any

from capi_v1 import shapes
from capi_v1.errors import GONE_ALREADY
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, created, no_content, ok

NOT_FOUND = "Webhook not found"


@operation(scope="party:write")
async def create_webhook(call: Call, webhook_params: dict[str, Any]) -> Reply:
    params = shapes.webhook_params_to_thrift(webhook_params, party_id=call.party_id)
    return created(shapes.webhook_to_json(await call.rpc.webhooks.Create(params)))


@operation(scope="party:read")
async def get_webhooks(call: Call) -> Reply:
    return ok([shapes.webhook_to_json(webhook) for webhook in await call.rpc.webhooks.GetList(call.party_id)])


@operation(scope="party:read", not_found=NOT_FOUND)
async def get_webhook_by_id(call: Call, webhook_id: str) -> Reply:
    return ok(shapes.webhook_to_json(await call.rpc.webhooks.Get(shapes.webhook_id_to_thrift(webhook_id))))


@operation(scope="party:write", not_found=NOT_FOUND, errors=GONE_ALREADY)
async def delete_webhook_by_id(call: Call, webhook_id: str) -> Reply:
    await call.rpc.webhooks.Delete(shapes.webhook_id_to_thrift(webhook_id))
    return no_content()
