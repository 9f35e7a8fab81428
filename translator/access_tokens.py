"""Access tokens: signed JWTs in, identities out; and the making of new ones (contract section 3.6, RFC 7519, RFC 8725).

The algorithm belongs to the key, never to the token: RS256, ES256 or HS256, whatever the header says. A `kid` is looked
up in a map; `jku`, `x5u`, `jwk` are not read and `crit` is refused. `jti`, `sub` and `exp` must be there; exp 0 is
unlimited.

Merchants' tokens are signed with RS256. Every new invoice brings a token for its payer, which nobody but our own
gateways verifies: those are signed with a secret by HS256, in 2 us instead of the 40 us of ES256 or the 270 us of RSA,
which would be most of what a new invoice costs the gateway. Such a secret makes payers' tokens and no other: whoever
steals it can pay invoices, and cannot act as a merchant.

A verified token is remembered by its hash, in a bounded map, the least recently used one forgotten first; expiry and
revocation are looked at on every use, remembered or not.
"""

import binascii
import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import jwt
import orjson

from rpc.deadlines import in_microseconds
from rpc.signature import keyed_hash
from settings.clock import Clock, system_clock
from translator.authorization import Roles, compile_roles
from translator.chance import random_bytes
from translator.errors import Unauthorized
from translator.keyset import Keyset, Secret, Signer, algorithm_of
from translator.revocations import Revocations

TOKEN_BYTES_MAX = 8192
TOKEN_ID_BYTES = 16
ID = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?")
EMAIL = re.compile(r"[\x21-\x7e]{1,320}")
RESOURCE = "common-api"
CONSUMER = "consumer"
PAYERS_ROLE = re.compile(
    r"invoices\.[^.:*]+(:read|\.payments:(read|write))|payment_resources:write"
    r"|party\.\*\.invoice_templates\.[^.:*]+(:read|\.invoice_template_invoices:write)"
)
"""A role of an invoice's or a template's token: always of one named object."""

UNLIMITED = 0
ALGORITHMS = jwt.algorithms.get_default_algorithms()

DECODE_OPTIONS = {
    "require": ["jti", "sub", "exp"],
    "verify_signature": True,
    # Times are ours to check: exp 0 means unlimited, and the hour comes from the injected clock.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "enforce_minimum_key_length": True,
}

Consumer = Literal["merchant", "client"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is. `consumer`: "client" for tokens handed to payers. `expires_at`: seconds since 1970, None when
    unlimited; `until`: the same as a time, also None where it is later than any. `meta`: what internal calls on its
    behalf say of the caller.
    """

    party_id: str
    subject: str
    email: str | None
    consumer: Consumer
    roles: Roles
    token_id: str
    expires_at: int | None
    until: datetime | None = field(init=False, compare=False, repr=False)
    meta: Mapping[str, str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        meta = {"user-identity.id": self.party_id, "user-identity.realm": "external"}
        if self.email:
            meta["user-identity.email"] = self.email
        object.__setattr__(self, "meta", MappingProxyType(meta))
        object.__setattr__(self, "until", time_of(self.expires_at))


class Presented(NamedTuple):
    """A token as a caller presents it, of which nothing is known yet. `key`: under which it is remembered."""

    text: str
    key: bytes

    __repr__ = object.__repr__  # what it holds is not to be shown


def presented(text: str) -> Presented:
    """With its hash, which costs 1 us: whoever meets the same token again keeps what this gives."""
    return Presented(text, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())


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
        self._now_us = in_microseconds(clock)
        self._entries_max = cache_entries_max
        self._invoice_token_lifetime_s = invoice_token_lifetime_s
        self._verified: OrderedDict[bytes, Identity] = OrderedDict()

    def identify(self, token: str, now: datetime) -> Identity:
        """`recognise` for a token of which only the text is known."""
        return self.recognise(presented(token), now)

    def recognise(self, token: Presented, now: datetime) -> Identity:
        """The identity of a token that is genuine, current and not revoked; Unauthorized for any other.

        Raises rpc.failures.Unavailable when it has not been possible for too long to learn which tokens are revoked.
        """
        key = token.key
        known = self._verified.get(key)
        identity = known or self._verify(token.text, now)
        until = identity.until
        if (until is not None and until <= now) or self._revocations.is_revoked(identity.token_id, now):
            self._verified.pop(key, None)
            raise Unauthorized
        if known is not None:
            self._verified.move_to_end(key)
        else:
            self._remember(key, identity)
        return identity

    def _remember(self, key: bytes, identity: Identity) -> None:
        self._verified[key] = identity
        if len(self._verified) > self._entries_max:
            self._verified.popitem(last=False)

    def _verify(self, token: str, now: datetime) -> Identity:
        if len(token) > TOKEN_BYTES_MAX:
            raise Unauthorized
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid", "")
            key = self._keyset.verifying.get(kid)
            if key is None or "crit" in header or header.get("b64") is False:
                raise Unauthorized
            algorithm = algorithm_of(key)
            if header.get("alg") != algorithm:
                raise Unauthorized
            material = key.value if isinstance(key, Secret) else key
            claims = jwt.decode(token, material, algorithms=[algorithm], options=DECODE_OPTIONS)
            if not has_begun(claims, now) or (kid in self._keyset.payers_only and not is_payers(claims)):
                raise Unauthorized
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
        signer = self._keyset.payers if consumer == "client" else self._keyset.signing
        if signer is None:
            raise RuntimeError("this process holds no key to sign access tokens with")
        now = self._now_us() // 1_000_000
        token_id = random_bytes(TOKEN_ID_BYTES).hex()
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
        return signed(claims, *signer), token_id

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


def signed(claims: Mapping[str, Any], kid: str, key: Signer) -> str:
    """The claims as a JWT in compact form."""
    algorithm = algorithm_of(key)
    text = b".".join((head_of(algorithm, kid), in_base64(orjson.dumps(claims))))
    made = keyed_hash(key.value, text) if isinstance(key, Secret) else ALGORITHMS[algorithm].sign(text, key)
    return b".".join((text, in_base64(made))).decode()


@lru_cache(maxsize=16)
def head_of(algorithm: str, kid: str) -> bytes:
    """The first part of every token that a key signs."""
    return in_base64(orjson.dumps({"alg": algorithm, "typ": "JWT", "kid": kid}))


def in_base64(data: bytes) -> bytes:
    """In the alphabet of URLs, without padding. Two `replace` take 0.06 us, one `translate` 0.17."""
    return binascii.b2a_base64(data, newline=False).replace(b"+", b"-").replace(b"/", b"_").rstrip(b"=")


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


def has_begun(claims: Mapping[str, Any], now: datetime) -> bool:
    """Whether the time before which the token must not be used is over (RFC 7519, 4.1.5); TypeError for no time."""
    return claims.get("nbf", 0) <= now.timestamp()


def is_payers(claims: Mapping[str, Any]) -> bool:
    """Whether the token is one that a payer may have been given."""
    return claims.get(CONSUMER) == "client" and all(map(PAYERS_ROLE.fullmatch, roles_of(claims)))


def time_of(second: int | None) -> datetime | None:
    """Of a second since 1970; None for none, and for one beyond the year 9999, which never comes."""
    try:
        return None if second is None else datetime.fromtimestamp(second, UTC)
    except (OverflowError, ValueError, OSError):
        return None
