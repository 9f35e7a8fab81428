"""The internal services, as far as a test wants them: real IDL, real bytes, answers given as one-line functions.

backend = FakeBackend()
backend.on("Invoicing.Get", lambda invoice_id: invoice)
backend.on("Invoicing.Create", party.ShopNotFound())      # declared exceptions, Unavailable, Unknown, Unexpected
backend.on("Search.Invoices", Raw(b"garbage"))            # bytes instead of an answer, under any status
backend.on("Ids.Bind", DROP)                              # reads the request, then closes the connection

with backend.listening() as url:                          # on a loopback port, in a thread
    client = AsyncClient(upstreams=backend.upstreams(url), caller="test")
client = backend.client()                                 # in this process: no socket, the same bytes
backend.calls_of("Invoicing.Create")[0].arguments
"""

import asyncio
import enum
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from rpc.calling import Request, Response
from rpc.client import AsyncClient
from rpc.context import Context
from rpc.failures import DEADLINE_REACHED, Unavailable, Unknown
from rpc.server import rpc_app
from rpc.services import ALL, Row
from rpc.statuses import ERROR_CLASS, ERROR_REASON
from settings.clock import Clock, system_clock
from tests.fakes.loopback import listening


class Raw(NamedTuple):
    """An answer that no server of ours would give."""

    body: bytes
    status: int = 200
    error_class: str = ""
    error_reason: str = ""


class Special(enum.Enum):
    """Answers that are no values."""

    DROP = "drop"


DROP = Special.DROP
"""The connection is closed after the request was read."""


class RecordedCall(NamedTuple):
    """`name` is "Service.Function"; `arguments` in order of the IDL."""

    name: str
    arguments: tuple[Any, ...]
    context: Context


class FakeBackend:
    """An ASGI app over every row of services.py. A function without a prepared answer fails as unexpected."""

    def __init__(
        self, *, secret: bytes | None = None, services: Sequence[Row] = ALL, clock: Clock = system_clock
    ) -> None:
        self.secret, self.rows, self.clock = secret, services, clock
        self.answers: dict[str, Any] = {}
        self.calls: list[RecordedCall] = []
        self._replaced: dict[str, Any] = {}
        served = {row.path: (row.service, FakeHandler(self, row.service.name)) for row in services}
        self._app = rpc_app(served, secret=secret, threads=8, clock=clock)

    # ------------------------------------------------------------- preparing

    def on(self, name: str, answer: Any, *, wants_context: bool = False) -> "FakeBackend":
        """Prepares "Service.Function".

        `answer`: a value, a function of the arguments (with `wants_context` the context comes first), an exception or
        its class, `Raw`, or DROP.
        """
        service, _, function = name.partition(".")
        known = {row.service.name: row.service for row in self.rows}
        if service not in known or function not in known[service].functions:
            raise KeyError(f"the IDL has no {name}")
        self.answers[name] = WithContext(answer) if wants_context else answer
        return self

    def fail_everything(self, failure: Exception) -> None:
        """Every function of every service answers with that failure, whatever was prepared before."""
        for row in self.rows:
            for function in row.service.functions:
                self.answers[f"{row.service.name}.{function}"] = failure

    def calls_of(self, name: str) -> list[RecordedCall]:
        """The calls of "Service.Function", in order."""
        return [call for call in self.calls if call.name == name]

    # -------------------------------------------------------------- reaching

    def upstreams(self, url: str = "http://backend.test") -> dict[str, str]:
        """Every upstream that the rows name, at that base URL."""
        return {row.upstream: url for row in self.rows}

    def client(self, **options: Any) -> AsyncClient:
        """A client that calls this backend in the same process, without breakers unless told otherwise."""
        options = {"caller": "test", "secret": self.secret, "clock": self.clock, "breaker_failures_max": 0, **options}
        return AsyncClient(
            upstreams=self.upstreams(), services=self.rows, transport=InProcessTransport(self), **options
        )

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Serves on a free loopback port in a thread; gives the base URL."""
        with listening(self) as url:
            yield url

    # --------------------------------------------------------------- serving

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serves through the real server, then puts a raw answer in the place of its own where one was prepared."""
        span = {name.lower(): value for name, value in scope.get("headers", ())}.get(b"woody.span-id", b"").decode()
        sent: list[dict[str, Any]] = []

        async def hold(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send if scope["type"] == "lifespan" else hold)
        replaced = self._replaced.pop(span, None)
        for message in raw_messages(replaced) if isinstance(replaced, Raw) else [] if replaced is DROP else sent:
            await send(message)

    def handle(self, name: str, context: Context, arguments: tuple[Any, ...]) -> Any:
        """Records a call and gives its prepared answer."""
        self.calls.append(RecordedCall(name, arguments, context))
        answer = self.answers.get(name, LookupError(f"no answer prepared for {name}"))
        if isinstance(answer, WithContext):
            answer, arguments = answer.answer, (context, *arguments)
        if callable(answer) and not isinstance(answer, type):
            answer = answer(*arguments)
        if isinstance(answer, Raw) or answer is DROP:
            self._replaced[context.span_id] = answer
            raise Unavailable("replaced")
        if isinstance(answer, BaseException) or (isinstance(answer, type) and issubclass(answer, BaseException)):
            raise answer
        return answer


class WithContext(NamedTuple):
    """A function that wants to be told the context."""

    answer: Callable[..., Any]


class FakeHandler:
    """The handler of one service: every attribute is a function that asks the backend."""

    def __init__(self, backend: FakeBackend, service: str) -> None:
        self.backend, self.service = backend, service

    def __getattr__(self, function: str) -> Callable[..., Any]:
        name = f"{self.service}.{function}"
        return lambda context, *arguments: self.backend.handle(name, context, arguments)


def raw_messages(raw: Raw) -> list[dict[str, Any]]:
    """A raw answer as ASGI messages."""
    named = {"content-length": str(len(raw.body)), ERROR_CLASS: raw.error_class, ERROR_REASON: raw.error_reason}
    headers = [(name.encode(), value.encode()) for name, value in named.items() if value]
    return [
        {"type": "http.response.start", "status": raw.status, "headers": headers},
        {"type": "http.response.body", "body": raw.body},
    ]


class InProcessTransport:
    """A client's transport that calls an ASGI app instead of a socket."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def send(self, request: Request) -> Response:
        """One POST. No answer, or none in time, is Unknown, as it is over a socket."""
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        try:
            async with asyncio.timeout(request.allowed_ms / 1000):
                await self.app(scope_of(request), receive, send)
        except TimeoutError:
            raise Unknown(DEADLINE_REACHED, "external", is_impatience=True) from None
        if not messages:
            raise Unknown("connection closed before the answer was complete", "external")
        headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        body = b"".join(message["body"] for message in messages[1:])
        return Response(messages[0]["status"], headers.get(ERROR_CLASS, ""), headers.get(ERROR_REASON, ""), body)

    async def close(self) -> None:
        """Nothing is open."""


def scope_of(request: Request) -> dict[str, Any]:
    """A request as an ASGI scope."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": request.origin.scheme,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in request.headers],
        "client": ("127.0.0.1", 1),
        "server": (request.origin.host, request.origin.port),
    }
