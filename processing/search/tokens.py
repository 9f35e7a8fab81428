"""Continuation tokens: where a page ended, bound to the query that gave it.

Opaque to its holder. A token opens nothing that the query itself does not, so it is checked, not kept secret: a short
hash over the query and the position tells a token of another query, or an invented one, from a real one.
"""

import base64
import binascii
import hashlib
from typing import Annotated

import msgspec

HASH_BYTES = 12
TOKEN_CHARS_MAX = 1000

Moment = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Position = tuple[Moment, str, str]
"""Creation time in ms, and two ids; the second id is empty where one is enough."""

_decode = msgspec.json.Decoder(Position).decode


class BadToken(Exception):
    """Not a token that this query gave."""


def write(query: str, position: Position) -> str:
    """`query` is any text that says all of the query but its page."""
    said = msgspec.json.encode(position)
    return base64.urlsafe_b64encode(_hash(query, said) + said).decode().rstrip("=")


def read(query: str, token: str) -> Position:
    """Raises BadToken."""
    if len(token) > TOKEN_CHARS_MAX or not token.isascii():
        raise BadToken
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise BadToken from None
    said = raw[HASH_BYTES:]
    if raw[:HASH_BYTES] != _hash(query, said):
        raise BadToken
    try:
        position = _decode(said)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadToken from None
    if any("\0" in name for name in position[1:]):
        raise BadToken  # not an id, and some databases refuse to look for it
    return position


def _hash(query: str, said: bytes) -> bytes:
    return hashlib.blake2b(said, key=hashlib.sha256(query.encode()).digest(), digest_size=HASH_BYTES).digest()
