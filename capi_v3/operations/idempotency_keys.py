"""Tag IdempotencyKeys: what became of a request whose answer was lost."""

import re
from functools import cache

from capi_v3 import shapes
from capi_v3.operations import invoices, payment_links, payments, refunds, tokens, webhooks
from rpc.protocol import idempotency
from translator.access_tokens import Identity
from translator.authorization import parse_role
from translator.call import Call
from translator.idempotency_keys import stored_key
from translator.operation import ANY_TOKEN, declared, operation
from translator.reply import Reply, ok
from translator.spec import argument_name

KEY = re.compile(r"[!-~]{1,255}")
"""What the header takes; no request can have carried anything else."""
NEVER_USED = idempotency.KeyState(status=idempotency.KeyStatus.UNKNOWN)
ASKED_WITH_KEYS = (invoices, payment_links, payments, refunds, tokens, webhooks)


@operation(scope=ANY_TOKEN)
async def get_idempotency_key(call: Call, key: str) -> Reply:
    if not KEY.fullmatch(key):
        return ok(shapes.key_state_to_json(key, NEVER_USED, is_open=False))
    state = await call.rpc.idempotency_keys.Get(call.party_id, stored_key(call.identity, key))
    return ok(shapes.key_state_to_json(key, state, is_open=may_ask(call.identity, state.operation)))


def may_ask(identity: Identity, operation_id: str | None) -> bool:
    """Whether the token could make the request itself: only then is it shown the answer, which may hold secrets.

    A payer's keys are those of tokens with the same rights.
    """
    if identity.consumer == "client":
        return True
    wanted = roles().get(argument_name(operation_id or ""))
    return wanted is not None and identity.roles.allows(*wanted)


@cache
def roles() -> dict:
    """Of each operation, by the name of its function, the scope and the permission it asks for, of any object."""
    return {
        name: parse_role(re.sub(r"\{\w+\}", "*", declaration.scope))
        for name, declaration in declared(ASKED_WITH_KEYS).items()
        if declaration.scope != ANY_TOKEN
    }
