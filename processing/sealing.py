"""Sealing of what must not lie open in a database: AES-256-GCM, with keys from a file only its owner can read.

Each sealed value carries the number of its key, so that a new key can be added while old values stay readable: the
highest number seals, all of them open.
"""

import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
NUMBER_BYTES = 2


class UnsafeKeyFile(Exception):
    """The key file is readable by others, or holds something else; the text says what to do."""


class SealingKeys:
    """Seals and opens; `owner` binds a value to its row, so that rows cannot be swapped."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self._newest = max(keys)

    def seal(self, plain: bytes, owner: str) -> bytes:
        """Key number, nonce and ciphertext in one value."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, plain, owner.encode())
        return self._newest.to_bytes(NUMBER_BYTES, "big") + nonce + sealed

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Raises cryptography's InvalidTag for a value that was changed or moved, KeyError for one of a lost key."""
        cipher = self._ciphers[int.from_bytes(sealed[:NUMBER_BYTES], "big")]
        nonce, rest = sealed[NUMBER_BYTES : NUMBER_BYTES + NONCE_BYTES], sealed[NUMBER_BYTES + NONCE_BYTES :]
        return cipher.decrypt(nonce, rest, owner.encode())


def load_or_create(path: Path) -> SealingKeys:
    """The keys of a file, one `number:hex` a line; a missing file is made with mode 0600 and one fresh key.

    Raises UnsafeKeyFile.
    """
    return SealingKeys(numbered_keys(path))


def numbered_keys(path: Path) -> dict[int, bytes]:
    """Number -> key, of a file that is made when it is missing. Raises UnsafeKeyFile."""
    if not path.exists():
        _create(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnsafeKeyFile(f"{path} can be read by others than its owner: run chmod 600 {path}")
    return _parse(path)


def _create(path: Path) -> None:
    """Written whole beside its place, then linked there: of two first starts one makes it, neither reads half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"1:{secrets.token_hex(KEY_BYTES)}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _parse(path: Path) -> dict[int, bytes]:
    keys = {}
    for line in path.read_text().split():
        number, _, value = line.partition(":")
        try:
            keys[int(number)] = bytes.fromhex(value)
        except ValueError:
            keys[0] = b""
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise UnsafeKeyFile(f"{path} is not a key file: each of its lines is number:64 hex digits")
    return keys
