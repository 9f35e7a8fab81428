"""Merchants' servers that take webhooks: good and bad ones, in this process.

What a healthy one keeps is what it answered 200 to, in the order of arrival.
"""

import json
import random
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from console.story.receiver import is_genuine

EVENT_TYPES = [
    "InvoiceCreated", "InvoicePaid", "InvoiceCancelled", "InvoiceFulfilled", "PaymentStarted", "PaymentProcessed",
    "PaymentCaptured", "PaymentCancelled", "PaymentRefunded", "PaymentFailed", "PaymentRefundCreated",
    "PaymentRefundFailed", "PaymentRefundSucceeded",
]  # fmt: skip
SLOW_S = 0.15
REFUSALS = 0.15
HANG_S = 30
KINDS = ("good", "slow", "failing for a while", "sometimes 500", "hanging", "answering for ever", "always 500")
HEALTHY = KINDS[:4]


class Told(NamedTuple):
    """A webhook that was taken."""

    event_id: int
    event_type: str


class Receiver:
    """`fails_until`: moment of the monotonic clock until which the one "failing for a while" answers 503."""

    def __init__(self, kind: str, fails_until: float, seed: int) -> None:
        self.kind = kind
        self.public_key = ""
        self.told: dict[str, list[Told]] = defaultdict(list)
        self.attempts = self.forged = 0
        self.last_at = 0.0
        self._fails_until = fails_until
        self._dice = random.Random(f"receiver {seed} {kind}")  # noqa: S311 - repeatable on purpose
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """What the merchant subscribes."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    @property
    def is_healthy(self) -> bool:
        """Whether it takes everything in the end."""
        return self.kind in HEALTHY

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

    def status_now(self) -> int:
        """What it answers at this moment."""
        if self.kind == "failing for a while" and time.monotonic() < self._fails_until:
            return 503
        is_refused = self.kind == "always 500" or (self.kind == "sometimes 500" and self._dice.random() < REFUSALS)
        return 500 if is_refused else 200

    def take(self, body: bytes, signature: str) -> int:
        """Keeps what it takes; the status to answer."""
        with self._lock:
            self.attempts += 1
            status = self.status_now()
            if status == 200:
                self.last_at = time.monotonic()
                said = json.loads(body)
                self.forged += not is_genuine(body, signature, self.public_key)
                self.told[said["invoice"]["id"]].append(Told(said["eventID"], said["eventType"]))
            return status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.kind == "hanging":
                    receiver.attempts += 1
                    time.sleep(HANG_S)
                elif receiver.kind == "answering for ever":
                    self._answer_for_ever()
                else:
                    time.sleep(SLOW_S if receiver.kind == "slow" else 0)
                    self.send_response(receiver.take(body, self.headers["Content-Signature"]))
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def _answer_for_ever(self) -> None:
                """A header that never ends, a byte at a time."""
                receiver.attempts += 1
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Story: ")
                end = time.monotonic() + HANG_S
                while time.monotonic() < end:
                    self.wfile.write(b"a")
                    time.sleep(0.1)

            def log_message(self, *_: object) -> None:
                """Silent."""

        return Handler


class Server(ThreadingHTTPServer):
    """A caller that hangs up in the middle is no news."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Killed platforms hang up."""
