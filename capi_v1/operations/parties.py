"""Tag Parties: the caller's party. A token names one party, so no path does."""

from capi_v1 import shapes
from capi_v1.errors import ABSENT_OWN_PARTY, MY_PARTY
from translator.call import Call
from translator.flows import suspension
from translator.flows.own_party import own_party
from translator.operation import operation
from translator.reply import Reply, no_content, ok

NOT_FOUND = "Party not found"


@operation(scope="party:read", not_found=NOT_FOUND, errors=ABSENT_OWN_PARTY)
async def get_my_party(call: Call) -> Reply:
    return ok(shapes.party_to_json(await own_party(call.rpc, call.party_id, call.identity.email)))


@operation(scope="party:write", not_found=NOT_FOUND, errors=MY_PARTY)
async def activate_my_party(call: Call) -> Reply:
    await suspension.activate_party(call.rpc, call.party_id)
    return no_content()


@operation(scope="party:write", not_found=NOT_FOUND, errors=MY_PARTY)
async def suspend_my_party(call: Call) -> Reply:
    await suspension.suspend_party(call.rpc, call.party_id)
    return no_content()
