"""Cards out of phone wallets: the sandbox's stand-in for Apple, Google, Samsung and Yandex Pay.

A wallet's payload is opaque to the merchant. Here it is a compact JWE (RFC 7516, `dir` + `A256GCM`) under a key that
the vault shares with the simulated wallet: {"id", "wallet", "merchant", "number", "month", "year"}. A payload is
redeemed once, for the merchant it was made for; a second use is refused, as a stolen cryptogram would be.
"""

import json
import os
import secrets
import stat
from pathlib import Path
from typing import NamedTuple

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from processing.sealing import KEY_BYTES, UnsafeKeyFile

PROVIDERS = frozenset({"applepay", "googlepay", "samsungpay", "yandexpay"})
_ALGORITHMS = ["dir", "A256GCM"]


class InvalidCryptogram(Exception):
    """The payload cannot be opened, or is not what a wallet makes."""


class WalletCard(NamedTuple):
    """What a wallet's payload holds: a device number of one card, for one payment."""

    id: str
    merchant: str
    number: str
    exp_month: int
    exp_year: int

    def __repr__(self) -> str:
        return "WalletCard(***)"


def load_or_create_key(path: Path) -> bytes:
    """32 bytes shared with the simulated wallet; made with mode 0600 when missing. Raises sealing.UnsafeKeyFile."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
    except FileExistsError:
        pass
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnsafeKeyFile(f"{path} can be read by others than its owner: run chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise UnsafeKeyFile(f"{path} is not a key of {KEY_BYTES} bytes: remove it to make a new one")
    return key


def seal(card: WalletCard, provider: str, key: bytes) -> str:
    """What the payer's phone would hand to the merchant."""
    claims = {
        "id": card.id,
        "wallet": provider,
        "merchant": card.merchant,
        "number": card.number,
        "month": card.exp_month,
        "year": card.exp_year,
    }
    header = {"alg": "dir", "enc": "A256GCM"}
    return jwe.encrypt_compact(header, json.dumps(claims), OctKey.import_key(key), algorithms=_ALGORITHMS)


def open_payload(payload: bytes, provider: str, key: bytes) -> WalletCard:
    """Raises InvalidCryptogram. `payload` is the JWE itself, or a JSON object that holds it under "data"."""
    try:
        opened = jwe.decrypt_compact(_compact(payload), OctKey.import_key(key), algorithms=_ALGORITHMS)
        claims = json.loads(opened.plaintext or b"")
        if claims["wallet"] != provider:
            raise InvalidCryptogram("made by another wallet")
        return WalletCard(claims["id"], claims["merchant"], claims["number"], int(claims["month"]), int(claims["year"]))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidCryptogram(type(error).__name__) from None


def _compact(payload: bytes) -> str:
    text = payload.decode().strip()
    if text.startswith(("{", '"')):
        held = json.loads(text)
        text = held["data"] if isinstance(held, dict) else held
    return text
