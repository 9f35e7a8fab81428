"""The RSA keys that sign and verify access tokens, each known by its `kid`.

A kid is base64url(SHA-256(SubjectPublicKeyInfo in DER)): it follows from the key, so nobody assigns it and it cannot
point to a wrong one (contract section 3.6). Keys are PEM files, private or public; several verify at once, so that an
old key may stay while a new one takes over.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

ALGORITHM = "RS256"
KEY_BITS_MIN = 2048


class KeyRefused(ValueError):
    """A key file that cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Keyset:
    """`public`: kid -> key, all that verify. `signing`: the kid and the private key that sign, if this process may."""

    public: Mapping[str, RSAPublicKey]
    signing: tuple[str, RSAPrivateKey] | None = field(default=None, repr=False)


def kid_of(key: RSAPublicKey) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def keyset_of(keys: Iterable[RSAPrivateKey | RSAPublicKey], signing: RSAPrivateKey | None = None) -> Keyset:
    """A keyset of keys in memory; the signing key verifies too."""
    public = [key.public_key() if isinstance(key, RSAPrivateKey) else key for key in keys]
    if signing is not None:
        public.append(signing.public_key())
    signer = (kid_of(signing.public_key()), signing) if signing is not None else None
    return Keyset({kid_of(key): key for key in public}, signer)


def load_keyset(verification_directory: Path, signing_key_file: Path | None) -> Keyset:
    """Every *.pem of the directory verifies; `signing_key_file` signs. KeyRefused for a file that is no such key."""
    signing = None
    if signing_key_file is not None:
        signing = read_key(signing_key_file)
        if not isinstance(signing, RSAPrivateKey):
            raise KeyRefused(f"{signing_key_file} holds a public key; signing access tokens needs the private one.")
    files = sorted(verification_directory.glob("*.pem"))
    if not files and signing is None:
        raise KeyRefused(f"{verification_directory} holds no *.pem: no access token could be verified.")
    return keyset_of(map(read_key, files), signing)


def read_key(file: Path) -> RSAPrivateKey | RSAPublicKey:
    """The RSA key of a PEM file; KeyRefused when there is none, or a short one."""
    try:
        pem = file.read_bytes()
        if b"PRIVATE KEY-----" in pem:
            key = serialization.load_pem_private_key(pem, None)
        else:
            key = serialization.load_pem_public_key(pem)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise KeyRefused(f"{file} is not a readable PEM key: {problem}.") from problem
    if not isinstance(key, RSAPrivateKey | RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise KeyRefused(f"{file} is not an RSA key of at least {KEY_BITS_MIN} bits.")
    return key
