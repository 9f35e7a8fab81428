"""The signature of a message: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017) over the exact bytes of the body.

    Content-Signature: alg=RS256; digest=<base64 of the signature, URL alphabet, with padding>

A hook has an RSA-2048 key pair of its own; the merchant reads the public half from the webhook.
"""

import base64
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

KEY_BITS = 2048
HEADER = "Content-Signature"

PrivateKey = rsa.RSAPrivateKey


class KeyPair(NamedTuple):
    """`private`: PKCS #8, `public`: SubjectPublicKeyInfo; both DER."""

    private: bytes
    public: bytes


def make_pair() -> KeyPair:
    """A fresh pair; takes about a tenth of a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return KeyPair(
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


def loaded(private_key: bytes) -> PrivateKey:
    """The private half of a pair, ready to sign."""
    # The key was sealed by ourselves: checking its primes at each message would cost more than signing.
    return load_der_private_key(private_key, None, unsafe_skip_rsa_key_validation=True)


def content_signature(key: PrivateKey, body: bytes) -> str:
    """The header's value. The same body and key give the same value."""
    digest = base64.urlsafe_b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()
    return f"alg=RS256; digest={digest}"
