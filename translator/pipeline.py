"""The way of one request, each step in its place (contract section 3.1).

    route 404 -> method 405, OPTIONS -> served here 501 -> Bearer header 401 -> Accept 406 -> Content-Type 415
    -> parameters in spec order 400 -> deadline 400 -> token 401 -> rate 429 -> scope 401 or masked 404
    -> the operation, its errors by table -> the answer checked -> headers, one log line, metrics

That is the order of v1 and v2; where the conventions say `token_first`, token and rate come before Accept. What each
refusal looks like is the conventions' word.

A missing X-Request-ID is therefore 400 only behind a well-formed Bearer header, and a bad token is found after the
parameters. Nothing is half-applied: the platform is called only when every step before it has agreed.

Where the body is still on its way, the token is looked at before it is read all the same, only to decide how much of
it, and for how long, is waited for. A request takes one of the places "in flight" when all of it is here: waiting for
bodies takes none.

Whatever breaks on the way is logged and answered by a cat: nothing from inside leaves.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any

from rpc.abreast import Abreast
from rpc.failures import RpcFailure
from settings.clock import Clock
from settings.sections import Gateway as GatewaySettings
from telemetry import log, metrics
from translator.access_tokens import AccessTokens, Identity, Presented
from translator.answers import encode, fault_of, is_listed
from translator.asgi import AsgiRequest
from translator.call import Call
from translator.conventions import Conventions
from translator.errors import OutOfScope, Unauthorized
from translator.exchange import BadBody, ClientGone, Exchange, Request, check_length, exchange_of, read_body
from translator.heads import Head, bearer, head_of, refusal_of
from translator.oops import Cats
from translator.payment_tool_tokens import PaymentToolTokens
from translator.reply import Header, Reply
from translator.request_validation import Arguments
from translator.response_headers import ResponseHeaders, content_type_of, length_of
from translator.routes import Routes
from translator.served import Served
from translator.trace import new_trace_id, root_context

CLIENT_GONE = 499
STRANGERS_BODY_BYTES_MAX = 65_536
STRANGERS_BODY_READ_MS_MAX = 2_000
"""Of callers whose token does not hold: they get a 401 in any case, sooner than they could keep anybody waiting."""

SECONDS = metrics.histogram("capi_http_request_seconds", "Requests by operation and status", ("operation", "status"))
OUTSIDE_SPEC = metrics.counter("capi_http_answers_outside_spec", "Own answers that the spec forbids", ("operation",))

Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, list[Header], bytes, tuple[Header, ...]]
"""Status, headers of this answer, body, headers that many answers have alike; no length; the body of GET for HEAD."""


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
        self._anybodys_bytes_max = min(STRANGERS_BODY_BYTES_MAX, settings.body_bytes_max)
        self._in_flight = 0
        self._abreast = Abreast()
        self._to_pass: dict[str, int] = {}
        self._timers: dict[tuple[str, int], Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        answer = await self.direct(AsgiRequest(scope, receive))
        if answer is not None:
            status, headers, body, constant = answer
            headers = [*constant, *headers, *length_of(status, body)]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def direct(self, request: Request) -> Answer | None:
        """The whole answer to a request, such as `serving.exchange` hands over; None when nobody waits for it."""
        exchange = exchange_of(request, self._conventions.request_id_of)
        self._abreast.under_way += 1
        try:
            if self._in_flight >= self._settings.requests_in_flight_max:
                reply = self._conventions.status(503, exchange)
            else:
                reply = await self._replied(exchange)
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
        farewell = self._farewell if exchange.served is None else exchange.served.farewell
        constant = self._headers.constant(content_type_of(reply, body), farewell)
        headers = list(reply.headers)
        if exchange.request_id is not None:
            headers.append((b"x-request-id", exchange.request_id.encode()))
        if self._conventions.headers_of is not None:
            headers += self._conventions.headers_of(exchange, reply)
        self._record(exchange, reply.status)
        return reply.status, headers, body, constant

    async def _replied(self, exchange: Exchange) -> Reply:
        usual = exchange.request.usual
        head = usual.meaning if usual is not None else None
        if head is None:
            head = self._routed(exchange)
            if isinstance(head, Reply):
                return head
        exchange.served, exchange.operation_id = head.served, head.served.spec.operation_id
        try:
            if self._conventions.token_first:
                self._identify(exchange, head, self._clock())
            refusal = refusal_of(head, exchange.headers)
            if refusal is not None:
                return self._conventions.status(refusal, exchange)
            arguments = await self._validated(exchange, head)
            await self._abreast.stage()
            call = self._admit(exchange, head)
            await self._abreast.stage()
        except ClientGone:
            raise
        except Exception as problem:
            return self._failed(exchange, problem)
        return await self._performed(exchange, call, arguments)

    def _routed(self, exchange: Exchange) -> Head | Reply:
        """The head of a request for an operation of ours that names a token; the answer to any other."""
        request, status = exchange.request, self._conventions.status
        found = self._routes.find(request.raw_path)
        if found is None:
            return status(404, exchange)
        route, path = found
        served = route.methods.get(exchange.method)
        if served is None:
            return self._other_method(exchange, route.allow)
        exchange.served, exchange.operation_id = served, served.spec.operation_id
        if served.function is None:
            return status(501, exchange)
        token = bearer(exchange.headers.get(b"authorization"))
        if token is None:
            return status(401, exchange)
        return head_of(request, exchange.headers, token, served, path, self._ip_header)

    def _other_method(self, exchange: Exchange, allow: str) -> Reply:
        """The answer to OPTIONS, and to a method that the path does not have."""
        header = (b"allow", allow.encode())
        if exchange.method == "OPTIONS":
            return Reply(200, headers=(header, *self._headers.preflight))
        reply = self._conventions.status(405, exchange)
        return reply._replace(headers=(header, *reply.headers))

    def _validated(self, exchange: Exchange, head: Head) -> Awaitable[Arguments]:
        """The operation's arguments. What is raised is the conventions' word, or as by `_body`."""
        request, spec = exchange.request, head.served.spec
        body = b"" if spec.body is None else request.body_at_hand()
        if body is None or len(body) > self._anybodys_bytes_max:
            body = partial(self._body, exchange, head.token)
        return self._conventions.validated(
            spec, exchange.headers, head.path, request.query, body, self._settings.json_depth_max
        )

    async def _body(self, exchange: Exchange, token: Presented) -> bytes:
        """Raises BadBody, ClientGone; Unauthorized for a stranger's body that is longer or slower than theirs may be.

        A stranger whose body comes in time is told what is wrong with it first, as everybody is.
        """
        settings, headers, request = self._settings, exchange.headers, exchange.request
        check_length(headers, settings.body_bytes_max)
        exchange.is_strangers = exchange.identity is None and self._is_strangers(token)
        if not exchange.is_strangers:
            return await read_body(request, settings.body_bytes_max, settings.body_read_timeout_ms)
        try:
            check_length(headers, self._anybodys_bytes_max)
            return await read_body(
                request, self._anybodys_bytes_max, min(settings.body_read_timeout_ms, STRANGERS_BODY_READ_MS_MAX)
            )
        except BadBody:
            raise Unauthorized from None

    def _is_strangers(self, token: Presented) -> bool:
        """Whether the token surely does not hold. While the register of revocations is silent, genuine ones may."""
        try:
            self._tokens.recognise(token, self._clock())
        except Unauthorized:
            return True
        except RpcFailure:
            return False
        return False

    def _identify(self, exchange: Exchange, head: Head, now: datetime) -> Identity:
        """Whose token it is, counted against their rate. Raises Unauthorized, TooMany, Unavailable."""
        exchange.identity = identity = self._tokens.recognise(head.token, now)
        exchange.party_id = identity.party_id
        self._count_use(identity.party_id, exchange.operation_id)
        self._limit(exchange)
        return identity

    def _admit(self, exchange: Exchange, head: Head) -> Call:
        """The call to make. Raises Problem for the deadline, Unauthorized, TooMany, OutOfScope."""
        settings, served, now = self._settings, head.served, self._clock()
        deadline = self._conventions.deadline_of(
            exchange.headers, now, settings.request_deadline_default_ms, settings.request_deadline_ms_max
        )
        if exchange.is_strangers:
            raise Unauthorized
        identity = exchange.identity or self._identify(exchange, head, now)
        if not head.is_admitted:
            wanted = served.wanted
            if wanted is not None and not identity.roles.allows(wanted.scope(head.path), wanted.permission):
                raise OutOfScope(served.scope)
            head.is_admitted = True
        exchange.trace_id = trace_id = new_trace_id()
        context = root_context(exchange.request_id, trace_id, deadline, identity, head.traceparent)
        return Call(
            operation_id=exchange.operation_id,
            identity=identity,
            rpc=self._rpc.bind(context),
            now=now,
            deadline=deadline,
            request_id=context.span_id,
            trace_id=trace_id,
            client_ip=head.client_ip,
            origin=head.origin,
            features=served.features,
            tokens=self._tokens,
            payment_tool_tokens=self._payment_tool_tokens,
        )

    async def _performed(self, exchange: Exchange, call: Call, arguments: Arguments) -> Reply:
        served = exchange.served
        if self._in_flight >= self._settings.requests_in_flight_max:
            return self._conventions.status(503, exchange)
        self._in_flight += 1
        bound = log.bind(trace_id=call.trace_id, span_id=call.request_id, party=exchange.party_id)
        try:
            if served.around is None:
                reply = await served.function(call, **arguments)
            else:
                reply = await served.around(exchange, call, arguments)
            return self._checked(served, exchange, reply)
        except Exception as problem:
            return self._checked(served, exchange, self._failed(exchange, problem))
        finally:
            log.unbind(bound)
            self._in_flight -= 1

    def _failed(self, exchange: Exchange, problem: Exception) -> Reply:
        """The answer to an exception: by the tables, or 500 with a line in the log."""
        reply = exchange.served.rules.reply(problem, exchange)
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
            "duration_ms": int(seconds * 1_000_000) / 1000,
        }
        amazon = exchange.headers.get(b"x-amzn-trace-id")
        if amazon:
            line["x_amzn_trace_id"] = amazon[:100].decode("latin-1")
        log.told("info", "http.request", line)
