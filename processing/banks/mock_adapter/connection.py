"""HTTP to the bank: one request, once, bounded, with the three outcomes that money code has to tell apart.

    Unavailable   no connection, no key, no time left: surely nothing was sent
    Unknown       something was sent and no whole answer came, or the bank answered 5xx
    a Reply       the bank spoke; what it said is judged elsewhere

Knows nothing of payments. Never repeats a request and follows no redirect.
"""

import hashlib
import hmac
import time
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from rpc.blocking_http import Late, Lines, Lost, NotSent, TooLarge
from rpc.breaker import Breaker
from rpc.calling import origin_of
from rpc.context import Context
from rpc.failures import Unavailable, Unknown
from settings.clock import Clock
from telemetry import log, metrics

ANSWER_BYTES_MAX = 65_536
CONNECT_TIMEOUT_S = 2.0
CONNECTIONS_MAX = 64
CALLS = metrics.histogram("bank_call_seconds", "Calls to banks", ("bank", "operation", "outcome"))


class Reply(NamedTuple):
    """An HTTP answer below 500."""

    status: int
    body: bytes


class Keys:
    """The two keys that the bank's paper derives from the secret it gave us; read when first needed."""

    def __init__(self, secret_file: Path) -> None:
        self._secret_file = secret_file
        self._secret = b""

    def api_key(self) -> str:
        return self._derived("api key").hex()

    def notice_key(self) -> bytes:
        return self._derived("notice signature")

    def _derived(self, purpose: str) -> bytes:
        """HMAC-SHA256(secret, "mock bank " + purpose). Raises Unavailable without a secret."""
        try:
            self._secret = self._secret or self._secret_file.read_bytes().strip()
        except OSError:
            raise Unavailable("the bank's secret cannot be read") from None
        return hmac.digest(self._secret, f"mock bank {purpose}".encode(), hashlib.sha256)


class Connection:
    """Kept-alive connections to one bank; for any number of threads.

    `breaker`: a bank that does not answer is left alone for a while. What it holds back was surely not sent.
    """

    def __init__(self, url: str, keys: Keys, timeout_ms: int, clock: Clock, breaker: Breaker | None = None) -> None:
        self._keys = keys
        self._timeout_ms = timeout_ms
        self._clock = clock
        self._breaker = breaker
        self._origin, self._path = origin_of(url)
        self._lines = Lines(ANSWER_BYTES_MAX, CONNECTIONS_MAX)

    def post(self, context: Context, operation: str, path: str, body: dict[str, Any]) -> Reply:
        """Raises Unavailable or Unknown."""
        return self._call(context, operation, "POST", path, orjson.dumps(body))

    def get(self, context: Context, operation: str, path: str) -> Reply:
        """Raises Unavailable or Unknown."""
        return self._call(context, operation, "GET", path, None)

    def _call(self, context: Context, operation: str, method: str, path: str, body: bytes | None) -> Reply:
        started = time.perf_counter()
        outcome = "unavailable"
        try:
            reply = self._guarded(method, path, body, self._headers(context), self._timeout_s(context))
            outcome = str(reply.status)
            return reply
        except Unknown:
            outcome = "unknown"
            raise
        finally:
            duration_s = time.perf_counter() - started
            CALLS.labels("mock", operation, outcome).observe(duration_s)
            log.info("bank.call", operation=operation, outcome=outcome, duration_ms=round(duration_s * 1000, 2))

    def _guarded(self, method: str, path: str, body: bytes | None, headers: dict[str, str], timeout_s: float) -> Reply:
        """One exchange, if the breaker lets it pass, and what it tells of the bank's health."""
        if self._breaker is None:
            return self._exchange(method, path, body, headers, timeout_s)
        self._breaker.admit()
        verdict = self._breaker.abandoned
        try:
            reply = self._exchange(method, path, body, headers, timeout_s)
            verdict = self._breaker.succeeded
            return reply
        except (Unavailable, Unknown):
            verdict = self._breaker.failed
            raise
        finally:
            verdict()

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str], timeout_s: float) -> Reply:
        """Only at the answer's end it shows whether the body is as long as announced."""
        try:
            answer = self._lines.send(
                self._origin,
                method,
                self._path + path,
                list(headers.items()),
                body or b"",
                connect_s=min(CONNECT_TIMEOUT_S, timeout_s),
                total_s=timeout_s,
            )
        except NotSent as error:
            raise Unavailable(f"no connection to the bank: {error}") from None
        except (Late, Lost) as error:
            raise Unknown(f"no whole answer from the bank: {type(error).__name__}", source="external") from None
        except TooLarge:
            raise Unknown("the bank's answer is too large", source="external") from None
        if not answer.is_framed:
            raise Unknown("the bank's answer has no end", source="external")
        if answer.status >= 500:
            raise Unknown(f"the bank answered {answer.status}", source="external")
        if answer.status in (401, 403):
            raise Unavailable("the bank refuses our key", source="external")
        return Reply(answer.status, answer.body)

    def _headers(self, context: Context) -> dict[str, str]:
        headers = {
            "x-api-key": self._keys.api_key(),
            "content-type": "application/json",
            "x-correlation-id": context.trace_id,
        }
        traceparent = context.child().traceparent
        if traceparent:
            headers["traceparent"] = traceparent
        return headers

    def _timeout_s(self, context: Context) -> float:
        """What the bank is given; never beyond the caller's deadline."""
        if context.deadline is None:
            return self._timeout_ms / 1000
        remaining_ms = context.deadline.remaining_ms(self._clock())
        if remaining_ms <= 0:
            raise Unavailable("deadline reached")
        return min(self._timeout_ms, remaining_ms) / 1000
