"""Payment tool tokens: `v2.` + JWE, what a payer's browser gives the merchant in place of a card (contract, 3.7).

The JWE (RFC 7516, compact) holds tokens.PaymentToolToken in strict binary, encrypted with A256GCM under a key that
A256GCMKW wraps; only gateways have it. Tokens of the first format, `v1.`, carry no expiry and are read, never made.
Must not know a version's JSON, nor a card number: a token names a card by the vault's own name for it.
"""

import os
import secrets
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from rpc.codec import Malformed, decode, encode
from rpc.protocol import domain, tokens

KEY_WRAP, ENCRYPTION = "A256GCMKW", "A256GCM"
ALGORITHMS = [KEY_WRAP, ENCRYPTION]
KEY_BYTES = 32
TOKEN_CHARS_MAX = 4000
WRITTEN, FIRST = "v2.", "v1."
END_OF_TIME = datetime.max.replace(microsecond=0, tzinfo=UTC)


class InvalidToken(ValueError):
    """Not a token of ours, or not any more. The text says which, and shows nothing of the token."""


class UnsafeKeyFile(Exception):
    """The key file is no key, or others may read it; the message says what to do."""


class PaymentToolTokens:
    """Makes and opens the tokens of one key. `lifetime`: of a token, cut to the end of the card's own life."""

    def __init__(self, key: bytes, lifetime: timedelta) -> None:
        self._key = OctKey.import_key(key)
        self._lifetime = lifetime

    def seal(self, tool: domain.PaymentTool, now: datetime, invoice_id: str | None = None) -> tuple[str, datetime]:
        """The token and the moment (aware, UTC, whole seconds) from which it is refused.

        `invoice_id`: the only invoice that it may pay.
        """
        valid_until = valid_until_of(tool, now, self._lifetime)
        payload = tokens.PaymentToolToken(
            payment_tool=tool, valid_until=valid_until.strftime("%Y-%m-%dT%H:%M:%SZ"), invoice_id=invoice_id
        )
        header = {"alg": KEY_WRAP, "enc": ENCRYPTION}
        return WRITTEN + jwe.encrypt_compact(header, encode(payload), self._key, algorithms=ALGORITHMS), valid_until

    def open(self, token: str, now: datetime, invoice_id: str | None = None) -> domain.PaymentTool:
        """Raises InvalidToken: unknown prefix, another key, changed, expired, made for another invoice than this."""
        prefix, sealed = token[:3], token[3:]
        if prefix not in (WRITTEN, FIRST) or len(token) > TOKEN_CHARS_MAX:
            raise InvalidToken("not a payment tool token")
        opened = self._opened(sealed)
        if opened.valid_until is None and prefix != FIRST:
            raise InvalidToken("the token does not say until when it is valid")
        if opened.valid_until is not None and now >= datetime.fromisoformat(opened.valid_until):
            raise InvalidToken("the token has expired")
        if opened.invoice_id not in (None, invoice_id):
            raise InvalidToken("the token is for another invoice")
        return opened.payment_tool

    def _opened(self, sealed: str) -> tokens.PaymentToolToken:
        try:
            plain = jwe.decrypt_compact(sealed, self._key, algorithms=ALGORITHMS).plaintext
            return decode(tokens.PaymentToolToken, plain)
        except (JoseError, Malformed, ValueError, TypeError, KeyError):
            raise InvalidToken("the token was not made here, or was changed") from None


def valid_until_of(tool: domain.PaymentTool, now: datetime, lifetime: timedelta) -> datetime:
    """`now + lifetime`, or the end of the card's last month where that is earlier; whole seconds, UTC."""
    usual = (now + lifetime).astimezone(UTC).replace(microsecond=0)
    expiry = tool.bank_card.exp_date if tool.bank_card is not None else None
    return usual if expiry is None else min(usual, end_of_month(expiry.year, expiry.month))


def end_of_month(year: int, month: int) -> datetime:
    """The first moment after the month, UTC; the last whole second there is where that would be in the year 10000."""
    if (year, month) >= (END_OF_TIME.year, END_OF_TIME.month):
        return END_OF_TIME
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def load_key(path: Path, randomness: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """The 32 bytes of a key file (64 hex digits), made with mode 0600 on the first use.

    Raises UnsafeKeyFile. Two processes that begin at once end with the same key: the slower one takes the faster one's.
    """
    if not path.exists():
        _make(path, randomness(KEY_BYTES))
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnsafeKeyFile(f"{path} can be read by others than its owner: run chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UnsafeKeyFile(f"{path} is no key of {KEY_BYTES} bytes in hex: restore it, or remove it to make a new one")
    return key


def _make(path: Path, key: bytes) -> None:
    """Written beside and linked into place: nobody ever sees half a key, and the first link wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key.hex() + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
