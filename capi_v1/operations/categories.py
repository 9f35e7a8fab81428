"""Tag Categories: what kinds of goods a shop may sell, from the business configuration."""

from capi_v1 import shapes
from rpc.protocol import domain_config
from translator.call import Call
from translator.errors import PublicError
from translator.operation import ANY_TOKEN, operation
from translator.reply import Reply, ok

HEAD = domain_config.VersionRef(head=True)
KIND = domain_config.ObjectKind.CATEGORY
NOT_FOUND = "Category not found"
ABSENT = {domain_config.ObjectNotFound: PublicError(404, message=NOT_FOUND)}


@operation(scope=ANY_TOKEN)
async def get_categories(call: Call) -> Reply:
    objects = await call.rpc.domain_config.CheckoutKind(HEAD, KIND)
    return ok([shapes.category_to_json(object) for object in objects])


@operation(scope=ANY_TOKEN, not_found=NOT_FOUND, errors=ABSENT)
async def get_category_by_ref(call: Call, category_id: int) -> Reply:
    ref = domain_config.ObjectRef(kind=KIND, id=str(category_id))
    return ok(shapes.category_to_json(await call.rpc.domain_config.CheckoutObject(HEAD, ref)))
