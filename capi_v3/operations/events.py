"""Tag Events: what happened to a party, in one order, in the very bytes of its webhooks."""

import orjson

from capi_v3 import shapes
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, ok


@operation(scope="invoices:read", not_found="Shop not found")
async def list_events(
    call: Call,
    limit: int,
    after: str | None = None,
    shop_id: str | None = None,
    type: list[str] | None = None,
) -> Reply:
    query = shapes.event_query_to_thrift(call.party_id, limit, after=after, shop_id=shop_id, types=type)
    return ok(shapes.event_page_to_json(await call.rpc.party_events.GetRange(query), call.now))


@operation(scope="invoices:read", not_found="Event not found")
async def get_event(call: Call, event_id: str) -> Reply:
    event = await call.rpc.party_events.Get(call.party_id, shapes.event_id_to_thrift(event_id))
    return ok(orjson.Fragment(event.body))
