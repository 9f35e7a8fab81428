"""What a client does around the transport, free of I/O: both clients drive the same generator.

    steps = core.calling(target, function, arguments, context)
    yields Request -> wants a Response sent in, or an RpcFailure thrown in
    yields Pause   -> wants to be resumed after that time
    returns the result; raises the declared exception or an RpcFailure

Must not open a socket, sleep or know an event loop.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from rpc.breaker import Breaker
from rpc.breaker_board import Board, SharedBreaker
from rpc.codec import LIMITS, Limits, Malformed
from rpc.context import Context, to_headers
from rpc.deadlines import Deadline
from rpc.failures import DEADLINE_REACHED, RpcFailure, Unavailable, Unexpected, Unknown
from rpc.idl.runtime import Declared, Function, InvalidValue
from rpc.messages import decode_reply, encode_call
from rpc.observation import BUSINESS, CANCELLED, OK, OUTCOMES, UNEXPECTED, observe
from rpc.retries import Budget
from rpc.services import Row
from rpc.signature import HEADER, signature
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


class Request(NamedTuple):
    """A POST to be made once. Headers are in lower case; `allowed_ms` is what the deadline leaves."""

    origin: Origin
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    allowed_ms: int


class Response(NamedTuple):
    """An answer read to its end; headers that are missing are ""."""

    status: int
    error_class: str
    error_reason: str
    body: bytes


class Pause(NamedTuple):
    ms: float


Steps = Generator[Request | Pause, Any, Any]


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
        self.secret, self.caller, self.clock, self.limits = secret, caller, clock, limits
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

    def calling(self, target: Target, function: Function, arguments: tuple[Any, ...], context: Context) -> Steps:
        """One call with its repeats, as steps; see above. One log line at its end."""
        began, state = time.perf_counter(), Progress()
        outcome, reason = OK, None
        try:
            return (yield from self.attempts(target, function, arguments, context, state))
        except Declared as exception:
            outcome, reason = BUSINESS, type(exception).__name__
            raise
        except RpcFailure as failure:
            outcome, reason = OUTCOMES.get(type(failure), UNEXPECTED), failure.reason
            raise
        except BaseException:
            outcome = CANCELLED
            raise
        finally:
            observe(
                "client",
                target.row.service.name,
                function.name,
                outcome,
                time.perf_counter() - began,
                reason=reason,
                attempts=state.attempts if state.attempts > 1 else None,
                span_id=state.span_id,
                trace_id=context.trace_id,
            )

    def attempts(
        self, target: Target, function: Function, arguments: tuple[Any, ...], context: Context, state: "Progress"
    ) -> Steps:
        """Attempts and the waits between them, as the row allows."""
        try:
            body = encode_call(function, arguments)
        except InvalidValue as error:
            raise Unexpected(f"arguments cannot be sent: {error}") from error
        deadline = context.deadline or Deadline.after_ms(target.row.timeout_ms, self.clock())
        retry = target.row.retry(function.name)
        target.budget.earn()
        while True:
            state.attempts += 1
            try:
                return (yield from self.attempt(target, function, body, context.child(deadline), state))
            except (Unavailable, Unknown) as failure:
                wait_ms = retry.wait_ms(failure, state.attempts, deadline, self.clock())
                if wait_ms is None or not target.budget.spend():
                    raise
            yield Pause(wait_ms)

    def attempt(self, target: Target, function: Function, body: bytes, context: Context, state: "Progress") -> Steps:
        """One request and its answer; each has a span of its own."""
        now = self.clock()
        state.span_id = context.span_id
        if context.deadline.reached(now):
            raise Unavailable(DEADLINE_REACHED, is_impatience=True)
        if target.breaker:
            target.breaker.admit()
        verdict = "abandoned"
        allowed_ms = min(context.deadline.remaining_ms(now), ALLOWED_MS_MAX)
        try:
            headers = self.headers(target, context, body, now)
            response = yield Request(target.origin, target.path, headers, body, allowed_ms)
            verdict = "succeeded"
            return self.result(function, response)
        except (Unavailable, Unknown) as failure:
            verdict = "failed" if speaks_of_service(failure, allowed_ms) else "abandoned"
            raise
        finally:
            if target.breaker:
                getattr(target.breaker, verdict)()

    def headers(self, target: Target, context: Context, body: bytes, now: Any) -> list[tuple[str, str]]:
        """All headers of a request but Host and Content-Length, which the transport knows."""
        headers = to_headers(context)
        if self.secret is not None:
            headers.append((HEADER, signature(self.secret, target.path, headers, body, now)))
        headers += [("content-type", CONTENT_TYPE), ("accept", CONTENT_TYPE), ("user-agent", self.caller)]
        return headers

    def result(self, function: Function, response: Response) -> Any:
        """What an answer means; table 5.2 of the reference, read in `statuses.py`."""
        failure = failure_of(response.status, response.error_class, response.error_reason)
        if failure is not None:
            failure.status = response.status
            raise failure
        if function.is_oneway:
            return None
        try:
            return decode_reply(function, response.body, limits=self.limits)
        except Malformed as error:
            raise Unknown(f"unreadable answer: {error}") from error


class Progress:
    """How far a call got; for its log line."""

    __slots__ = ("attempts", "span_id")

    def __init__(self) -> None:
        self.attempts = 0
        self.span_id: str | None = None


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
