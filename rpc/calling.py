"""What a client does around the transport, free of I/O: both clients drive the same `Attempts`.

Must not open a socket, sleep or know an event loop.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import msgspec

from rpc.breaker import Breaker
from rpc.breaker_board import Board, SharedBreaker
from rpc.codec import LIMITS, Limits, Malformed
from rpc.context import Context, lines_of, next_hop, pairs_of
from rpc.deadlines import at_ms, in_microseconds
from rpc.failures import DEADLINE_REACHED, RpcFailure, Unavailable, Unexpected, Unknown
from rpc.idl.runtime import Declared, Function, InvalidValue
from rpc.messages import decode_reply, encode_call
from rpc.observation import BUSINESS, CANCELLED, OK, OUTCOMES, UNEXPECTED, observe, tell
from rpc.retries import Budget
from rpc.services import Row
from rpc.signature import HEADER, signature_of_lines
from rpc.statuses import BAD_GATEWAY, CONTENT_TYPE, failure_of
from settings.clock import Clock

PATIENCE_MS = 1000
"""A call that was given less says nothing of a service that did not answer it in time."""
ALLOWED_MS_MAX = 86_400_000
"""What a socket's timeout can hold is less than what a deadline may say."""


class Origin(NamedTuple):
    """Where an upstream is: "http" or "https", host, port."""

    scheme: str
    host: str
    port: int


class Request(msgspec.Struct, frozen=True, gc=False):
    """A POST to be made once. `lines`: `name: value\\r\\n` each, names in lower case; all headers but Host and
    Content-Length, which the transport knows. `allowed_ms` is what the deadline leaves."""

    origin: Origin
    path: str
    lines: str
    body: bytes
    allowed_ms: int

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The lines as names and values."""
        return pairs_of(self.lines)


class Response(msgspec.Struct, frozen=True, gc=False):
    """An answer read to its end; headers that are missing are ""."""

    status: int
    error_class: str
    error_reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """A row, and where it is. `breaker` is None where the row wants none; `budget` is that of the upstream."""

    row: Row
    origin: Origin
    path: str
    breaker: Breaker | SharedBreaker | None
    budget: Budget


def origin_of(url: str) -> tuple[Origin, str]:
    """An http(s) URL as origin and path, the path without a closing slash. Raises ValueError."""
    parts: SplitResult = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"not a base URL of a service: {url!r}")
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return Origin(parts.scheme, parts.hostname, port), parts.path.rstrip("/")


class Core:
    """The callable services of one client, with their breakers."""

    def __init__(
        self,
        upstreams: Mapping[str, str],
        secret: bytes | None,
        caller: str,
        clock: Clock,
        services: Sequence[Row],
        limits: Limits = LIMITS,
        breaker_failures_max: int = 10,
        breaker_open_ms: int = 2000,
        board: Board | None = None,
        new_budget: Callable[[], Budget] = Budget,
    ) -> None:
        self.secret, self.clock, self.limits = secret, clock, limits
        self.now_us = in_microseconds(clock)
        self.lines = f"content-type: {CONTENT_TYPE}\r\naccept: {CONTENT_TYPE}\r\nuser-agent: {caller}\r\n"
        self.targets: dict[str, Target] = {}
        budgets = {name: new_budget() for name in upstreams}
        for row in services:
            if row.upstream in upstreams:
                url = upstreams[row.upstream]
                origin, prefix = origin_of(url)
                has_breaker = row.breaker and breaker_failures_max > 0
                name = f"{row.name} {url}"
                breaker = breaker_of(board, name, breaker_failures_max, breaker_open_ms) if has_breaker else None
                self.targets[row.name] = Target(row, origin, prefix + row.path or "/", breaker, budgets[row.upstream])

    def target(self, name: str) -> Target:
        """The target of a row's name. AttributeError names those there are."""
        target = self.targets.get(name)
        if target is None:
            raise AttributeError(f"no service {name!r}; there are {', '.join(sorted(self.targets))}")
        return target


