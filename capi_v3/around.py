"""What stands around each operation of v3: entity tags, Location and Link, idempotency, and the honest 202.

Chosen once an operation, at the start, by its method and its class of rate.
"""

from collections.abc import Callable
from urllib.parse import quote

from capi_v3.problems import MONEY, RETRY_AFTER_S, UNKNOWN, retry_after
from rpc.failures import RpcFailure, Unavailable, Unknown
from telemetry import log
from translator.call import Call, Work
from translator.conventions import Around
from translator.effects_watch import Watched
from translator.etags import MissingVersion, etag_of, is_known, revision_of
from translator.exchange import Exchange
from translator.idempotency_keys import IdempotencyKeys
from translator.operation import Declaration, Handler
from translator.paging import next_link
from translator.reply import Header, Reply
from translator.request_validation import Arguments
from translator.spec_rows import SpecOperation

KEYS_PATH = "/v3/idempotency-keys/"


def around_of(keys: IdempotencyKeys) -> Callable[[SpecOperation, Declaration], Around]:
    """For each operation what is called in its place."""

    def around(operation: SpecOperation, declaration: Declaration) -> Around:
        function = declaration.function
        if operation.method == "GET":
            return reading(function)
        if operation.method != "POST":
            return changing(function, operation.needs_match)
        made = making(function, keys)
        return honest(made) if operation.rate_class == MONEY and 202 in operation.answers else made

    return around


def reading(function: Handler) -> Around:
    """ETag and 304 for an object, Link for a list that has more."""

    async def read(exchange: Exchange, call: Call, arguments: Arguments) -> Reply:
        reply = described(exchange, await function(call, **arguments))
        tag = dict(reply.headers).get(b"etag")
        known = exchange.headers.get(b"if-none-match")
        if tag is None or known is None or not is_known(known.decode("latin-1"), tag.decode()):
            return reply
        return Reply(304, headers=reply.headers)

    return read


def changing(function: Handler, needs_match: bool) -> Around:
    """If-Match: 428 where it is missing, 412 where it names no version; the platform compares it with the object."""

    async def change(exchange: Exchange, call: Call, arguments: Arguments) -> Reply:
        given = exchange.headers.get(b"if-match")
        if given is not None:
            call.work = Work(if_revision=revision_of(given.decode("latin-1")))
        elif needs_match:
            raise MissingVersion
        call.rpc = Watched(call.rpc, exchange)
        return await performed(function, exchange, call, arguments)

    return change


def making(function: Handler, keys: IdempotencyKeys) -> Around:
    """One effect a key. Without a key, where the spec allows that, a repeat is another request."""

    async def make(exchange: Exchange, call: Call, arguments: Arguments) -> Reply:
        inner = call.rpc

        async def perform() -> Reply:
            call.rpc = Watched(inner, exchange)
            return await performed(function, exchange, call, arguments)

        key = key_of(exchange)
        if key is None:
            return await perform()
        refuse = exchange.served.rules.reply
        return await keys.once(key, exchange, call, arguments, perform, lambda problem: refuse(problem, exchange))

    return make


async def performed(function: Handler, exchange: Exchange, call: Call, arguments: Arguments) -> Reply:
    """The operation's own answer. Where only reads were lost nothing is unknown: nothing was begun, so Unavailable."""
    try:
        return described(exchange, await function(call, **arguments))
    except Unknown as failure:
        if exchange.has_begun:
            raise
        raise Unavailable(failure.reason, failure.source) from None


def honest(made: Around) -> Around:
    """202 in place of a failure once money may have moved: the work goes on, and `statusUrl` tells how it ends."""

    async def make(exchange: Exchange, call: Call, arguments: Arguments) -> Reply:
        try:
            return await made(exchange, call, arguments)
        except (Unknown, Unavailable) as failure:
            if not exchange.has_begun:
                raise
            note(exchange, failure)
            return under_way(exchange, arguments)

    return make


def under_way(exchange: Exchange, arguments: Arguments) -> Reply:
    """The answer to a request whose outcome is not known yet."""
    address = KEYS_PATH + quote(key_of(exchange) or "", safe="")
    body = {
        "object": "operationUnderWay",
        "status": UNKNOWN,
        "moneyMoved": UNKNOWN,
        "statusUrl": address,
        "requestId": exchange.request_id,
    }
    if "payment_id" in arguments and exchange.operation_id != "createRefund":
        body["id"] = arguments["payment_id"]
    return Reply(202, body, ((b"location", address.encode()), retry_after(RETRY_AFTER_S)))


def described(exchange: Exchange, reply: Reply) -> Reply:
    """The reply with the headers that its body calls for."""
    if reply.status >= 300:
        return reply
    headers: list[Header] = []
    if (tag := etag_of(reply.body)) is not None:
        headers.append((b"etag", tag.encode()))
    said = reply.body if isinstance(reply.body, dict) else {}
    if exchange.method == "POST" and (own := said.get("links", {}).get("self")):
        headers.append((b"location", own.encode()))
    if (cursor := said.get("nextCursor")) is not None:
        headers.append(next_link(exchange.request.raw_path, exchange.request.query, cursor))
    return reply._replace(headers=(*reply.headers, *headers)) if headers else reply


def key_of(exchange: Exchange) -> str | None:
    """The Idempotency-Key; the spec has checked it."""
    given = exchange.headers.get(b"idempotency-key")
    return None if given is None else given.decode("latin-1")


def note(exchange: Exchange, failure: RpcFailure) -> None:
    log.warning(
        "http.outcome_unknown",
        operation=exchange.operation_id,
        trace_id=exchange.trace_id,
        failure=type(failure).__name__,
        reason=failure.reason,
        source=failure.source,
    )
