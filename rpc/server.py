"""Serves handlers of IDL services as one ASGI app: a path a service, POST only.

    app = rpc_app({"/v1/search": (search.Search, Handler())}, secret=secret, threads=16)

A handler has a method per function: `def Get(self, context, invoice_id)`, arguments in order of the IDL; it returns the
result, raises declared exceptions, or lets an RpcFailure pass. Plain functions run in a bounded pool of threads,
coroutine functions on the event loop. What else it raises is logged and leaves as an empty 500.
Must not know what is served.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from rpc.codec import LIMITS, Limits, Malformed
from rpc.context import BadContext, Context, from_headers
from rpc.failures import BUSINESS_ERROR, DEADLINE_REACHED, RpcFailure, Unavailable, Unexpected
from rpc.idl.runtime import Declared, Service
from rpc.messages import Call, decode_call, encode_exception, encode_result
from rpc.observation import BUSINESS, CANCELLED, OK, OUTCOMES, UNEXPECTED, observe, tell
from rpc.receiving import Answer, Refused, headers_of, read_body, refusal_of_head, send_answer
from rpc.signature import AGE_S_MAX, HEADER, BadSignature, StaleSignature, Verifier
from rpc.statuses import header_safe, status_of
from rpc.threads import Threads
from settings.clock import Clock, system_clock
from telemetry import log

Handler = Any
Services = Mapping[str, tuple[Service, Handler]]
Outcome = tuple[Answer, str, str | None]
RawHeaders = Sequence[tuple[bytes, bytes]]
WAITING_PER_THREAD = 16
CRASHED = "handler crashed"


def rpc_app(
    services: Services,
    *,
    secret: bytes | None = None,
    threads: int = 16,
    clock: Clock = system_clock,
    limits: Limits = LIMITS,
    signature_age_s_max: int = AGE_S_MAX,
) -> "Server":
    """URL path -> (service, handler). Raises TypeError when a handler lacks a function.

    With a `secret` only signed calls are taken. `threads`: calls of plain functions executed at a time; sixteen times
    as many wait, more are answered as unavailable.
    """
    for service, handler in services.values():
        missing = [name for name in service.functions if not callable(getattr(handler, name, None))]
        if missing:
            raise TypeError(f"{type(handler).__name__} lacks {service.name}.{', '.join(missing)}")
    verifier = Verifier(secret, clock, signature_age_s_max) if secret is not None else None
    return Server(services, verifier, threads, clock, limits)


class Server:
    """The ASGI app. `direct`: the way of a request of our own server (`serving.exchange`)."""

    def __init__(
        self, services: Services, verifier: Verifier | None, threads: int, clock: Clock, limits: Limits
    ) -> None:
        self.services, self.verifier, self.clock, self.limits = dict(services), verifier, clock, limits
        self.are_coroutines: dict[Callable[..., Any], bool] = {}
        self.threads = Threads(threads, "rpc")
        self.room = threads * (1 + WAITING_PER_THREAD)
        self.in_flight = 0
        self.oneway: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """One request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self.lifespan(receive, send)
            return
        answer = await self.answer(scope["method"], scope["path"], scope["headers"], receive)
        await send_answer(answer, send)
        self.begin_after(answer)

    async def direct(self, exchange: Any) -> None:
        """Answers a request of `serving.exchange`."""
        path = exchange.raw_path.decode("latin-1")
        answer = await self.answer(exchange.method, path, exchange.headers, exchange.receive, exchange.body_at_hand())
        exchange.respond(answer.status, headers_of(answer), answer.body)
        self.begin_after(answer)

    def begin_after(self, answer: Answer) -> None:
        """Begins what waited for the answer to be sent."""
        if answer.after:
            task = asyncio.ensure_future(answer.after)
            self.oneway.add(task)
            task.add_done_callback(self.oneway.discard)

    async def lifespan(self, receive: Any, send: Any) -> None:
        """Nothing to start; at the end the threads finish what they do."""
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                self.threads.close()
                return

    # ------------------------------------------------------------ one request

    async def answer(
        self, method: str, path: str, raw_headers: RawHeaders, receive: Any, body: bytes | None = None
    ) -> Answer:
        """The answer to a request, whatever happens. `body`: where it is known already."""
        try:
            return await self.called(method, path, raw_headers, receive, body)
        except Refused as refused:
            log.warning("rpc.refused", path=path, status=refused.answer.status, reason=refused.reason)
            return refused.answer
        except Exception:
            log.error("rpc.server_crashed", exc_info=True, path=path)
            return Answer(500, b"", Unexpected.error_class, CRASHED)

    async def called(self, method: str, path: str, raw_headers: RawHeaders, receive: Any, body: bytes | None) -> Answer:
        """From a request to its answer. Raises Refused for what never reaches a handler."""
        if path not in self.services:
            raise Refused(404, "unknown path")
        service, handler = self.services[path]
        headers = [(name.decode("latin-1").lower(), utf8(value)) for name, value in raw_headers]
        found = dict(headers)
        refusal_of_head(method, found, self.limits.body_bytes_max)
        body = await read_body(receive, self.limits.body_bytes_max, body)
        context = self.context_of(path, headers, found, body)
        if context.deadline and context.deadline.reached(self.clock()):
            raise Refused(503, DEADLINE_REACHED, Unavailable)
        try:
            call = decode_call(service, body, self.limits)
        except Malformed as error:
            raise Refused(400, str(error)) from None
        run = self.run(handler, call, context, found.get("user-agent"))
        return Answer(200, after=run) if call.is_oneway else await run

    def context_of(self, path: str, headers: list[tuple[str, str]], found: Mapping[str, str], body: bytes) -> Context:
        """The caller's context, once the caller is known to be one of us."""
        try:
            context = from_headers(headers)
            if self.verifier:
                call_id = f"{context.trace_id} {context.span_id}"
                self.verifier.verify(found.get(HEADER, ""), path, headers, body, call_id)
        except BadContext as error:
            raise Refused(400, str(error)) from None
        except StaleSignature as error:
            raise Refused(503, str(error), Unavailable) from None
        except BadSignature as error:
            raise Refused(401, str(error)) from None
        return context

    async def run(self, handler: Handler, call: Call, context: Context, caller: str | None) -> Answer:
        """Executes a call; one log line at its end."""
        began, outcome, reason = time.perf_counter(), CANCELLED, None
        with log.bound(**log_fields(context)):
            try:
                answer, outcome, reason = await self.outcome(handler, call, context)
                return answer
            finally:
                kind = ("server", call.function.service, call.function.name, outcome)
                seconds = time.perf_counter() - began
                level = observe(kind, seconds)
                if level is not None:
                    tell(level, kind, seconds, {"reason": reason, "caller": caller})

    async def outcome(self, handler: Handler, call: Call, context: Context) -> Outcome:
        """The answer, its word for the log, and the reason of what is no success."""
        try:
            return await self.business(handler, call, context)
        except RpcFailure as failure:
            answer = Answer(status_of(failure), b"", failure.error_class, header_safe(failure.reason))
            return answer, OUTCOMES[type(failure)], failure.reason
        except Exception:
            log.error("rpc.handler_crashed", exc_info=True)
            return Answer(500, b"", Unexpected.error_class, CRASHED), UNEXPECTED, CRASHED

    async def business(self, handler: Handler, call: Call, context: Context) -> Outcome:
        """A result or a declared exception; an exception that the function does not declare is a crash."""
        function, sequence = call.function, call.sequence
        try:
            value = await self.execute(getattr(handler, function.name), call.arguments, context)
        except Declared as exception:
            if type(exception) not in function.throws:
                raise
            name, body = type(exception).__name__, encode_exception(function, sequence, exception)
            return Answer(200, body, BUSINESS_ERROR, name), BUSINESS, name
        return Answer(200, encode_result(function, sequence, value)), OK, None

    async def execute(self, method: Callable[..., Any], arguments: tuple[Any, ...], context: Context) -> Any:
        """Calls the handler: on the loop when it is a coroutine function, else in the pool."""
        is_coroutine = self.are_coroutines.get(method)
        if is_coroutine is None:  # to look takes 5 us, and there are only as many methods as functions
            is_coroutine = self.are_coroutines[method] = inspect.iscoroutinefunction(method)
        if is_coroutine:
            return await method(context, *arguments)
        if self.in_flight >= self.room:
            raise Unavailable("overloaded")
        self.in_flight += 1
        try:
            value = await self.threads.run(self.in_thread, method, arguments, context)
        finally:
            self.in_flight -= 1
        return await value if isinstance(value, Awaitable) else value

    def in_thread(self, method: Callable[..., Any], arguments: tuple[Any, ...], context: Context) -> Any:
        """In a thread of the pool; a call whose time ran out while it waited is not begun."""
        if context.deadline and context.deadline.reached(self.clock()):
            raise Unavailable(DEADLINE_REACHED)
        return method(context, *arguments)


def log_fields(context: Context) -> dict[str, str]:
    """What every line written under a call carries."""
    fields = {"trace_id": context.trace_id, "span_id": context.span_id, "parent_id": context.parent_id}
    party = context.meta.get("user-identity.id")
    return {**fields, "party": party} if party else fields


def utf8(value: bytes) -> str:
    """A header's value; what is not UTF-8 cannot be a header of ours and is kept readable."""
    return value.decode("utf-8", "replace")
