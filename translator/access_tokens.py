"""Access tokens: signed JWTs in, identities out; and the making of new ones (contract section 3.6, RFC 7519, RFC 8725).

The algorithm belongs to the key, never to the token: RS256, whatever the header says. A `kid` is looked up in a map;
`jku`, `x5u`, `jwk` are not read and `crit` is refused. `jti`, `sub` and `exp` must be there; exp 0 is unlimited.

A verified token is remembered by its hash, in a bounded map, the least recently used one forgotten first; expiry and
revocation are looked at on every use, remembered or not.
"""

import hashlib
import re
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import jwt

from settings.clock import Clock, system_clock
from translator.authorization import Roles, compile_roles
from translator.errors import Unauthorized
from translator.keyset import ALGORITHM, Keyset
from translator.revocations import Revocations

TOKEN_BYTES_MAX = 8192
ID = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?")
EMAIL = re.compile(r"[\x21-\x7e]{1,320}")
RESOURCE = "common-api"
CONSUMER = "consumer"
UNLIMITED = 0

DECODE_OPTIONS = {
    "require": ["jti", "sub", "exp"],
    "verify_signature": True,
    # Expiry is ours to check: exp 0 means unlimited, and the hour comes from the injected clock.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "enforce_minimum_key_length": True,
}

Consumer = Literal["merchant", "client"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is. `consumer`: "client" for tokens handed to payers. `expires_at`: None when unlimited."""

    party_id: str
    subject: str
    email: str | None
    consumer: Consumer
    roles: Roles
    token_id: str
    expires_at: int | None


class AccessTokens:
    """Verifies and issues. `lifetime_s`: of invoice tokens."""

    def __init__(
        self,
        keyset: Keyset,
        revocations: Revocations,
        *,
        clock: Clock = system_clock,
        cache_entries_max: int = 10_000,
        invoice_token_lifetime_s: int = 259_200,
    ) -> None:
        self._keyset = keyset
        self._revocations = revocations
        self._clock = clock
        self._entries_max = cache_entries_max
        self._invoice_token_lifetime_s = invoice_token_lifetime_s
        self._verified: OrderedDict[bytes, Identity] = OrderedDict()

    def identify(self, token: str, now: datetime) -> Identity:
        """The identity of a token that is genuine, current and not revoked; Unauthorized for any other.

        Raises rpc.failures.Unavailable when it has not been possible for too long to learn which tokens are revoked.
        """
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        identity = self._verified.get(key)
        if identity is None:
            identity = self._verify(token)
        else:
            self._verified.move_to_end(key)
        if is_expired(identity, now):
            self._verified.pop(key, None)
            raise Unauthorized
        if self._revocations.is_revoked(identity.token_id, now):
            self._verified.pop(key, None)
            raise Unauthorized
        self._remember(key, identity)
        return identity

    def _remember(self, key: bytes, identity: Identity) -> None:
        if key not in self._verified:
            self._verified[key] = identity
            if len(self._verified) > self._entries_max:
                self._verified.popitem(last=False)

    def _verify(self, token: str) -> Identity:
        if len(token) > TOKEN_BYTES_MAX:
            raise Unauthorized
        try:
            header = jwt.get_unverified_header(token)
            key = self._keyset.public.get(header.get("kid", ""))
            if key is None or header.get("alg") != ALGORITHM or "crit" in header or header.get("b64") is False:
                raise Unauthorized
            claims = jwt.decode(token, key, algorithms=[ALGORITHM], options=DECODE_OPTIONS)
            return identity_of(claims)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Unauthorized from None

    def issue(
        self,
        party_id: str,
        roles: Iterable[str],
        *,
        lifetime_s: int | None,
        consumer: Consumer = "merchant",
        email: str | None = None,
    ) -> tuple[str, str]:
        """A new token and its `jti`. `lifetime_s`: None for an unlimited one. RuntimeError without a signing key."""
        if self._keyset.signing is None:
            raise RuntimeError("this process holds no key to sign access tokens with")
        kid, key = self._keyset.signing
        now = int(self._clock().timestamp())
        token_id = uuid.uuid4().hex
        claims: dict[str, Any] = {
            "jti": token_id,
            "sub": party_id,
            "iat": now,
            "exp": UNLIMITED if lifetime_s is None else now + lifetime_s,
            CONSUMER: consumer,
            "resource_access": {RESOURCE: {"roles": list(roles)}},
        }
        if email:
            claims["email"] = email
        return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid}), token_id

    def invoice_token(self, party_id: str, invoice_id: str) -> str:
        """For whoever pays the invoice: sees it and its payments, pays it; names nobody but the party."""
        roles = (
            f"invoices.{invoice_id}:read",
            f"invoices.{invoice_id}.payments:read",
            f"invoices.{invoice_id}.payments:write",
            "payment_resources:write",
        )
        return self.issue(party_id, roles, lifetime_s=self._invoice_token_lifetime_s, consumer="client")[0]

    def invoice_template_token(self, party_id: str, template_id: str) -> str:
        """For whoever makes invoices of the template; unlimited, like the links it is put into."""
        roles = (
            f"party.*.invoice_templates.{template_id}:read",
            f"party.*.invoice_templates.{template_id}.invoice_template_invoices:write",
        )
        return self.issue(party_id, roles, lifetime_s=None, consumer="client")[0]


def identity_of(claims: Mapping[str, Any]) -> Identity:
    """The identity that verified claims describe; Unauthorized when a needed claim is missing or of another type."""
    token_id, subject, expires_at = claims["jti"], claims["sub"], claims["exp"]
    for text in (token_id, subject):
        if not isinstance(text, str) or not ID.fullmatch(text):
            raise Unauthorized
    if type(expires_at) is not int or expires_at < 0:
        raise Unauthorized
    email = claims.get("email")
    return Identity(
        party_id=subject,
        subject=subject,
        email=email if isinstance(email, str) and EMAIL.fullmatch(email) else None,
        consumer="client" if claims.get(CONSUMER) == "client" else "merchant",
        roles=compile_roles(roles_of(claims)),
        token_id=token_id,
        expires_at=None if expires_at == UNLIMITED else expires_at,
    )


def roles_of(claims: Mapping[str, Any]) -> list[str]:
    """The texts at resource_access."common-api".roles; none when the claim has another shape."""
    node: Any = claims
    for name in ("resource_access", RESOURCE, "roles"):
        node = node.get(name) if isinstance(node, Mapping) else None
    return [text for text in node if isinstance(text, str)] if isinstance(node, list) else []


def is_expired(identity: Identity, now: datetime) -> bool:
    return identity.expires_at is not None and identity.expires_at <= now.timestamp()
