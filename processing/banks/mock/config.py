"""What an operator may change about the bank, and the two keys it shares with its merchants.

One setting, `mock_bank.slow_answer_ms`, stretches or shrinks every delay, so that tests can make all of them short.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from settings.sections import MockBank, base_url

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Delays:
    """How long the bank's detours take, all in milliseconds."""

    slow_ms: int = 2_000
    stuck_ms: int = 35_000
    pending_ms: int = 1_000
    late_ms: int = 4_000
    challenge_ms: int = 900_000
    notice_retry_ms: int = 500

    @classmethod
    def around(cls, slow_ms: int) -> "Delays":
        """The delays of a bank whose slow card takes `slow_ms`; the payer's time on the page never shrinks."""
        return cls(
            slow_ms=slow_ms,
            stuck_ms=slow_ms * 35 // 2,
            pending_ms=slow_ms // 2,
            late_ms=slow_ms * 2,
            notice_retry_ms=max(slow_ms // 4, 1),
        )


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the bank's parts need to be told."""

    database: Path | str
    public_url: str
    api_key: str
    notice_key: bytes
    delays: Delays = Delays()
    notice_attempts_max: int = 500
    notice_timeout_ms: int = 5_000


def from_settings(section: MockBank) -> Config:
    """The bank that the section [mock_bank] describes; makes the secret file when there is none."""
    secret = read_or_make_secret(section.secret_file)
    return Config(
        database=section.database,
        public_url=base_url(section),
        api_key=derive(secret, "api key").hex(),
        notice_key=derive(secret, "notice signature"),
        delays=Delays.around(section.slow_answer_ms),
    )


def read_or_make_secret(path: Path) -> bytes:
    """The file's bytes without surrounding white space; a new random one with mode 0600 where the file is missing."""
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = secrets.token_hex(SECRET_BYTES).encode()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes().strip()
    with os.fdopen(handle, "wb") as file:
        file.write(made)
    return made


def derive(secret: bytes, purpose: str) -> bytes:
    """One key per purpose from the shared secret: HMAC-SHA256(secret, "mock bank " + purpose)."""
    return hmac.digest(secret, b"mock bank " + purpose.encode(), hashlib.sha256)
