"""Tag Webhooks: where a party wants to be told of its events, and what became of each telling."""

from typing import Any

from capi_v3 import shapes
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, accepted, created, no_content, ok

NOT_FOUND = "Webhook endpoint not found"
OVERLAP_S = 86_400
"""How long the secret before a new one still signs."""


@operation(scope="party:write")
async def create_webhook_endpoint(call: Call, webhook_endpoint_params: dict[str, Any]) -> Reply:
    params = shapes.endpoint_params_to_thrift(webhook_endpoint_params, id=await call.id_for(), party_id=call.party_id)
    return created(shapes.endpoint_to_json(await call.rpc.webhook_endpoints.Create(params)))


@operation(scope="party:read")
async def list_webhook_endpoints(call: Call, limit: int, after: str | None = None) -> Reply:
    found = await call.rpc.webhook_endpoints.GetList(call.party_id, after, limit + 1)
    return ok(shapes.piece(found, limit, shapes.endpoint_to_json, call.now))


@operation(scope="party:read", not_found=NOT_FOUND)
async def get_webhook_endpoint(call: Call, webhook_endpoint_id: str) -> Reply:
    endpoint = await call.rpc.webhook_endpoints.Get(shapes.endpoint_id_to_thrift(webhook_endpoint_id))
    return ok(shapes.endpoint_to_json(endpoint))


@operation(scope="party:write", not_found=NOT_FOUND)
async def update_webhook_endpoint(
    call: Call, webhook_endpoint_id: str, webhook_endpoint_patch: dict[str, Any]
) -> Reply:
    id = shapes.endpoint_id_to_thrift(webhook_endpoint_id)
    update = shapes.endpoint_patch_to_thrift(webhook_endpoint_patch, if_revision=call.work.if_revision)
    return ok(shapes.endpoint_to_json(await call.rpc.webhook_endpoints.Update(id, update)))


@operation(scope="party:write", not_found=NOT_FOUND)
async def delete_webhook_endpoint(call: Call, webhook_endpoint_id: str) -> Reply:
    id = shapes.endpoint_id_to_thrift(webhook_endpoint_id)
    await call.rpc.webhook_endpoints.Delete(id, call.work.if_revision)
    return no_content()


@operation(scope="party:write", not_found=NOT_FOUND)
async def rotate_webhook_secret(call: Call, webhook_endpoint_id: str) -> Reply:
    id = shapes.endpoint_id_to_thrift(webhook_endpoint_id)
    return created(shapes.endpoint_to_json(await call.rpc.webhook_endpoints.RotateSecret(id, OVERLAP_S)))


@operation(scope="party:write", not_found=NOT_FOUND)
async def replay_webhook_events(call: Call, webhook_endpoint_id: str, replay_params: dict[str, Any]) -> Reply:
    id = shapes.endpoint_id_to_thrift(webhook_endpoint_id)
    scope = shapes.replay_params_to_thrift(replay_params)
    return accepted(shapes.replay_to_json(await call.rpc.webhook_endpoints.Replay(id, scope)))


@operation(scope="party:write", not_found=NOT_FOUND)
async def test_webhook_endpoint(call: Call, webhook_endpoint_id: str, test_params: dict[str, Any]) -> Reply:
    id = shapes.endpoint_id_to_thrift(webhook_endpoint_id)
    event_type = shapes.if_present(test_params.get("eventType"), shapes.event_type_to_thrift)
    delivery = await call.rpc.webhook_endpoints.Test(id, event_type)
    return accepted(shapes.delivery_to_json(delivery))


@operation(scope="party:read", not_found=NOT_FOUND)
async def list_deliveries(call: Call, webhook_endpoint_id: str, limit: int, after: int | None = None) -> Reply:
    id = shapes.endpoint_id_to_thrift(webhook_endpoint_id)
    found = await call.rpc.webhook_endpoints.GetDeliveries(id, after, limit + 1)
    return ok(shapes.piece(found, limit, shapes.delivery_to_json, call.now))
