"""Merchants' servers that take webhooks: good and bad ones, all in one event loop of this process.

What a healthy one keeps is what it answered 200 to, in the order of arrival. A good one of each version and one that
fails for a while want everything that happens, the others a few kinds of it, as most merchants do.
"""

import asyncio
import contextlib
import hashlib
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from campaigns.faults.feed import MODERN_WORDS
from console.story.receiver import is_genuine

EVENTS_OF_V1 = [
    "InvoiceCreated", "InvoicePaid", "InvoiceCancelled", "InvoiceFulfilled", "PaymentStarted", "PaymentProcessed",
    "PaymentCaptured", "PaymentCancelled", "PaymentRefunded", "PaymentFailed",
]  # fmt: skip
EVENT_TYPES = [*EVENTS_OF_V1, "PaymentRefundCreated", "PaymentRefundFailed", "PaymentRefundSucceeded"]
FEW = ["InvoicePaid", "PaymentCaptured", "PaymentCancelled", "PaymentFailed"]
ALL_OF_V3 = ["*"]
FEW_OF_V3 = ["invoice.paid", "payment.captured", "payment.cancelled", "payment.failed"]


class Hook(NamedTuple):
    """A receiver: the version it is subscribed through, what kind of server it is, what it wants."""

    version: str
    kind: str
    event_types: Sequence[str]


HOOKS = (
    Hook("v2", "good", EVENT_TYPES),
    Hook("v2", "slow", FEW),
    Hook("v2", "failing for a while", EVENT_TYPES),
    Hook("v2", "sometimes 500", FEW),
    Hook("v2", "hanging", FEW),
    Hook("v2", "answering for ever", FEW),
    Hook("v2", "always 500", FEW),
    Hook("v1", "good", EVENTS_OF_V1),
    Hook("v3", "good", ALL_OF_V3),
    Hook("v3", "failing for a while", ALL_OF_V3),
    Hook("v3", "sometimes 500", FEW_OF_V3),
    Hook("v3", "hanging", FEW_OF_V3),
    Hook("v3", "answering for ever", FEW_OF_V3),
)
HEALTHY = ("good", "slow", "failing for a while", "sometimes 500")
SLOW_S = 0.15
REFUSALS = 0.15
HANG_S = 30
WAITING_MAX = 128


class Told(NamedTuple):
    """A webhook that was taken. Of v3 also the object that it is about, its number there, and a digest of its bytes."""

    event_id: int
    event_type: str
    object_id: str = ""
    sequence: int = 0
    digest: bytes = b""


class Forged(Exception):
    """The signature does not fit."""


def signed_content(body: bytes, headers: Mapping[str, str], public_key: str) -> tuple[str, Told]:
    """The invoice and what is told of it, as v1 and v2 say it. Raises Forged."""
    if not is_genuine(body, headers.get("content-signature", ""), public_key):
        raise Forged
    said = json.loads(body)
    return said["invoice"]["id"], Told(said["eventID"], said["eventType"])


def standard_webhook(body: bytes, headers: Mapping[str, str], secret: str) -> tuple[str, Told]:
    """The invoice and what is told of it, as v3 says it. Raises Forged."""
    try:
        Webhook(secret).verify(body, dict(headers))
    except WebhookVerificationError as refusal:
        raise Forged from refusal
    invoice_id, told = event_of(body)
    if headers["webhook-id"] != f"evt_{told.event_id}":
        raise Forged
    return invoice_id, told


def event_of(body: bytes) -> tuple[str, Told]:
    """The invoice's plain id and the event, from the bytes of v3."""
    said = json.loads(body)
    thing = said["data"]["object"]
    number = int(said["id"].removeprefix("evt_"))
    told = Told(number, said["type"], thing["id"], said["sequence"], hashlib.sha256(body).digest())
    return thing.get("invoiceId", thing["id"]).removeprefix("inv_"), told


class Format(NamedTuple):
    """How a version tells. `read`: of body, headers and secret the invoice and what is told; it raises Forged.

    `word`: what it says for a word of the older versions. `is_by_invoice`: it keeps the order of all that is told of an
    invoice; else only of each object.
    """

    read: Callable[[bytes, Mapping[str, str], str], tuple[str, Told]]
    word: Callable[[str], str]
    is_by_invoice: bool


BY_CONTENT = Format(signed_content, lambda word: word, is_by_invoice=True)
FORMATS = {
    "v1": BY_CONTENT,
    "v2": BY_CONTENT,
    "v3": Format(standard_webhook, MODERN_WORDS.__getitem__, is_by_invoice=False),
}


class Receiver:
    """`fails_until`: moment of the monotonic clock until which the one "failing for a while" answers 503.

    `secret`: what signatures are verified with, as the API gave it; of v1 and v2 a public key.
    """

    def __init__(self, hook: Hook, fails_until: float, seed: int) -> None:
        self.hook, self.format = hook, FORMATS[hook.version]
        self.secret = ""
        self.told: dict[str, list[Told]] = defaultdict(list)
        self.attempts = self.forged = 0
        self.last_at = 0.0
        self._fails_until = fails_until
        self._dice = random.Random(f"receiver {seed} {hook.version} {hook.kind}")  # noqa: S311 - repeatable on purpose
        listening = asyncio.start_server(self._take_calls, "127.0.0.1", 0, backlog=WAITING_MAX)
        self._server = asyncio.run_coroutine_threadsafe(listening, loop()).result()

    @property
    def url(self) -> str:
        """What the merchant subscribes."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    @property
    def is_healthy(self) -> bool:
        """Whether it takes everything in the end."""
        return self.hook.kind in HEALTHY

    def due(self, words: Sequence[str]) -> list[str]:
        """What it is subscribed to of all that is to be told of an invoice, in its version's words."""
        if self.hook.event_types is EVENT_TYPES:
            return list(words)
        return [said for word in words if self.is_asked_for(said := self.format.word(word))]

    def is_asked_for(self, word: str) -> bool:
        """Whether it is subscribed to that."""
        return self.hook.event_types is ALL_OF_V3 or word in self.hook.event_types

    def close(self) -> None:
        """Stops listening."""
        loop().call_soon_threadsafe(self._server.close)

    def status_now(self) -> int:
        """What it answers at this moment."""
        if self.hook.kind == "failing for a while" and time.monotonic() < self._fails_until:
            return 503
        is_refused = self.hook.kind == "always 500" or (
            self.hook.kind == "sometimes 500" and self._dice.random() < REFUSALS
        )
        return 500 if is_refused else 200

    def take(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Keeps what it takes; the status to answer. `headers`: names in lower case."""
        status = self.status_now()
        if status == 200:
            self.last_at = time.monotonic()
            try:
                invoice_id, told = self.format.read(body, headers, self.secret)
            except Forged:
                self.forged += 1
            else:
                self.told[invoice_id].append(told)
        return status

    async def _take_calls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call of a platform, then the connection ends; killed platforms hang up in the middle."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(":", 1) for line in head.decode("latin-1").split("\r\n")[1:] if ":" in line)
            named = {name.strip().lower(): value.strip() for name, value in fields.items()}
            body = await reader.readexactly(int(named["content-length"]))
            self.attempts += 1
            await self._answer(writer, body, named)
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, body: bytes, headers: Mapping[str, str]) -> None:
        if self.hook.kind == "hanging":
            await asyncio.sleep(HANG_S)
        elif self.hook.kind == "answering for ever":
            await self._answer_for_ever(writer)
        else:
            await asyncio.sleep(SLOW_S if self.hook.kind == "slow" else 0)
            status = self.take(body, headers)
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
