"""Proof that an internal call was made by one of us: HMAC-SHA256 with a shared secret, within a time window, once.

Signed are method, path, every `woody.*` header (ids, deadline, metadata), the time and the body's hash:

    x-capi-signature: t=<milliseconds since 1970>,s=<hex>

`traceparent` is not signed: it steers nothing. A closed network is not enough, for whoever gets inside would otherwise
speak in any party's name.
"""

import hmac
import re
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from rpc.deadlines import milliseconds
from settings.clock import Clock

HEADER = "x-capi-signature"
SECRET_BYTES_MIN = 32
AGE_S_MAX = 60
REMEMBERED_MAX = 100_000
FORM = re.compile(r"t=(\d{1,15}),s=([0-9a-f]{64})", re.ASCII)
FIRST_WOODY, BEHIND_WOODY = "woody.", "woody/"
"""Lines of the headers woody.* stand between these two: "/" follows "."."""

BLOCK_BYTES = 64
INNER, OUTER = (bytes(byte ^ mask for byte in range(256)) for mask in (0x36, 0x5C))
Headers = Iterable[tuple[str, str]]


class BadSignature(Exception):
    """The call is not proven to be ours; the text says why and is safe to show."""


STALE = "signature is too old"


class StaleSignature(BadSignature):
    """Genuine, but of another time: it waited too long, or the clocks of the two sides differ. Nothing was done."""


def signature(secret: bytes, path: str, headers: Headers, body: bytes, now: datetime) -> str:
    """The header's value for a POST made now. `headers`: names in lower case, others than woody.* are ignored."""
    return signature_of_lines(secret, path, woody_lines(headers), body, milliseconds(now))


def signature_of_lines(secret: bytes, path: str, lines: str, body: bytes, time_ms: int) -> str:
    """The same for headers woody.* that are lines in order already, `name:value\\n` each; `time_ms`: since 1970."""
    time = str(time_ms)
    return f"t={time},s={digest(secret, path, lines, body, time)}"


def woody_lines(headers: Headers) -> str:
    """The headers that are signed, a line each, in order."""
    lines = sorted(map(":".join, headers))
    woody = lines[bisect_left(lines, FIRST_WOODY) : bisect_left(lines, BEHIND_WOODY)]
    return "\n".join((*woody, ""))


def digest(secret: bytes, path: str, lines: str, body: bytes, time: str) -> str:
    """The HMAC in hex. No part can contain a line feed, so that none can pose as another."""
    return keyed_hash(secret, f"POST\n{path}\n{time}\n{lines}{sha256(body).hexdigest()}".encode()).hex()


def keyed_hash(secret: bytes, text: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104): `hmac.digest`, with the key's two blocks hashed once and not for each call.

    0.8 us instead of 1.5.
    """
    inner, outer = keyed_states(secret)
    inner, outer = inner.copy(), outer.copy()
    inner.update(text)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=8)
def keyed_states(secret: bytes) -> tuple[Any, Any]:
    """SHA-256 after the key's inner and outer block."""
    block = (sha256(secret).digest() if len(secret) > BLOCK_BYTES else secret).ljust(BLOCK_BYTES, b"\0")
    return sha256(block.translate(INNER)), sha256(block.translate(OUTER))


class Verifier:
    """Checks received calls. One per server; to be used from one thread."""

    def __init__(
        self, secret: bytes, clock: Clock, age_s_max: int = AGE_S_MAX, remembered_max: int = REMEMBERED_MAX
    ) -> None:
        self.secret, self.clock, self.age_ms_max = secret, clock, age_s_max * 1000
        self.replays = Replays(remembered_max)

    def verify(self, value: str, path: str, headers: list[tuple[str, str]], body: bytes, call_id: str) -> None:
        """Raises BadSignature. `call_id`: trace and span of the call; under one id a call is taken once."""
        match = FORM.fullmatch(value)
        if match is None:
            raise BadSignature("call is not signed")
        time_ms, now_ms = int(match[1]), milliseconds(self.clock())
        expected = digest(self.secret, path, woody_lines(headers), body, str(time_ms))
        if not hmac.compare_digest(expected, match[2]):
            raise BadSignature("bad signature")
        if abs(now_ms - time_ms) > self.age_ms_max:
            raise StaleSignature(STALE)
        self.replays.admit(call_id, time_ms, now_ms - self.age_ms_max)


class Replays:
    """Ids of calls already taken, as long as their signatures are young enough to be shown again.

    When there are more than fit, the eldest is forgotten and everything signed before it is refused: the window shrinks
    under load instead of opening.
    """

    def __init__(self, remembered_max: int) -> None:
        self.remembered_max = remembered_max
        self.seen: dict[str, int] = {}
        self.refused_up_to_ms = -1

    def admit(self, call_id: str, time_ms: int, oldest_ms: int) -> None:
        """Remembers a call. Raises BadSignature for one already known or too old to be sure of."""
        if call_id in self.seen:
            raise BadSignature("call was made before")
        if time_ms <= self.refused_up_to_ms:
            raise StaleSignature(STALE)
        self.forget(oldest_ms)
        self.seen[call_id] = time_ms

    def forget(self, oldest_ms: int) -> None:
        """Drops what is too old to pass anyway, then the eldest until there is room for one more."""
        while self.seen:
            eldest = next(iter(self.seen))
            if self.seen[eldest] >= oldest_ms and len(self.seen) < self.remembered_max:
                return
            time_ms = self.seen.pop(eldest)
            if time_ms >= oldest_ms:
                self.refused_up_to_ms = max(self.refused_up_to_ms, time_ms)


def read_secret(path: Path) -> bytes:
    """The shared secret in a file, surrounding white space cut. Raises ValueError when it is too short, OSError."""
    secret = Path(path).read_bytes().strip()
    if len(secret) < SECRET_BYTES_MIN:
        raise ValueError(f"{path}: a secret of internal calls has at least {SECRET_BYTES_MIN} bytes")
    return secret


def secret_of(section: Any) -> bytes | None:
    """The secret that the settings section [rpc] names, None where it switches signatures off."""
    return read_secret(section.secret_file) if section.signatures else None
