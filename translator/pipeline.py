"""The way of one request, each step in its place (contract section 3.1).

    route 404 -> method 405, OPTIONS -> served here 501 -> Bearer header 401 -> Accept 406 -> Content-Type 415
    -> parameters in spec order 400 -> deadline 400 -> token 401 -> rate 429 -> scope 401 or masked 404
    -> the operation, its errors by table -> the answer checked -> headers, one log line, metrics

That is the order of v1 and v2; where the conventions say `token_first`, token and rate come before Accept. What each
refusal looks like is the conventions' word.

A missing X-Request-ID is therefore 400 only behind a well-formed Bearer header, and a bad token is found after the
parameters. Nothing is half-applied: the platform is called only when every step before it has agreed.

The token is looked at before the body is read all the same, only to decide how much of it, and for how long, is waited
for. A request takes one of the places "in flight" when all of it is here: waiting for bodies takes none.

Whatever breaks on the way is logged and answered by a cat: nothing from inside leaves.
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from rpc.abreast import Abreast
from rpc.failures import RpcFailure
from settings.clock import Clock
from settings.sections import Gateway as GatewaySettings
from telemetry import log, metrics
from translator.access_tokens import AccessTokens, Identity
from translator.answers import encode, fault_of, is_listed
from translator.asgi import AsgiRequest
from translator.call import Call
from translator.client_address import client_ip
from translator.conventions import Conventions
from translator.errors import OutOfScope, Unauthorized
from translator.exchange import BadBody, ClientGone, Exchange, Request, check_length, has_body, read_body
from translator.media_types import accepts_json, is_encoded
from translator.oops import Cats
from translator.payment_tool_tokens import PaymentToolTokens
from translator.reply import Header, Reply
from translator.request_validation import Arguments
from translator.response_headers import ResponseHeaders, length_of
from translator.routes import Routes
from translator.served import Served
from translator.trace import new_trace_id, root_context, traceparent_of

CLIENT_GONE = 499
STRANGERS_BODY_BYTES_MAX = 65_536
STRANGERS_BODY_READ_MS_MAX = 2_000
"""Of callers whose token does not hold: they get a 401 in any case, sooner than they could keep anybody waiting."""

BEARER = b"Bearer "
METHODS_WITH_BODY = {"POST", "PUT", "PATCH"}
SECONDS = metrics.histogram("capi_http_request_seconds", "Requests by operation and status", ("operation", "status"))
OUTSIDE_SPEC = metrics.counter("capi_http_answers_outside_spec", "Own answers that the spec forbids", ("operation",))

Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, list[Header], bytes]
"""Status, headers without the length, body of a whole answer; the body of GET for HEAD."""


class Pipeline:
    """An ASGI application for `http` scopes; `direct` is the same for our own server, 8 us shorter."""

    def __init__(
        self,
        routes: Routes[Served],
        *,
        conventions: Conventions,
        settings: GatewaySettings,
        tokens: AccessTokens,
        payment_tool_tokens: PaymentToolTokens | None,
        rpc: Any,
        clock: Clock,
        cats: Cats,
        strict_answers: bool,
        count_use: Callable[[str, str], None],
        farewell: tuple[Header, ...],
    ) -> None:
        self._routes = routes
        self._conventions = conventions
        self._settings = settings
        self._tokens = tokens
        self._payment_tool_tokens = payment_tool_tokens
        self._rpc = rpc
        self._clock = clock
        self._cats = cats
        self._strict = strict_answers
        self._count_use = count_use
        self._farewell = farewell
        self._headers = ResponseHeaders(settings.cors_origin, conventions)
        self._ip_header = settings.ip_address_header.lower().encode()
        self._limit = conventions.rate_limit(settings)
        self._in_flight = 0
        self._abreast = Abreast()
        self._to_pass: dict[str, int] = {}
        self._timers: dict[tuple[str, int], Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        answer = await self.direct(AsgiRequest(scope, receive))
        if answer is not None:
            status, headers, body = answer
            headers += length_of(status, body)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def direct(self, request: Request) -> Answer | None:
        """The whole answer to a request, such as `serving.exchange` hands over; None when nobody waits for it."""
        exchange = Exchange(request, self._conventions.request_id_of)
        self._abreast.under_way += 1
        try:
            if self._in_flight >= self._settings.requests_in_flight_max:
                reply = self._conventions.status(503, exchange)
            else:
                reply = await self._routed(exchange)
                await self._abreast.stage()
            return self._written(exchange, reply)
        except ClientGone:
            self._record(exchange, CLIENT_GONE)
            return None
        except Exception:
            log.error("http.crash", exc_info=True, operation=exchange.operation_id, trace_id=exchange.trace_id)
            return self._written(exchange, self._conventions.status(500, exchange))
        finally:
            self._abreast.under_way -= 1

    def _written(self, exchange: Exchange, reply: Reply) -> Answer:
        """The answer's status, headers and bytes, put on record. TypeError for a body that JSON has no form for."""
        body = encode(reply) if reply.status < 500 else self._cats.body(reply.status)
        headers = self._headers.of(reply, exchange.request_id, bool(body))
        headers += self._farewell if exchange.served is None else exchange.served.farewell
        if self._conventions.headers_of is not None:
            headers += self._conventions.headers_of(exchange, reply)
        self._record(exchange, reply.status)
        return reply.status, headers, body

    async def _routed(self, exchange: Exchange) -> Reply:
        status = self._conventions.status
        found = self._routes.find(exchange.request.raw_path)
        if found is None:
            return status(404, exchange)
        route, exchange.path = found
        served = route.methods.get(exchange.method)
        if served is None:
            return self._other_method(exchange, route.allow)
        exchange.served, exchange.operation_id = served, served.spec.operation_id
        if served.function is None:
            return status(501, exchange)
        token = bearer(exchange.headers.get(b"authorization"))
        if token is None and served.spec.secured:
            return status(401, exchange)
        try:
            if self._conventions.token_first:
                self._identify(exchange, token)
            refusal = self._media_refusal(served, exchange)
            if refusal is not None:
                return refusal
            await self._abreast.stage()
            arguments = await self._conventions.validated(
                served.spec,
                exchange.headers,
                exchange.path,
                exchange.request.query,
                partial(self._body, exchange, token),
                self._settings.json_depth_max,
            )
            await self._abreast.stage()
            call = self._admit(served, exchange, token)
            await self._abreast.stage()
        except ClientGone:
            raise
        except Exception as problem:
            return self._failed(served, exchange, problem)
        if self._in_flight >= self._settings.requests_in_flight_max:
            return status(503, exchange)
        self._in_flight += 1
        try:
            return await self._performed(served, exchange, call, arguments)
        finally:
            self._in_flight -= 1

    def _other_method(self, exchange: Exchange, allow: str) -> Reply:
        """The answer to OPTIONS, and to a method that the path does not have."""
        header = (b"allow", allow.encode())
        if exchange.method == "OPTIONS":
            return Reply(200, headers=(header, *self._headers.preflight))
        reply = self._conventions.status(405, exchange)
        return reply._replace(headers=(header, *reply.headers))

    def _media_refusal(self, served: Served, exchange: Exchange) -> Reply | None:
        headers = exchange.headers
        if not accepts_json(headers.get(b"accept")):
            return self._conventions.status(406, exchange)
        if exchange.method not in METHODS_WITH_BODY or not has_body(headers):
            return None
        if is_encoded(headers.get(b"content-encoding")) or not served.consumes(headers.get(b"content-type")):
            return self._conventions.status(415, exchange)
        return None

    async def _body(self, exchange: Exchange, token: str | None) -> bytes:
        """Raises BadBody, ClientGone; Unauthorized for a stranger's body that is longer or slower than theirs may be.

        A stranger whose body comes in time is told what is wrong with it first, as everybody is.
        """
        settings, headers, request = self._settings, exchange.headers, exchange.request
        check_length(headers, settings.body_bytes_max)
        exchange.is_strangers = exchange.identity is None and self._is_strangers(exchange, token)
        body = request.body_at_hand()
        if body is not None and len(body) <= min(STRANGERS_BODY_BYTES_MAX, settings.body_bytes_max):
            return body
        if not exchange.is_strangers:
            exchange.glimpsed = None  # while the body is on its way a token may expire
            return await read_body(request, settings.body_bytes_max, settings.body_read_timeout_ms)
        bytes_max = min(settings.body_bytes_max, STRANGERS_BODY_BYTES_MAX)
        try:
            check_length(headers, bytes_max)
            return await read_body(request, bytes_max, min(settings.body_read_timeout_ms, STRANGERS_BODY_READ_MS_MAX))
        except BadBody:
            raise Unauthorized from None

    def _is_strangers(self, exchange: Exchange, token: str | None) -> bool:
        """Whether the token surely does not hold. While the register of revocations is silent, genuine ones may."""
        try:
            exchange.glimpsed = self._tokens.identify(token or "", self._clock())
        except Unauthorized:
            return True
        except RpcFailure:
            return False
        return False

    def _identify(self, exchange: Exchange, token: str | None) -> Identity:
        """Whose token it is, counted against their rate. Raises Unauthorized, TooMany, Unavailable."""
        exchange.identity = identity = exchange.glimpsed or self._tokens.identify(token or "", self._clock())
        exchange.party_id = identity.party_id
        self._count_use(identity.party_id, exchange.operation_id)
        self._limit(exchange)
        return identity

    def _admit(self, served: Served, exchange: Exchange, token: str | None) -> Call:
        """The call to make. Raises Problem for the deadline, Unauthorized, TooMany, OutOfScope."""
        settings, headers, now = self._settings, exchange.headers, self._clock()
        deadline = self._conventions.deadline_of(
            headers, now, settings.request_deadline_default_ms, settings.request_deadline_ms_max
        )
        if exchange.is_strangers:
            raise Unauthorized
        identity = exchange.identity or self._identify(exchange, token)
        wanted = served.wanted
        if wanted is not None and not identity.roles.allows(wanted.scope(exchange.path), wanted.permission):
            raise OutOfScope(served.scope)
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
            client_ip=client_ip(headers, self._ip_header, exchange.request.peer),
            origin=text_of(headers.get(b"origin")),
            features=served.features,
            tokens=self._tokens,
            payment_tool_tokens=self._payment_tool_tokens,
        )

    async def _performed(self, served: Served, exchange: Exchange, call: Call, arguments: Arguments) -> Reply:
        with log.bound(trace_id=call.trace_id, span_id=call.request_id, party=call.party_id):
            try:
                if served.around is None:
                    reply = await served.function(call, **arguments)
                else:
                    reply = await served.around(exchange, call, arguments)
            except Exception as problem:
                reply = self._failed(served, exchange, problem)
            return self._checked(served, exchange, reply)

    def _failed(self, served: Served, exchange: Exchange, problem: Exception) -> Reply:
        """The answer to an exception: by the tables, or 500 with a line in the log."""
        reply = served.rules.reply(problem, exchange)
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
        return reply or self._conventions.status(500, exchange)

    def _checked(self, served: Served, exchange: Exchange, reply: Reply) -> Reply:
        """The reply itself, or 500 in strict mode when the version's own spec forbids it.

        Unless in strict mode, of an operation's good answers with a listed status only the first and then one in so
        many is looked at whole: 3 us each.
        """
        if not self._strict and reply.status < 300 and is_listed(served.spec, reply):
            to_pass = self._to_pass.get(exchange.operation_id, 0)
            self._to_pass[exchange.operation_id] = (to_pass or self._settings.response_check_one_in) - 1
            if to_pass:
                return reply
        fault = fault_of(served.spec, reply)
        if fault is None or self._conventions.is_silent(reply):
            return reply
        OUTSIDE_SPEC.labels(served.spec.operation_id).inc()
        log.error("http.answer_outside_spec", operation=served.spec.operation_id, status=reply.status, fault=fault)
        return self._conventions.status(500, exchange) if self._strict else reply

    def _record(self, exchange: Exchange, status: int) -> None:
        seconds = time.perf_counter() - exchange.started
        timer = self._timers.get((exchange.operation_id, status))
        if timer is None:
            timer = SECONDS.labels(exchange.operation_id, str(status))
            self._timers[exchange.operation_id, status] = timer
        timer.observe(seconds)
        line = {
            "operation": exchange.operation_id,
            "method": exchange.method[:16],
            "status": status,
            "request_id": exchange.request_id,
            "trace_id": exchange.trace_id,
            "party": exchange.party_id,
            "duration_ms": round(seconds * 1000, 3),
        }
        amazon = exchange.headers.get(b"x-amzn-trace-id")
        if amazon:
            line["x_amzn_trace_id"] = amazon[:100].decode("latin-1")
        log.told("info", "http.request", line)


def bearer(header: bytes | None) -> str | None:
    """The token of an Authorization header; None when it is no `Bearer <token>`."""
    if header is None or not header.startswith(BEARER):
        return None
    token = header[len(BEARER) :].decode("latin-1").strip(" ")
    return token if token and " " not in token else None


def text_of(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
