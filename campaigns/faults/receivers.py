"""Merchants' servers that take webhooks: good and bad ones, all in one event loop of this process.

What a healthy one keeps is what it answered 200 to, in the order of arrival. Two hooks want everything that happens,
the others a few kinds of it, as most merchants do.
"""

import asyncio
import contextlib
import json
import random
import threading
import time
from collections import defaultdict
from typing import NamedTuple

from console.story.receiver import is_genuine

EVENT_TYPES = [
    "InvoiceCreated", "InvoicePaid", "InvoiceCancelled", "InvoiceFulfilled", "PaymentStarted", "PaymentProcessed",
    "PaymentCaptured", "PaymentCancelled", "PaymentRefunded", "PaymentFailed", "PaymentRefundCreated",
    "PaymentRefundFailed", "PaymentRefundSucceeded",
]  # fmt: skip
FEW = ["InvoicePaid", "PaymentCaptured", "PaymentCancelled", "PaymentFailed"]
KINDS = {
    "good": EVENT_TYPES, "slow": FEW, "failing for a while": EVENT_TYPES, "sometimes 500": FEW, "hanging": FEW,
    "answering for ever": FEW, "always 500": FEW,
}  # fmt: skip
"""What each is subscribed to."""

HEALTHY = tuple(KINDS)[:4]
SLOW_S = 0.15
REFUSALS = 0.15
HANG_S = 30
WAITING_MAX = 128


class Told(NamedTuple):
    """A webhook that was taken."""

    event_id: int
    event_type: str


class Receiver:
    """`fails_until`: moment of the monotonic clock until which the one "failing for a while" answers 503."""

    def __init__(self, kind: str, fails_until: float, seed: int) -> None:
        self.kind, self.event_types = kind, KINDS[kind]
        self.public_key = ""
        self.told: dict[str, list[Told]] = defaultdict(list)
        self.attempts = self.forged = 0
        self.last_at = 0.0
        self._fails_until = fails_until
        self._dice = random.Random(f"receiver {seed} {kind}")  # noqa: S311 - repeatable on purpose
        listening = asyncio.start_server(self._take_calls, "127.0.0.1", 0, backlog=WAITING_MAX)
        self._server = asyncio.run_coroutine_threadsafe(listening, loop()).result()

    @property
    def url(self) -> str:
        """What the merchant subscribes."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    @property
    def is_healthy(self) -> bool:
        """Whether it takes everything in the end."""
        return self.kind in HEALTHY

    def close(self) -> None:
        """Stops listening."""
        loop().call_soon_threadsafe(self._server.close)

    def status_now(self) -> int:
        """What it answers at this moment."""
        if self.kind == "failing for a while" and time.monotonic() < self._fails_until:
            return 503
        is_refused = self.kind == "always 500" or (self.kind == "sometimes 500" and self._dice.random() < REFUSALS)
        return 500 if is_refused else 200

    def take(self, body: bytes, signature: str) -> int:
        """Keeps what it takes; the status to answer."""
        status = self.status_now()
        if status == 200:
            self.last_at = time.monotonic()
            said = json.loads(body)
            self.forged += not is_genuine(body, signature, self.public_key)
            self.told[said["invoice"]["id"]].append(Told(said["eventID"], said["eventType"]))
        return status

    async def _take_calls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call of a platform, then the connection ends; killed platforms hang up in the middle."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
            named = {name.strip().lower(): value.strip() for name, value in fields.items()}
            body = await reader.readexactly(int(named[b"content-length"]))
            self.attempts += 1
            await self._answer(writer, body, named.get(b"content-signature", b"").decode())
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, body: bytes, signature: str) -> None:
        if self.kind == "hanging":
            await asyncio.sleep(HANG_S)
        elif self.kind == "answering for ever":
            await self._answer_for_ever(writer)
        else:
            await asyncio.sleep(SLOW_S if self.kind == "slow" else 0)
            status = self.take(body, signature)
            writer.write(b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
            await writer.drain()

    async def _answer_for_ever(self, writer: asyncio.StreamWriter) -> None:
        """A header that never ends, a byte at a time."""
        writer.write(b"HTTP/1.1 200 OK\r\nX-Story: ")
        end = time.monotonic() + HANG_S
        while time.monotonic() < end:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.1)


_loop: list[asyncio.AbstractEventLoop] = []


def loop() -> asyncio.AbstractEventLoop:
    """The loop of all receivers, in a thread of its own; begun at the first use."""
    if not _loop:
        _loop.append(asyncio.new_event_loop())
        threading.Thread(target=_loop[0].run_forever, daemon=True, name="receivers").start()
    return _loop[0]
