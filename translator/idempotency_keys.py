"""Idempotency-Key: one piece of work per key of a party, whatever is repeated, lost or broken in between.

    Begin -> started            the operation runs; its ids are those of the first attempt, so creations are one
          -> replay             the first answer again, marked
          -> in_use, reused     KeyInUse, KeyReused: refusals that the version words

    then  an answer below 400   Finish: kept, replayed from then on
          a refusal             with nothing done: Release, the key is free again, so that the caller can put right what
                                was wrong and repeat. After an attempt that may have done something: Finish, because the
                                refusal may be the trace of that attempt's success
          a failure of ours     never kept as the answer. With nothing done: Release. Else Suspend: the next repeat
                                carries on with the same ids, and so it does when nobody says anything any more

The platform keeps keyed digests of what a request says, by JSON pointer, and nothing of the request itself: a digest of
a card number without a key would be the card number. Payers' keys live apart from the merchant's, one space for the
invoice that a token is for, or for the token itself, so that no payer can meet another's answers.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import orjson

from rpc.deadlines import Deadline
from rpc.failures import RpcFailure, Unavailable, Unknown
from rpc.protocol import idempotency
from telemetry import log
from translator.access_tokens import Identity
from translator.call import Call, Work
from translator.exchange import Exchange
from translator.full_validation import CARD_TAG
from translator.idempotency import fresh_id
from translator.reply import Reply
from translator.request_validation import Arguments
from translator.spec_rows import SpecOperation

LEASE_MARGIN_S = 5
"""What an attempt may work beyond its deadline: a platform told to stop may still be writing."""
LEASE_S_MAX = 3_600
POINTERS_MAX = 500
"""Of more, only the members of the body itself are told apart."""
KEY_PURPOSE = b"idempotency"
KEPT_HEADERS = {b"etag", b"location", b"link"}
REPLAYED = (b"idempotency-replayed", b"true")


class KeyInUse(Exception):
    """Another request with the same key is at work. `retry_after_s`: when to ask again."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


class KeyReused(Exception):
    """The key was used for another request. `places`: (body, path or query; JSON pointer) of what differs."""

    def __init__(self, places: list[tuple[str, str]], operation: str) -> None:
        super().__init__(places, operation)
        self.places = places
        self.operation = operation


Perform = Callable[[], Awaitable[Reply]]
Refuse = Callable[[Exception], Reply | None]
"""The answer by the tables; None for what is a fault of ours."""


class IdempotencyKeys:
    """The keys of a gateway. `secret`: what digests are keyed with; the same in every process of every host. `rpc`: the
    client of the internal services, for what must be said of a key when the request's own deadline is over.
    """

    def __init__(self, secret: bytes, rpc: Any) -> None:
        self._rpc = rpc
        self._secret = hashlib.blake2b(secret, digest_size=32, person=KEY_PURPOSE).digest()

    async def once(
        self, key: str, exchange: Exchange, call: Call, arguments: Arguments, perform: Perform, refuse: Refuse
    ) -> Reply:
        """The answer to the work under this key. Raises KeyInUse, KeyReused, RpcFailure, and whatever `perform` raises
        that `refuse` has no answer for.
        """
        held = Held(self._rpc, call, stored_key(call.identity, key))
        replayed = await held.begin(self.fingerprint(exchange.served.spec, arguments), exchange)
        if replayed is not None:
            return replayed
        try:
            reply = await perform()
        except Exception as problem:
            refusal = refuse(problem)
            if refusal is None or refusal.status >= 500:
                await held.give_up(exchange)
                raise
            reply = refusal
        return await held.close(reply, exchange)

    def fingerprint(self, operation: SpecOperation, arguments: Arguments) -> dict[str, str]:
        """`body:/amount/currency` -> keyed digest; likewise path and query. Absent parameters leave no trace."""
        found: dict[str, str] = {}
        for parameter in operation.before:
            value = arguments.get(parameter.key) if parameter.key else None
            if value is not None:
                found[f"{parameter.location}:/{parameter.name}"] = self._digest(value)
        if operation.body is not None:
            body = arguments[operation.body.key]
            # A digest of a security code alone could be tried out, and one that tells where two cards differ as well.
            leaves = [("", body)] if CARD_TAG in operation.tags else list(leaves_of(body, ""))
            if len(leaves) > POINTERS_MAX:
                leaves = [(f"/{escaped(name)}", value) for name, value in body.items()]
            found |= {f"body:{pointer}": self._digest(value) for pointer, value in leaves}
        return found

    def _digest(self, value: Any) -> str:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(text, digest_size=16, key=self._secret).hexdigest()


