"""The keys that sign and verify access tokens, each known by its `kid` and bound to one algorithm.

RSA keys of 2048 bits or more go with RS256, keys on the curve P-256 with ES256 (RFC 7518, 3.3 and 3.4). A kid is
base64url(SHA-256(SubjectPublicKeyInfo in DER)): it follows from the key, so nobody assigns it and it cannot point to a
wrong one (contract section 3.6). Keys are PEM files, private or public; several verify at once, so that an old key may
stay while a new one takes over.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

KEY_BITS_MIN = 2048

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey


class KeyRefused(ValueError):
    """A key file that cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Keyset:
    """`public`: kid -> key, all that verify. `signing`: the kid and the private key that sign, if this process may.

    `payers`: those that sign the tokens handed to payers; the same as `signing` where there is no key of its own.
    `payers_only`: kids of keys whose tokens are payers' or do not hold.
    """

    public: Mapping[str, PublicKey]
    signing: tuple[str, PrivateKey] | None = field(default=None, repr=False)
    payers: tuple[str, PrivateKey] | None = field(default=None, repr=False)
    payers_only: frozenset[str] = frozenset()

    def without_private_keys(self) -> "Keyset":
        """For a process that verifies and never signs."""
        return replace(self, signing=None, payers=None)


def algorithm_of(key: PrivateKey | PublicKey) -> str:
    """The one algorithm that a key is for, whatever a token says of itself (RFC 8725, 3.1)."""
    return "RS256" if isinstance(key, RSAPrivateKey | RSAPublicKey) else "ES256"


def kid_of(key: PublicKey) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def keyset_of(
    keys: Iterable[PrivateKey | PublicKey], signing: PrivateKey | None = None, payers: PrivateKey | None = None
) -> Keyset:
    """A keyset of keys in memory; keys that sign verify too."""
    signers = [(kid_of(key.public_key()), key) for key in (signing, payers) if key is not None]
    public = [key.public_key() if isinstance(key, PrivateKey) else key for key in keys]
    public += [key.public_key() for _, key in signers]
    of_payers = signers[-1] if signers else None
    of_merchants = signers[0] if signing else None
    payers_only = frozenset({of_payers[0]} if payers and of_payers != of_merchants else ())
    return Keyset({kid_of(key): key for key in public}, of_merchants, of_payers, payers_only)


def load_keyset(
    verification_directory: Path, signing_key_file: Path | None, payers_key_file: Path | None = None
) -> Keyset:
    """Every *.pem of the directory verifies; `signing_key_file` signs, and for payers `payers_key_file` where it is.

    KeyRefused for a file that is no such key.
    """
    signing = private_key(signing_key_file) if signing_key_file is not None else None
    payers = private_key(payers_key_file) if payers_key_file is not None and payers_key_file.exists() else None
    files = sorted(verification_directory.glob("*.pem"))
    if not files and signing is None:
        raise KeyRefused(f"{verification_directory} holds no *.pem: no access token could be verified.")
    return keyset_of(map(read_key, files), signing, payers)


def private_key(file: Path) -> PrivateKey:
    """The key of a file that signs; KeyRefused for a public one."""
    key = read_key(file)
    if not isinstance(key, PrivateKey):
        raise KeyRefused(f"{file} holds a public key; signing access tokens needs the private one.")
    return key


def read_key(file: Path) -> PrivateKey | PublicKey:
    """The key of a PEM file; KeyRefused when there is none, a short one, or one on another curve."""
    try:
        pem = file.read_bytes()
        if b"PRIVATE KEY-----" in pem:
            key = serialization.load_pem_private_key(pem, None)
        else:
            key = serialization.load_pem_public_key(pem)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise KeyRefused(f"{file} is not a readable PEM key: {problem}.") from problem
    if not is_strong(key):
        raise KeyRefused(f"{file} is neither an RSA key of at least {KEY_BITS_MIN} bits nor one on the curve P-256.")
    return key


def is_strong(key: object) -> bool:
    if isinstance(key, RSAPrivateKey | RSAPublicKey):
        return key.key_size >= KEY_BITS_MIN
    return isinstance(key, EllipticCurvePrivateKey | EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
