"""Access tokens made by hand: good ones, their parts, and those of the payers' keys."""

import base64
import hashlib
import hmac
import json

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from gateway_kit import PARTY, START, StillClock, signed, signing_key

from translator.access_tokens import AccessTokens
from translator.keyset import Secret, keyset_of, kid_of
from translator.revocations import Revocations

NOW = int(START.timestamp())
CLAIMS = {"jti": "t1", "sub": PARTY, "exp": NOW + 60, "resource_access": {"common-api": {"roles": ["party:read"]}}}
PUBLIC_PEM = (
    signing_key().public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)
PUBLIC_DER = (
    signing_key().public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
KID = kid_of(signing_key().public_key())

PAYERS = ec.generate_private_key(ec.SECP256R1())
SECRET = Secret(b"s" * 32)
KEYS_OF_PAYERS = [PAYERS, SECRET]


def tokens_of(*keys, revocations=None, clock=None, **options):
    keyset = keyset_of(keys or [signing_key()], signing_key())
    return AccessTokens(keyset, revocations or Revocations.of(), clock=clock or StillClock(), **options)


def without(claim):
    return signed({name: value for name, value in CLAIMS.items() if name != claim})


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(header, claims=CLAIMS, signature=b"", secret=None):
    text = f"{part(header)}.{part(claims)}"
    if secret is not None:
        signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{part(signature)}"


GOOD = signed(CLAIMS)
HEAD, BODY, SIGNATURE = GOOD.split(".")


def by_payers_key(roles, key=PAYERS, **claims):
    access = {"resource_access": {"common-api": {"roles": roles}}}
    algorithm, kid = ("HS256", kid_of(key)) if key is SECRET else ("ES256", kid_of(key.public_key()))
    material = key.value if key is SECRET else key
    return jwt.encode({**CLAIMS, "consumer": "client", **access, **claims}, material, algorithm, headers={"kid": kid})


def pem_of(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
