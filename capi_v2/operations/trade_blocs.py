"""Tag TradeBlocs: unions of countries, from the business configuration."""

from capi_v2 import shapes
from rpc.protocol import domain_config
from translator.call import Call
from translator.errors import PublicError
from translator.operation import ANY_TOKEN, operation
from translator.reply import Reply, ok

HEAD = domain_config.VersionRef(head=True)
KIND = domain_config.ObjectKind.TRADE_BLOC
NOT_FOUND = "Trade bloc not found"
ABSENT = {domain_config.ObjectNotFound: PublicError(404, message=NOT_FOUND)}


@operation(scope=ANY_TOKEN)
async def get_trade_blocs(call: Call) -> Reply:
    objects = await call.rpc.domain_config.CheckoutKind(HEAD, KIND)
    return ok([shapes.trade_bloc_to_json(object) for object in objects])


@operation(scope=ANY_TOKEN, not_found=NOT_FOUND, errors=ABSENT)
async def get_trade_bloc_by_id(call: Call, trade_bloc_id: str) -> Reply:
    ref = domain_config.ObjectRef(kind=KIND, id=trade_bloc_id)
    return ok(shapes.trade_bloc_to_json(await call.rpc.domain_config.CheckoutObject(HEAD, ref)))
