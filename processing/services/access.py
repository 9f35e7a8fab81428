"""Whose object it is: the one rule that protects every object of every party.

A caller is known by the signed metadata of its call. The external realm is a merchant or payer behind the gateway and
touches its own objects only; the internal realm is the platform itself or its operator.
"""

from processing.domain.errors import AccessDenied
from rpc.context import Context

PARTY = "user-identity.id"
REALM = "user-identity.realm"
INTERNAL = "internal"


def is_internal(context: Context) -> bool:
    """Whether the platform itself asks. A call that says nothing of its realm is external."""
    return context.meta.get(REALM) == INTERNAL


def require_owner(context: Context, owner_id: str) -> None:
    """Raises AccessDenied when a merchant's call touches what is not its own."""
    if not is_internal(context) and context.meta.get(PARTY) != owner_id:
        raise AccessDenied


def require_sequence(context: Context, name: str) -> None:
    """Raises AccessDenied when a merchant's call names a sequence that does not end with "/" and its own party."""
    if not is_internal(context) and not name.endswith(f"/{context.meta.get(PARTY)}"):
        raise AccessDenied


def require_internal(context: Context) -> None:
    """Raises AccessDenied for calls from behind the gateway."""
    if not is_internal(context):
        raise AccessDenied