class Attempts:
    """One call, made once or several times, as its row allows.

        request = call.request()             begins an attempt; the transport makes it
        value = call.result(response)        what the answer means: the end, or it raises
        wait_ms = call.wait_ms(failure)      until the next attempt; None: the failure is the end
        call.failed(error)                   the end, when it is no result

    One log line at its end. An object, which a first attempt passes straight through: three generators within each
    other took 2 us more.
    """

    __slots__ = (
        "allowed_ms",
        "arguments",
        "began",
        "body",
        "context",
        "core",
        "count",
        "deadline",
        "function",
        "is_admitted",
        "is_answered",
        "span_id",
        "target",
    )

    def __init__(
        self, core: Core, target: Target, function: Function, arguments: tuple[Any, ...], context: Context
    ) -> None:
        self.core, self.target, self.context = core, target, context
        self.function, self.arguments = function, arguments
        self.began = time.perf_counter()
        self.count = self.allowed_ms = 0
        self.span_id: str | None = None
        self.is_admitted = self.is_answered = False

    def request(self) -> Request:
        """The next attempt, with a span of its own. Raises Unavailable, and Unexpected for unsuitable arguments."""
        core, target, context = self.core, self.target, self.context
        now_us = core.now_us()
        if not self.count:
            self.begin(now_us)
        self.count += 1
        self.is_answered = False
        trace_id, parent_id, _, _, meta, traceparent = context
        self.span_id, traceparent = next_hop(traceparent)
        deadline = self.deadline
        left_us = deadline.left_us(now_us)
        if left_us <= 0:
            raise Unavailable(DEADLINE_REACHED, is_impatience=True)
        if target.breaker:
            target.breaker.admit()
            self.is_admitted = True
        left_ms = left_us // 1000
        self.allowed_ms = allowed_ms = left_ms if left_ms < ALLOWED_MS_MAX else ALLOWED_MS_MAX
        signed, lines = lines_of(trace_id, self.span_id, parent_id, deadline, meta, traceparent)
        if core.secret is not None:
            proof = signature_of_lines(core.secret, target.path, signed, self.body, now_us // 1000)
            lines = f"{lines}{HEADER}: {proof}\r\n"
        return Request(target.origin, target.path, lines + core.lines, self.body, allowed_ms)

    def begin(self, now_us: int) -> None:
        """What all attempts have in common."""
        try:
            self.body = encode_call(self.function, self.arguments)
        except InvalidValue as error:
            raise Unexpected(f"arguments cannot be sent: {error}") from error
        self.deadline = self.context.deadline or at_ms(now_us // 1000 + self.target.row.timeout_ms)
        self.target.budget.earn()

    def result(self, response: Response) -> Any:
        """What an answer means; table 5.2 of the reference, read in `statuses.py`."""
        self.is_answered = True
        if response.status != 200:
            failure = failure_of(response.status, response.error_class, response.error_reason)
            failure.status = response.status
            raise failure
        try:
            value = (
                None if self.function.is_oneway else decode_reply(self.function, response.body, limits=self.core.limits)
            )
        except Malformed as error:
            raise Unknown(f"unreadable answer: {error}") from error
        if self.is_admitted:
            self.is_admitted = False
            self.target.breaker.succeeded()
        self.tell(OK)
        return value

    def wait_ms(self, failure: RpcFailure) -> float | None:
        """Milliseconds until the next attempt, after one that was Unavailable or Unknown; None when it was the last."""
        breaker = self.target.breaker
        if self.is_admitted:
            self.is_admitted = False
            if speaks_of_service(failure, self.allowed_ms):
                breaker.failed()
            else:
                breaker.abandoned()
        retry = self.target.row.retry(self.function.name)
        wait_ms = retry.wait_ms(failure, self.count, self.deadline, self.core.clock())
        return wait_ms if wait_ms is not None and self.target.budget.spend() else None

    def failed(self, error: BaseException) -> None:
        """The call ended with that error. To the breaker a service that answered is well, whatever it said."""
        if self.is_admitted:
            if self.is_answered:
                self.target.breaker.succeeded()
            else:
                self.target.breaker.abandoned()
        if isinstance(error, Declared):
            self.tell(BUSINESS, type(error).__name__)
        elif isinstance(error, RpcFailure):
            self.tell(OUTCOMES.get(type(error), UNEXPECTED), error.reason)
        else:
            self.tell(CANCELLED)

    def tell(self, outcome: str, reason: str | None = None) -> None:
        kind = ("client", self.target.row.service.name, self.function.name, outcome)
        seconds = time.perf_counter() - self.began
        level = observe(kind, seconds, self.count)
        if level is not None:
            attempts = self.count if self.count > 1 else None
            ids = {"span_id": self.span_id, "trace_id": self.context.trace_id}
            tell(level, kind, seconds, {"reason": reason, "attempts": attempts, **ids})


def breaker_of(board: Board | None, name: str, failures_max: int, open_ms: int) -> Breaker | SharedBreaker:
    """The breaker that all processes share, or one of our own where there is no board or no room on it."""
    if board is not None:
        with suppress(OSError):
            return board.breaker(name, failures_max, open_ms)
    return Breaker(failures_max, open_ms)


def speaks_of_service(failure: RpcFailure, allowed_ms: int) -> bool:
    """Whether a breaker counts it: not a caller's impatience, and not a 502, for then the service itself answered."""
    if failure.is_impatience and allowed_ms < PATIENCE_MS:
        return False
    return failure.status != BAD_GATEWAY
