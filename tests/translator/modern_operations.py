"""The operations of `modern_spec`, as a version would write them; what the platform does comes from the test."""

from translator.operation import operation
from translator.reply import created, no_content, ok


@operation(scope="party:read")
async def list_things(call, limit, **filters):
    return ok(await call.rpc.things.List(call, limit=limit, **filters))


@operation(scope="party:write")
async def create_thing(call, thing_params):
    thing = await call.rpc.things.Create(call, id=await call.id_for(), name=thing_params["name"])
    return created(thing)


@operation(scope="invoices.{thingId}:read", not_found="No such thing")
async def get_thing(call, thing_id, expand):
    return ok(await call.rpc.things.Get(call, id=thing_id, expand=expand))


@operation(scope="invoices.{thingId}:write")
async def update_thing(call, thing_id, thing_patch):
    return ok(await call.rpc.things.Update(call, id=thing_id, if_revision=call.work.if_revision, **thing_patch))


@operation(scope="invoices.{thingId}:write")
async def delete_thing(call, thing_id):
    await call.rpc.things.Delete(call, id=thing_id, if_revision=call.work.if_revision)
    return no_content()


@operation(scope="invoices:write")
async def pay_thing(call, thing_id, payment_params):
    await call.rpc.things.Get(call, id=thing_id)
    payment = await call.id_for(sequence=f"payments/{thing_id}/{call.party_id}")
    return created(await call.rpc.things.Pay(call, id=f"{thing_id}.{payment}"))


@operation(scope="payment_resources:write")
async def create_token(call, card_params):
    return created(await call.rpc.things.Create(call, id=await call.id_for(), name="token"))
