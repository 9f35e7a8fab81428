"""The one ancestor of every value of the domain, and the merchant's own opaque data."""

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Immutable, compared by content, stored as JSON; an absent field of the JSON is the field's default."""


class Content(Value):
    """A merchant's own data: kept byte for byte and given back, never read by the platform."""

    type: str
    data: bytes
