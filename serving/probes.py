"""GET /health, /ready and /metrics beside an ASGI app.

    /health   200 while the process answers at all
    /ready    200 when every check holds, 503 with the names of those that do not
    /metrics  Prometheus text

None of them may be stored by a cache. The app below never sees these paths.
"""

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import orjson

from serving.exchange import Exchange
from telemetry import metrics

Ready = Callable[[], Mapping[str, bool] | Awaitable[Mapping[str, bool]]]
Headers = list[tuple[bytes, bytes]]
ErrorAnswer = Callable[[int], tuple[Headers, bytes]]
"""status -> (headers, body) of a 5xx that no operation answers."""

PATHS = ("/health", "/ready", "/metrics")
RAW_PATHS = frozenset(path.encode() for path in PATHS)
PERCENT_SIGN = ord("%")
NO_STORE = (b"cache-control", b"no-store")
NOT_READY_HEADER = b"capi-not-ready"
JSON = (b"content-type", b"application/json")


def with_probes(app: Any, name: str, ready: Ready = dict, error_answer: ErrorAnswer | None = None) -> "Probed":
    """`app` with the three paths before it.

    `ready` names each condition of serving, {"processing": True, "database": False}; it may be a coroutine function.
    Where every 5xx has a form of its own, `error_answer(503)` gives the body of "not ready"; the header
    `capi-not-ready` names the failing checks either way.
    """
    return Probed(app, name, ready, error_answer)


class Probed:
    """An ASGI application; `direct` as in `serving.exchange`, where the application below has it."""

    def __init__(self, app: Any, name: str, ready: Ready, error_answer: ErrorAnswer | None) -> None:
        self.app, self.name, self.ready, self.error_answer = app, name, ready, error_answer
        self.below = getattr(app, "direct", None)

    async def __call__(self, scope: dict, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self.app(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await reply(send, 405, [(b"allow", b"GET, HEAD")], b"")
        else:
            status, headers, body = await self.answer(scope["path"])
            await reply(send, status, headers, body, body_sent=scope["method"] == "GET")

    def direct(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        """None for what may be one of the three paths."""
        path = exchange.raw_path
        return None if self.below is None or path in RAW_PATHS or PERCENT_SIGN in path else self.below(exchange)

    async def answer(self, path: str) -> tuple[int, Headers, bytes]:
        """Status, headers and body of one of the three."""
        if path == "/metrics":
            return 200, [(b"content-type", metrics.CONTENT_TYPE.encode())], metrics.exposition()
        if path == "/health":
            return 200, [JSON], orjson.dumps({"service": self.name, "status": "passing"})
        return readiness(self.name, await checks(self.ready), self.error_answer)


async def checks(ready: Ready) -> Mapping[str, bool]:
    """The checks' outcomes; one that raises counts as failed: it is an answer, not a fault of the probe."""
    try:
        outcome = ready()
        return await outcome if inspect.isawaitable(outcome) else outcome
    except Exception:
        return {"check": False}


def readiness(name: str, outcome: Mapping[str, bool], error_answer: ErrorAnswer | None) -> tuple[int, Headers, bytes]:
    """Status, headers and body of /ready."""
    failing = sorted(check for check, holds in outcome.items() if not holds)
    body = orjson.dumps({"service": name, "ready": not failing, "checks": dict(outcome)})
    if not failing:
        return 200, [JSON], body
    headers, body = error_answer(503) if error_answer else ([JSON], body)
    return 503, [*headers, (NOT_READY_HEADER, ", ".join(failing).encode())], body


async def reply(send: Any, status: int, headers: Headers, body: bytes, *, body_sent: bool = True) -> None:
    """Sends a whole answer, of HEAD all but the body."""
    plain = [(name, value) for name, value in headers if name.lower() not in (b"content-length", b"cache-control")]
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*plain, NO_STORE, length]})
    await send({"type": "http.response.body", "body": body if body_sent else b""})
