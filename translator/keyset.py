"""The keys that sign and verify access tokens, each known by its `kid` and bound to one algorithm.

RSA keys of 2048 bits or more go with RS256, keys on the curve P-256 with ES256, secrets of 32 bytes or more with HS256
(RFC 7518, 3.2 to 3.4). A kid is base64url(SHA-256(SubjectPublicKeyInfo in DER)), of a secret base64url(SHA-256(its
name and bytes)): it follows from the key, so nobody assigns it and it cannot point to a wrong one (contract section
3.6). Keys are PEM files, private or public; several verify at once, so that an old key may stay while a new one takes
over. A secret is a file of hexadecimal digits, and makes tokens for payers only.
"""

import base64
import hashlib
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

KEY_BITS_MIN = 2048
SECRET_BYTES_MIN = 32
PEM = b"-----BEGIN "
PAYERS_FILES = "payers"
"""A PEM file called so verifies tokens of payers only: it was a key for them before another took over."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A key that makes and verifies: only for tokens that nobody but this platform has to verify."""

    value: bytes = field(repr=False)


PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey
Signer = PrivateKey | Secret
Verifier = PublicKey | Secret


class KeyRefused(ValueError):
    """A key file that cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Keyset:
    """`verifying`: kid -> key. `signing`: the kid and the private key that sign, if this process may.

    `payers`: those that sign the tokens handed to payers; the same as `signing` where there is no key of its own.
    `payers_only`: kids of keys whose tokens are payers' or do not hold.
    """

    verifying: Mapping[str, Verifier]
    signing: tuple[str, PrivateKey] | None = field(default=None, repr=False)
    payers: tuple[str, Signer] | None = field(default=None, repr=False)
    payers_only: frozenset[str] = frozenset()

    def without_private_keys(self) -> "Keyset":
        """For a process that verifies and never signs. A secret stays, for nothing else verifies what it made."""
        return replace(self, signing=None, payers=None)


def algorithm_of(key: Signer | Verifier) -> str:
    """The one algorithm that a key is for, whatever a token says of itself (RFC 8725, 3.1)."""
    if isinstance(key, Secret):
        return "HS256"
    return "RS256" if isinstance(key, RSAPrivateKey | RSAPublicKey) else "ES256"


def verifier_of(key: Signer | Verifier) -> Verifier:
    """The half of a key that verifies; of a secret itself."""
    return key.public_key() if isinstance(key, PrivateKey) else key


def kid_of(key: Verifier) -> str:
    if isinstance(key, Secret):
        named = b"common-api HS256 " + key.value
    else:
        named = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(hashlib.sha256(named).digest()).rstrip(b"=").decode()


def keyset_of(
    keys: Iterable[PrivateKey | PublicKey],
    signing: PrivateKey | None = None,
    payers: Signer | None = None,
    of_payers_only: Iterable[PrivateKey | PublicKey] = (),
) -> Keyset:
    """A keyset of keys in memory; keys that sign verify too. `of_payers_only`: verify the tokens of payers alone."""
    signers = [(kid_of(verifier_of(key)), key) for key in (signing, payers) if key is not None]
    former = [verifier_of(key) for key in of_payers_only]
    verifying = [*(verifier_of(key) for key in keys), *former, *(verifier_of(key) for _, key in signers)]
    of_payers = signers[-1] if signers else None
    of_merchants = signers[0] if signing else None
    payers_only = {kid_of(key) for key in former}
    if payers and of_payers != of_merchants:
        payers_only.add(of_payers[0])
    return Keyset({kid_of(key): key for key in verifying}, of_merchants, of_payers, frozenset(payers_only))


def load_keyset(
    verification_directory: Path, signing_key_file: Path | None, payers_key_file: Path | None = None
) -> Keyset:
    """Every *.pem of the directory verifies; `signing_key_file` signs, and for payers `payers_key_file` where it is.

    KeyRefused for a file that is no such key.
    """
    signing = private_key(signing_key_file) if signing_key_file is not None else None
    payers = payers_key(payers_key_file) if payers_key_file is not None and payers_key_file.exists() else None
    files = sorted(verification_directory.glob("*.pem"))
    if not files and signing is None:
        raise KeyRefused(f"{verification_directory} holds no *.pem: no access token could be verified.")
    former = [file for file in files if file.name.startswith(PAYERS_FILES)]
    return keyset_of([read_key(file) for file in files if file not in former], signing, payers, map(read_key, former))


def payers_key(file: Path) -> Signer:
    """The key of payers' tokens: a private key in PEM, or a secret in hexadecimal. Raises KeyRefused."""
    try:
        content = file.read_bytes()
        value = b"" if PEM in content else bytes.fromhex(content.decode("ascii"))
    except (OSError, ValueError):
        raise KeyRefused(f"{file} holds neither a private key in PEM nor a secret in hexadecimal digits.") from None
    if PEM in content:
        return private_key(file)
    if len(value) < SECRET_BYTES_MIN:
        raise KeyRefused(f"{file} holds a secret of less than {SECRET_BYTES_MIN} bytes.")
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRefused(f"{file} can be read by others than its owner: run chmod 600 {file}.")
    return Secret(value)


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
