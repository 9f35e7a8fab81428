"""The way of one request, each step in its place (contract section 3.1).

    route 404 -> method 405, OPTIONS -> served here 501 -> Bearer header 401 -> Accept 406 -> Content-Type 415
    -> parameters in spec order 400 -> deadline 400 -> token 401 -> rate 429 -> scope 401 or masked 404
    -> the operation, its errors by table -> the answer checked -> headers, one log line, metrics

A missing X-Request-ID is therefore 400 only behind a well-formed Bearer header, and a bad token is found after the
parameters. Nothing is half-applied: the platform is called only when every step before it has agreed.

The token is looked at before the body is read all the same, only to decide how much of it, and for how long, is waited
for. A request takes one of the places "in flight" when all of it is here: waiting for bodies takes none.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from rpc.failures import RpcFailure
from settings.clock import Clock
from settings.sections import Gateway as GatewaySettings
from telemetry import log, metrics
from translator.access_tokens import AccessTokens
from translator.answers import encode, fault_of
from translator.call import Call
from translator.client_address import client_ip
from translator.errors import Denied, TooMany, Unauthorized
from translator.exchange import BadBody, ClientGone, Exchange, check_length, has_body, raw_path, read_body
from translator.media_types import accepts_json, is_encoded
from translator.oops import Cats
from translator.payment_tool_tokens import PaymentToolTokens
from translator.rate_limits import RateLimit
from translator.reply import Reply
from translator.request_deadline import deadline_of
from translator.request_validation import Arguments, validated
from translator.response_headers import Header, ResponseHeaders
from translator.routes import Routes
from translator.served import Served
from translator.trace import new_trace_id, root_context, traceparent_of
from translator.violations import Violation

CLIENT_GONE = 499
STRANGERS_BODY_BYTES_MAX = 65_536
STRANGERS_BODY_READ_MS_MAX = 2_000
"""Of callers whose token does not hold: they get a 401 in any case, sooner than they could keep anybody waiting."""

BEARER = b"Bearer "
METHODS_WITH_BODY = {"POST", "PUT", "PATCH"}
SECONDS = metrics.histogram("capi_http_request_seconds", "Requests by operation and status", ("operation", "status"))
OUTSIDE_SPEC = metrics.counter("capi_http_answers_outside_spec", "Own answers that the spec forbids", ("operation",))

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Pipeline:
    """An ASGI application for `http` scopes."""

    def __init__(
        self,
        routes: Routes[Served],
        *,
        settings: GatewaySettings,
        tokens: AccessTokens,
        payment_tool_tokens: PaymentToolTokens | None,
        rpc: Any,
        clock: Clock,
        cats: Cats,
        strict_answers: bool,
    ) -> None:
        self._routes = routes
        self._settings = settings
        self._tokens = tokens
        self._payment_tool_tokens = payment_tool_tokens
        self._rpc = rpc
        self._clock = clock
        self._cats = cats
        self._strict = strict_answers
        self._headers = ResponseHeaders(settings.cors_origin)
        self._ip_header = settings.ip_address_header.lower().encode()
        self._limit = RateLimit(settings.party_requests_per_s_max)
        self._in_flight = 0
        self._timers: dict[tuple[str, int], Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        exchange = Exchange(scope, receive)
        try:
            reply, body, headers = await self._answer(exchange)
        except ClientGone:
            self._record(exchange, CLIENT_GONE)
            return
        headers = self._headers.of(reply.status, exchange.request_id, len(body), headers)
        self._record(exchange, reply.status)
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if exchange.method == "HEAD" else body})

    async def _answer(self, exchange: Exchange) -> tuple[Reply, bytes, list[Header]]:
        """The reply, its bytes, and the headers that only this kind of reply has."""
        if self._in_flight >= self._settings.requests_in_flight_max:
            return Reply(503), self._cats.body(503), []
        try:
            reply, headers = await self._routed(exchange)
            return reply, encode(reply) if reply.status < 500 else self._cats.body(reply.status), headers
        except ClientGone:
            raise
        except Exception:
            log.error("http.crash", exc_info=True, operation=exchange.operation_id, trace_id=exchange.trace_id)
            return Reply(500), self._cats.body(500), []

    async def _routed(self, exchange: Exchange) -> tuple[Reply, list[Header]]:
        found = self._routes.find(raw_path(exchange.scope))
        if found is None:
            return Reply(404), []
        route, exchange.path = found
        served = route.methods.get(exchange.method)
        if served is None:
            allow = [(b"allow", route.allow.encode())]
            if exchange.method == "OPTIONS":
                return Reply(200), allow + self._headers.preflight
            return Reply(405), allow
        exchange.operation_id = served.spec.operation_id
        if served.function is None:
            return Reply(501), []
        token = bearer(exchange.headers.get(b"authorization"))
        if token is None and served.spec.secured:
            return Reply(401), [(b"www-authenticate", b"")]
        return self._media_refusal(served, exchange) or await self._validated(served, exchange, token), []

    def _media_refusal(self, served: Served, exchange: Exchange) -> Reply | None:
        headers = exchange.headers
        if not accepts_json(headers.get(b"accept")):
            return Reply(406)
        if exchange.method not in METHODS_WITH_BODY or not has_body(headers):
            return None
        if is_encoded(headers.get(b"content-encoding")) or not served.consumes(headers.get(b"content-type")):
            return Reply(415)
        return None

    async def _validated(self, served: Served, exchange: Exchange, token: str | None) -> Reply:
        def body() -> Awaitable[bytes]:
            return self._body(exchange, token)

        query, depth_max = exchange.scope.get("query_string", b""), self._settings.json_depth_max
        try:
            arguments = await validated(served.spec, exchange.headers, exchange.path, query, body, depth_max)
            call = self._admit(served, exchange, token)
        except Violation as violation:
            return Reply(400, {"code": "invalidRequest", "message": violation.message})
        except ClientGone:
            raise
        except Exception as problem:
            return self._failed(served, exchange, problem)
        return await self._in_place(served, exchange, call, arguments)

    async def _body(self, exchange: Exchange, token: str | None) -> bytes:
        """Raises BadBody, ClientGone; Unauthorized for a stranger's body that is longer or slower than theirs may be.

        A stranger whose body comes in time is told what is wrong with it first, as everybody is.
        """
        settings, headers, receive = self._settings, exchange.headers, exchange.receive
        check_length(headers, settings.body_bytes_max)
        exchange.is_strangers = self._is_strangers(token)
        if not exchange.is_strangers:
            return await read_body(receive, settings.body_bytes_max, settings.body_read_timeout_ms)
        bytes_max = min(settings.body_bytes_max, STRANGERS_BODY_BYTES_MAX)
        try:
            check_length(headers, bytes_max)
            return await read_body(receive, bytes_max, min(settings.body_read_timeout_ms, STRANGERS_BODY_READ_MS_MAX))
        except BadBody:
            raise Unauthorized from None

    def _is_strangers(self, token: str | None) -> bool:
        """Whether the token surely does not hold. While the register of revocations is silent, genuine ones may."""
        try:
            self._tokens.identify(token or "", self._clock())
        except Unauthorized:
            return True
        except RpcFailure:
            return False
        return False

    async def _in_place(self, served: Served, exchange: Exchange, call: Call, arguments: Arguments) -> Reply:
        """Performs the call in one of the places; 503 when none is left."""
        if self._in_flight >= self._settings.requests_in_flight_max:
            return Reply(503)
        self._in_flight += 1
        try:
            return await self._performed(served, exchange, call, arguments)
        finally:
            self._in_flight -= 1

    def _admit(self, served: Served, exchange: Exchange, token: str | None) -> Call:
        """The call to make. Raises Problem for the deadline, Unauthorized, TooMany, Denied for the scope."""
        settings, headers, now = self._settings, exchange.headers, self._clock()
        deadline = deadline_of(
            text_of(headers.get(b"x-request-deadline")),
            now,
            settings.request_deadline_default_ms,
            settings.request_deadline_ms_max,
        )
        if exchange.is_strangers:
            raise Unauthorized
        identity = self._tokens.identify(token or "", now)
        exchange.party_id = identity.party_id
        if not self._limit.takes(identity.party_id):
            raise TooMany
        wanted = served.wanted
        if wanted is not None and not identity.roles.allows(wanted.scope(exchange.path), wanted.permission):
            raise Denied
        exchange.trace_id = trace_id = new_trace_id()
        context = root_context(exchange.request_id, trace_id, deadline, identity, traceparent_of(headers))
        return Call(
            operation_id=served.spec.operation_id,
            identity=identity,
            rpc=self._rpc.bind(context),
            now=now,
            deadline=deadline,
            request_id=context.span_id,
            trace_id=trace_id,
            client_ip=client_ip(headers, self._ip_header, exchange.peer),
            origin=text_of(headers.get(b"origin")),
            features=served.features,
            tokens=self._tokens,
            payment_tool_tokens=self._payment_tool_tokens,
        )

    async def _performed(self, served: Served, exchange: Exchange, call: Call, arguments: Arguments) -> Reply:
        with log.bound(trace_id=call.trace_id, span_id=call.request_id, party=call.party_id):
            try:
                reply = await served.function(call, **arguments)
            except Exception as problem:
                reply = self._failed(served, exchange, problem)
            return self._checked(served, reply)

    def _failed(self, served: Served, exchange: Exchange, problem: Exception) -> Reply:
        """The answer to an exception: by the tables, or 500 with a line in the log."""
        reply = served.rules.reply(problem)
        if isinstance(problem, RpcFailure):
            log.warning(
                "http.failure",
                operation=exchange.operation_id,
                trace_id=exchange.trace_id,
                failure=type(problem).__name__,
                reason=problem.reason,
                source=problem.source,
            )
        elif reply is None:
            log.error("http.crash", exc_info=True, operation=exchange.operation_id, trace_id=exchange.trace_id)
        return reply or Reply(500)

    def _checked(self, served: Served, reply: Reply) -> Reply:
        """The reply itself, or 500 in strict mode when the version's own spec forbids it."""
        fault = fault_of(served.spec, reply)
        if fault is None:
            return reply
        OUTSIDE_SPEC.labels(served.spec.operation_id).inc()
        log.error("http.answer_outside_spec", operation=served.spec.operation_id, status=reply.status, fault=fault)
        return Reply(500) if self._strict else reply

    def _record(self, exchange: Exchange, status: int) -> None:
        seconds = time.perf_counter() - exchange.started
        timer = self._timers.get((exchange.operation_id, status))
        if timer is None:
            timer = SECONDS.labels(exchange.operation_id, str(status))
            self._timers[exchange.operation_id, status] = timer
        timer.observe(seconds)
        amazon = exchange.headers.get(b"x-amzn-trace-id")
        more = {"x_amzn_trace_id": amazon[:100].decode("latin-1")} if amazon else {}
        log.info(
            "http.request",
            operation=exchange.operation_id,
            method=exchange.method[:16],
            status=status,
            request_id=exchange.request_id,
            trace_id=exchange.trace_id,
            party=exchange.party_id,
            duration_ms=round(seconds * 1000, 3),
            **more,
        )


def bearer(header: bytes | None) -> str | None:
    """The token of an Authorization header; None when it is no `Bearer <token>`."""
    if header is None or not header.startswith(BEARER):
        return None
    token = header[len(BEARER) :].decode("latin-1").strip(" ")
    return token if token and " " not in token else None


def text_of(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
