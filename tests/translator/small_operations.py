"""The operations of `small_spec`, as a version would write them; what the platform does comes from the test."""

from rpc.protocol import payment_processing
from translator.errors import NotFound, Problem, PublicError
from translator.operation import ANY_TOKEN, operation
from translator.reply import Reply, accepted, created, no_content, ok

SHOP_FEATURES = {1: ("name", None), 2: ("amount", None), 3: ("cart", {1: ("price", None)})}
ERRORS = {payment_processing.InvoiceNotFound: PublicError(404, message="Invoice not found")}


@operation(scope="party:read")
async def get_shops(call, limit, **filters):
    return ok(await call.rpc.answer("get_shops", call, limit=limit, **filters))


@operation(scope="party:write", features=SHOP_FEATURES)
async def create_shop(call, shop_params):
    shop_id = await call.id_for(shop_params)
    answer = await call.rpc.answer("create_shop", call, **shop_params)
    return answer if isinstance(answer, Reply) else created({"id": shop_id})


@operation(scope="invoices.{shopID}:read", not_found="Shop not found")
async def get_shop_by_id(call, shop_id):
    return ok(await call.rpc.answer("get_shop_by_id", call, shop_id=shop_id))


@operation(scope="invoices.{shopID}:write", not_found="Shop not found")
async def update_shop(call, shop_id, change):
    return ok({"id": shop_id, "name": str(change)})


@operation(scope="invoices.{shopID}:write", not_found="Shop not found")
async def delete_shop(call, shop_id):
    await call.rpc.answer("delete_shop", call, shop_id=shop_id)
    return no_content()


@operation(
    scope="invoices.{shopID}:write",
    errors={payment_processing.InvoiceNotFound: PublicError(400, "invalidShopID", lambda problem: "No such shop")},
)
async def suspend_shop(call, shop_id):
    await call.rpc.answer("suspend_shop", call, shop_id=shop_id)
    return accepted()


@operation(scope=ANY_TOKEN, not_found="Category not found")
async def get_category_by_ref(call, category_id):
    if category_id == 404:
        raise NotFound
    if category_id == 400:
        raise Problem("invalidRequest", "No category has this number")
    await call.rpc.answer("get_category_by_ref", call, category_id=category_id)
    return ok({"categoryID": category_id})


@operation(scope="payment_resources:write")
async def create_token(call, tool):
    return created({"categoryID": 1})
