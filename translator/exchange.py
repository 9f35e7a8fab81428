"""One HTTP request as the gateway sees it: headers, path, query, body within bounds.

It comes from our own server as it is (`serving.exchange`), or from any other by ASGI (`translator.asgi`). Knows nothing
of operations; everything here must survive whatever a socket can send.
"""

import asyncio
import re
import time
import types
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator, Mapping
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

import msgspec

from translator.routes import PERCENT

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
REQUEST_ID = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?")
DIGITS = re.compile(rb"[0-9]{1,18}")
BLANKS = frozenset(b" \t")


class BadQuery(ValueError):
    """The query is not strictly encoded UTF-8."""


class BadBody(ValueError):
    """The body cannot be taken; the argument is the published description."""


class ClientGone(Exception):
    """The client went away before its request was complete."""


class Usual(Protocol):
    """One for all requests of a connection whose heads are the same but for X-Request-ID and Content-Length.
    `meaning`: whatever is to be remembered of that head, None until then.
    """

    meaning: Any


class Request(Protocol):
    """What a server hands over. `raw_path` is undecoded and `query` without its mark; names of headers are in lower
    case; `named`: what `header_map` makes of them, where the server knows it already, and nobody else's to change;
    `usual`: None where the server knows of no other request with this head; `peer`: the address at the other end of the
    socket, None where there is none.
    """

    method: str
    raw_path: bytes
    query: bytes
    headers: Collection[tuple[bytes, bytes]]
    named: dict[bytes, bytes] | None
    usual: Usual | None
    peer: str | None

    def body_at_hand(self) -> bytes | None:
        """The whole body if it has come whole; None while more may come."""

    async def receive(self) -> Mapping[str, Any]:
        """The next part of the body, as in ASGI."""


class Exchange(msgspec.Struct, eq=False):
    """A request on its way through the gateway, and what has become known of it: the facts of its log line, and what a
    version's conventions may want to say in an answer.

    `started`: by `time.perf_counter`. `served`: the operation, None before it is found. `identity`: whose token it is,
    None before it held. `has_begun`: whether the request may have had an effect. `quota`: what the rate limit found,
    where it keeps count.
    """

    request: Request
    method: str
    headers: Mapping[bytes, bytes]
    request_id: str | None
    started: float
    operation_id: str = "unknown"
    served: Any = None
    trace_id: str | None = None
    party_id: str | None = None
    is_strangers: bool = False
    identity: Any = None
    has_begun: bool = False
    quota: Any = None

    __repr__ = object.__repr__  # what it holds is not to be shown


def exchange_of(request: Request, request_id_of: Callable[[Mapping[bytes, bytes]], str | None]) -> Exchange:
    """What begins now with a request. `request_id_of`: the id to log and to send back."""
    started = time.perf_counter()
    headers = request.named or header_map(request.headers)
    return Exchange(request, request.method, headers, request_id_of(headers), started)


def request_id_of(headers: Mapping[bytes, bytes]) -> str | None:
    """X-Request-ID where it is fit to be written down and sent back; whether it will do, the spec decides."""
    given = headers.get(b"x-request-id")
    return given.decode() if given is not None and REQUEST_ID.fullmatch(given) else None


def header_map(pairs: Collection[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Values of a repeated header are joined, as RFC 9110 5.3 reads them, and white space around them is cut."""
    headers = dict(pairs)
    if len(headers) == len(pairs):
        for value in headers.values():
            if value and (value[0] in BLANKS or value[-1] in BLANKS):
                break
        else:
            return headers
    headers = {}
    for name, value in pairs:
        value = value.strip(b" \t")
        headers[name] = value if name not in headers else headers[name] + b", " + value
    return headers


def parse_query(raw: bytes) -> dict[str, list[str]]:
    """Name -> values in their order. Raises BadQuery for a broken percent sign and for what is not UTF-8."""
    found: dict[str, list[str]] = {}
    for pair in raw.split(b"&") if raw else ():
        name, _, value = pair.partition(b"=")
        if name:
            found.setdefault(_decoded(name), []).append(_decoded(value))
    return found


def _decoded(part: bytes) -> str:
    if PERCENT.search(part):
        raise BadQuery
    try:
        text = unquote_to_bytes(part.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise BadQuery from None
    if "\0" in text:
        raise BadQuery
    return text


def has_body(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request announces a body that is not empty."""
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


def check_length(headers: Mapping[bytes, bytes], bytes_max: int) -> None:
    """Raises BadBody when the announced length is too long or not readable."""
    announced = headers.get(b"content-length")
    if announced is not None:
        if not DIGITS.fullmatch(announced):
            raise BadBody("Invalid content length")
        if int(announced) > bytes_max:
            raise BadBody("Body is too long")


async def read_body(request: Request, bytes_max: int, timeout_ms: int) -> bytes:
    """The whole body. Raises BadBody when it is too long or too slow, ClientGone."""
    receiving = _received(request.receive, bytes_max)
    try:
        awaited = receiving.send(None)
    except StopIteration as done:
        return done.value  # it was there already, as nearly always: no timer needed
    # A task of its own, for `asyncio.timeout` needs one and the request may have none.
    return await asyncio.get_running_loop().create_task(_in_time(_resumed(receiving, awaited), timeout_ms))


async def _in_time(reading: Awaitable[bytes], timeout_ms: int) -> bytes:
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            return await reading
    except TimeoutError:
        raise BadBody("Body is too long") from None


@types.coroutine
def _resumed(coroutine: Coroutine[Any, Any, bytes], awaited: Any) -> Generator[Any, Any, bytes]:
    """Goes on with a coroutine whose first step was taken by hand and waits for `awaited`."""
    while True:
        try:
            value = yield awaited
        except BaseException as problem:
            step, value = coroutine.throw, problem
        else:
            step = coroutine.send
        try:
            awaited = step(value)
        except StopIteration as done:
            return done.value


async def _received(receive: Receive, bytes_max: int) -> bytes:
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        length += len(part)
        if length > bytes_max:
            raise BadBody("Body is too long")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) > 1 else part
