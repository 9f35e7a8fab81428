"""Tag Shops: the caller's shops."""

from capi_v3 import shapes
from capi_v3.errors import ABSENT_SHOP
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, ok


@operation(scope="party:read")
async def list_shops(call: Call) -> Reply:
    shops = await call.rpc.party_management.GetShops(call.party_id)
    return ok(shapes.list_to_json([shapes.shop_to_json(shop) for shop in shops], call.now))


@operation(scope="party:read", not_found="Shop not found", errors=ABSENT_SHOP)
async def get_shop(call: Call, shop_id: str) -> Reply:
    shop = await call.rpc.party_management.GetShop(call.party_id, shapes.shop_id_to_thrift(shop_id))
    return ok(shapes.shop_to_json(shop))
