"""Finding what several operations may have made under one external id."""

from collections.abc import Sequence

from rpc.protocol import ids
from translator.call import Call


async def first_binding(call: Call, operation_ids: Sequence[str], external_id: str) -> ids.Binding:
    """The binding of the first of these operations that has one. Raises ids.BindingNotFound when none has."""
    *before, last = operation_ids
    for operation_id in before:
        try:
            return await call.lookup_id(operation_id, external_id)
        except ids.BindingNotFound:
            continue
    return await call.lookup_id(last, external_id)
