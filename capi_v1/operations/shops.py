"""Tag Shops: the caller's shops."""

from capi_v1 import shapes
from capi_v1.errors import ABSENT_OWN_PARTY, ABSENT_SHOP, UNFIT_SHOP
from translator.call import Call
from translator.flows import suspension
from translator.operation import operation
from translator.reply import Reply, no_content, ok

NOT_FOUND = "Shop not found"
THE_SHOP = {**ABSENT_SHOP, **UNFIT_SHOP}


@operation(scope="party:read", errors=ABSENT_OWN_PARTY)
async def get_shops(call: Call) -> Reply:
    return ok([shapes.shop_to_json(shop) for shop in await call.rpc.party_management.GetShops(call.party_id)])


@operation(scope="party:read", not_found=NOT_FOUND, errors=ABSENT_SHOP)
async def get_shop_by_id(call: Call, shop_id: str) -> Reply:
    return ok(shapes.shop_to_json(await call.rpc.party_management.GetShop(call.party_id, shop_id)))


@operation(scope="party:write", not_found=NOT_FOUND, errors=THE_SHOP)
async def activate_shop(call: Call, shop_id: str) -> Reply:
    await suspension.activate_shop(call.rpc, call.party_id, shop_id)
    return no_content()


@operation(scope="party:write", not_found=NOT_FOUND, errors=THE_SHOP)
async def suspend_shop(call: Call, shop_id: str) -> Reply:
    await suspension.suspend_shop(call.rpc, call.party_id, shop_id)
    return no_content()
