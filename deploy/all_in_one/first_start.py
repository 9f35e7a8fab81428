"""Directories and keys: made when missing, checked when there, never replaced."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from settings import Settings

SECRET_BYTES = 32
KEY_BITS = 2048
PRIVATE_DIRECTORY, PRIVATE_FILE = 0o700, 0o600


class UnsafeState(Exception):
    """Something secret may be read by others; the text says what to do."""


def prepare(settings: Settings) -> list[Path]:
    """Makes what is missing; answers the secrets made now, so that the first start can be told from later ones."""
    state, jwt = settings.state.directory, settings.tokens.signing_key_file.parent
    for directory in (state, state / "data", state / "logs", state / "secrets", jwt):
        make_directory(directory)
    wanted = (
        (settings.rpc.secret_file, new_secret),
        (settings.tokens.signing_key_file, new_signing_key),
        (settings.tokens.payers_key_file, new_secret),
    )
    return [path for path, make in wanted if make_secret(path, make)]


def make_directory(path: Path) -> None:
    """A directory that only its owner may enter."""
    path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    refuse_readable_by_others(path, "700")


def make_secret(path: Path, make: Callable[[], bytes]) -> bool:
    """Writes `make()` unless the file is there; whether it was written. The file is whole or absent, never half."""
    if path.exists():
        refuse_readable_by_others(path, "600")
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(make())
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return True


def refuse_readable_by_others(path: Path, mode: str) -> None:
    """Raises UnsafeState when anybody but the owner has any right on it."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnsafeState(f"{path} is open to other users of this machine: run `chmod {mode} {path}`.")


def new_secret() -> bytes:
    """A secret of internal calls, or of payers' tokens: 256 random bits in hexadecimal."""
    return secrets.token_hex(SECRET_BYTES).encode() + b"\n"


def new_signing_key() -> bytes:
    """The key that signs access tokens, PKCS 8 in PEM."""
    return in_pem(rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS))


def in_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
