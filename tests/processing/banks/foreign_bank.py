"""The mock bank for tests: in memory behind its ASGI face, with a clock that tests move, or as a process of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3

from processing.banks.mock.app import create_app
from processing.banks.mock.config import Config, Delays, derive

ROOT = Path(__file__).parents[3]
MERCHANT = "100500"
KEY = "key of the tests"
NOTICE_KEY = b"notice key of the tests"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHORT = Delays(slow_ms=20, stuck_ms=60, pending_ms=500, late_ms=2_000, challenge_ms=60_000, notice_retry_ms=1_000)


@dataclass
class Answer:
    """What came back; `dropped` when that is no whole answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    dropped: bool = False

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class MovedClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now: datetime | None = START

    def __call__(self) -> datetime:
        return self.now or datetime.now(UTC)

    def follow(self) -> None:
        """Shows the machine's time from now on."""
        self.now = None

    def pass_ms(self, milliseconds: int) -> None:
        self.now = self() + timedelta(milliseconds=milliseconds)


async def call_app(app: Any, method: str, path: str, raw: bytes, headers: Mapping[str, str]) -> Answer:
    """One request to an ASGI app, without a socket."""
    path, _, query = path.partition("?")
    answer = Answer(dropped=True)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        answer.body += message.get("body", b"")
        answer.dropped = message["type"] == "http.response.start" or message.get("more_body", False)

    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()], "http_version": "1.1",
        "scheme": "http", "server": ("bank.test", 80), "client": None, "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    return answer


class BankInMemory:
    """Calls the bank's ASGI app without a socket; notices are kept in `told` instead of being sent."""

    def __init__(self, database: Path | str = ":memory:", notify_status: int = 200) -> None:
        self.clock = MovedClock()
        self.told: list[SimpleNamespace] = []
        self.notify_status = notify_status
        self.config = Config(database, "http://bank.test", KEY, NOTICE_KEY, SHORT, notice_attempts_max=12)
        self.app = create_app(self.config, self.clock, self._keep)
        self.bank = self.app.state.bank

    def _keep(self, url: str, body: bytes, headers: Mapping[str, str], _: float) -> int:
        self.told.append(SimpleNamespace(url=url, body=body, headers=dict(headers), json=orjson.loads(body)))
        return self.notify_status

    def call(self, method: str, path: str, body: Any = None, key: str = KEY, **headers: str) -> Answer:
        """One request with a JSON body; a `bytes` body goes as it is."""
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        sent = {
            "x-api-key": key,
            "content-type": "application/json",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        return asyncio.run(call_app(self.app, method, path, raw, sent))

    def post_form(self, path: str, **fields: str) -> Answer:
        form = urlencode(fields).encode()
        return self.call("POST", path, form, content_type="application/x-www-form-urlencoded")

    def let_pass(self, milliseconds: int) -> None:
        """Moves the clock and lets the bank's clockwork go round once."""
        self.clock.pass_ms(milliseconds)
        self.bank.run_due()
        asyncio.run(self.app.state.clockwork.deliver_now())

    # ------------------------------------------------------------------ words of the protocol

    def authorise(self, reference: str = "r1", pan: str = "4242424242424242", **changes: Any) -> Answer:
        return self.call("POST", "/gateway/v1/authorisations", order(reference, pan, **changes))

    def change(
        self, what: str, reference: str, txn: str | None = None, amount: str | None = None, **more: Any
    ) -> Answer:
        """`what`: captures, refunds or voids."""
        body = {"merchant": MERCHANT, "reference": reference, "txn": txn, **more}
        if amount is not None:
            body |= {"amount": amount, "currency": more.get("currency", "643")}
        return self.call("POST", f"/gateway/v1/{what}", body)

    def look_up(self, reference: str) -> Answer:
        return self.call("GET", f"/gateway/v1/operations?merchant={MERCHANT}&reference={reference}")

    def books(self) -> Any:
        return self.call("GET", "/books").json


def order(reference: str, pan: str = "4242424242424242", **changes: Any) -> dict[str, Any]:
    """A request to authorise 10.00 RUB at once; `changes` replace members."""
    return {
        "merchant": MERCHANT, "reference": reference, "amount": "10.00", "currency": "643", "capture": "now",
        "card": {"pan": pan, "expiry": "3012", "cvc": "123", "holder": "CARD HOLDER"}, "initiator": "payer",
        "returnUrl": "http://shop.test/return?tag=1", "notifyUrl": "http://shop.test/notices", **changes,
    }  # fmt: skip


class BankProcess:
    """`python -m processing.banks.mock` on a free port, in a state directory of its own."""

    def __init__(self, state: Path, slow_answer_ms: int = 100) -> None:
        self.state = state
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.secret = b"secret of the tests"
        secret_file = state / "secrets" / "mock_bank.key"
        secret_file.parent.mkdir(parents=True, exist_ok=True)
        secret_file.write_bytes(self.secret)
        self.key = derive(self.secret, "api key").hex()
        self._env = {
            **os.environ,
            "CAPI_STATE_DIRECTORY": str(state),
            "CAPI_MOCK_BANK_PORT": str(self.port),
            "CAPI_MOCK_BANK_SLOW_ANSWER_MS": str(slow_answer_ms),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._pool = urllib3.PoolManager(retries=False, timeout=10)

    def start(self) -> None:
        self.log = (self.state / "bank.log").open("ab")
        command = [sys.executable, "-m", "processing.banks.mock"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._env, stdout=self.log, stderr=self.log, start_new_session=True
        )
        until(lambda: self._answers(), "the bank does not start")

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Ends the process, killed ones with their children; returns its exit status."""
        assert self._process is not None
        os.killpg(self._process.pid, how) if how == signal.SIGKILL else self._process.send_signal(how)
        status = self._process.wait(15)
        self.log.close()
        return status

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.state / "bank.log").read_text()
        try:
            return self._pool.request("GET", f"{self.url}/ready").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def call(self, method: str, path: str, body: Any = None) -> urllib3.BaseHTTPResponse:
        """Raises urllib3's errors where the answer is not whole."""
        raw = None if body is None else orjson.dumps(body)
        return self._pool.request(method, self.url + path, body=raw, headers={"x-api-key": self.key})


def until(done: Callable[[], Any], complaint: str, seconds: float = 15.0) -> Any:
    """Polls until `done` gives something true, and returns that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = done()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(complaint)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