class Held:
    """A key of one party while one request works under it."""

    def __init__(self, rpc: Any, call: Call, key: str) -> None:
        self._call = call
        late = Deadline(call.deadline.at + timedelta(seconds=LEASE_MARGIN_S - 1))
        self._keys = rpc.bind(call.rpc.context._replace(deadline=late)).idempotency_keys
        self._key = key
        self._attempt = 0

    async def begin(self, fingerprint: Mapping[str, str], exchange: Exchange) -> Reply | None:
        """None when the work is ours to do; `call.work` then says with which id. Else the answer it had."""
        call = self._call
        params = idempotency.BeginParams(
            party_id=call.party_id,
            key=self._key,
            operation=call.operation_id,
            fingerprint=dict(fingerprint),
            id=fresh_id(call.now),
            lease_s=lease_s(call),
        )
        try:
            outcome = await call.rpc.idempotency_keys.Begin(params)
        except Unknown as failure:
            # The key may be taken; nothing has been done under it.
            raise Unavailable(failure.reason, failure.source) from None
        if outcome.replay is not None:
            return replay_of(outcome.replay)
        if outcome.in_use is not None:
            exchange.has_begun = True
            raise KeyInUse(outcome.in_use.retry_after_s)
        if outcome.reused is not None:
            places = [tuple(pointer.split(":", 1)) for pointer in outcome.reused.pointers]
            raise KeyReused(places, outcome.reused.operation)
        self._attempt = outcome.started.attempt
        call.work = Work(outcome.started.id, self._attempt, call.work.if_revision)
        # What an earlier attempt did is not known here: from the second on, something may have happened.
        exchange.has_begun = self._attempt > 1
        return None

    async def close(self, reply: Reply, exchange: Exchange) -> Reply:
        """Keeps the answer, or frees the key after a refusal before which nothing was done."""
        if reply.status >= 400 and not exchange.has_begun:
            await self._say(self._keys.Release)
        else:
            await self._say(self._keys.Finish, answer_of(reply))
        return reply

    async def give_up(self, exchange: Exchange) -> None:
        """There is no answer to keep. Where something may have been done, whoever comes next carries on."""
        await self._say(self._keys.Suspend if exchange.has_begun else self._keys.Release)

    async def _say(self, function: Any, *more: Any) -> None:
        """The caller's answer is true whatever becomes of this; without it, the key is taken until its lease ends."""
        try:
            await function(self._call.party_id, self._key, self._attempt, *more)
        except (RpcFailure, idempotency.AttemptOver) as problem:
            log.warning("idempotency.not_noted", operation=self._call.operation_id, reason=type(problem).__name__)


def stored_key(identity: Identity, key: str) -> str:
    """Under which name a key is kept: a merchant's as it is, a payer's apart, by what the token lets it do.

    Many may hold tokens of one payment link: each token of theirs has a space of its own.
    """
    if identity.consumer != "client":
        return key
    rights = repr(sorted(repr((scope, sorted(permissions))) for scope, permissions in identity.roles.rules))
    if not any(scope[0][0] == "invoices" for scope, _ in identity.roles.rules):
        rights += identity.token_id
    return "payer:" + hashlib.blake2b(f"{rights}\0{key}".encode(), digest_size=16).hexdigest()


def lease_s(call: Call) -> int:
    """How long an attempt may work undisturbed: until its deadline, and a little longer."""
    return min(call.deadline.remaining_ms(call.now) // 1000 + 1 + LEASE_MARGIN_S, LEASE_S_MAX)


def leaves_of(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """(JSON pointer, value) of everything that holds nothing more, empty objects and arrays among it."""
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from leaves_of(child, f"{pointer}/{escaped(name)}")
    elif isinstance(value, list) and value:
        for number, child in enumerate(value):
            yield from leaves_of(child, f"{pointer}/{number}")
    else:
        yield pointer, value


def escaped(name: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def answer_of(reply: Reply) -> Any:
    """The answer as it is kept; `resource` is the id that its body has."""
    resource = reply.body.get("id") if isinstance(reply.body, dict) else None
    headers = {name.decode(): value.decode("latin-1") for name, value in reply.headers if name in KEPT_HEADERS}
    headers["content-type"] = reply.content_type[1].decode()
    body = b"" if reply.body is None else orjson.dumps(reply.body)
    return idempotency.Answer(
        status=reply.status, headers=headers, body=body, resource=resource if isinstance(resource, str) else None
    )


def replay_of(answer: Any) -> Reply:
    """A kept answer, marked."""
    headers = dict(answer.headers)
    content_type = (b"content-type", headers.pop("content-type", "application/json").encode())
    kept = tuple((name.encode(), value.encode("latin-1")) for name, value in sorted(headers.items()))
    body = orjson.loads(answer.body) if answer.body else None
    return Reply(answer.status, body, (*kept, REPLAYED), content_type)
