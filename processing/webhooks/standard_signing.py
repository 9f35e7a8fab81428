"""The signatures of Standard Webhooks 1.0: over the message's id, the moment of sending and the bytes of the body.

    webhook-id: evt_42
    webhook-timestamp: 1772366400
    webhook-signature: v1,<base64 HMAC-SHA256> v1a,<base64 ed25519 (RFC 8032)>

One of each for every secret in force, so that a receiver can change from an old one to a new one without missing
anything. As text a shared secret is whsec_ and base64, a public key whpk_ and base64.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_BYTES = 32


class Secret(NamedTuple):
    """`shared`: key of the HMAC. `private`: seed of the ed25519 key, `public`: its public half; 32 bytes each."""

    shared: bytes
    private: bytes
    public: bytes


def make_secret() -> Secret:
    """A fresh one."""
    key = Ed25519PrivateKey.generate()
    return Secret(secrets.token_bytes(SECRET_BYTES), key.private_bytes_raw(), key.public_key().public_bytes_raw())


def headers(in_force: Iterable[Secret], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers; `timestamp` in seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(text for secret in in_force for text in _signatures(secret, signed)),
    }


def secret_text(shared: bytes) -> str:
    """As a merchant gets it."""
    return f"whsec_{base64.b64encode(shared).decode()}"


def public_text(public: bytes) -> str:
    """As a merchant gets it."""
    return f"whpk_{base64.b64encode(public).decode()}"


def _signatures(secret: Secret, signed: bytes) -> tuple[str, str]:
    shared = hmac.new(secret.shared, signed, hashlib.sha256).digest()
    own = Ed25519PrivateKey.from_private_bytes(secret.private).sign(signed)
    return f"v1,{base64.b64encode(shared).decode()}", f"v1a,{base64.b64encode(own).decode()}"
