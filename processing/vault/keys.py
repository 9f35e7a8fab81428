"""Encryption of card data at rest: AES-256-GCM with a key from a file only its owner can read.

Every record carries the number of its key, so that a new key can be added in front while old records stay readable.
The fingerprint key is derived apart from the encryption key (HKDF, RFC 5869): a fingerprint alone opens nothing.
"""

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_NONCE_BYTES = 12


class UnsafeKeyFile(Exception):
    """The key file is readable by others or is not a key file; the message says what to do."""


class CardKeys:
    """Seals and opens records; `associated` binds a record to its row, so that rows cannot be swapped."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self._current = max(keys)
        self._fingerprint_key = _derive(keys[min(keys)], b"card fingerprint")

    def seal(self, plain: bytes, associated: bytes) -> bytes:
        """Key number, nonce and ciphertext in one value."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, plain, associated)
        return self._current.to_bytes(2, "big") + nonce + sealed

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        """Raises cryptography's InvalidTag when the record was changed or moved."""
        cipher = self._ciphers[int.from_bytes(sealed[:2], "big")]
        return cipher.decrypt(sealed[2 : 2 + _NONCE_BYTES], sealed[2 + _NONCE_BYTES :], associated)

    def fingerprint(self, number: str) -> bytes:
        """Recognises a card without storing it: a keyed hash of the whole number (PCI DSS 4.0.1, 3.5.1.1)."""
        return hmac.new(self._fingerprint_key, number.encode(), hashlib.sha256).digest()


def load_or_create(path: Path) -> CardKeys:
    """Keys of the file, one `number:hex` a line; a missing file is made with mode 0600 and one fresh key.

    Raises UnsafeKeyFile when somebody else may read it or a line is not a key.
    """
    if not path.exists():
        _create(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnsafeKeyFile(f"{path} can be read by others than its owner: run chmod 600 {path}")
    return CardKeys(_parse(path))


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        # Two processes made their first start together: the first one's key stands.
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(f"1:{secrets.token_hex(_KEY_BYTES)}\n")
        file.flush()
        os.fsync(file.fileno())


def _parse(path: Path) -> dict[int, bytes]:
    keys = {}
    for line in path.read_text().split():
        number, _, value = line.partition(":")
        try:
            keys[int(number)] = bytes.fromhex(value)
        except ValueError:
            raise UnsafeKeyFile(f"{path} holds a line that is not a key; each line is number:64 hex digits") from None
    if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
        raise UnsafeKeyFile(f"{path} holds no usable key; each line is number:64 hex digits")
    return keys


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(key)
