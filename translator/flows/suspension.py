"""Suspending and activating, where asking for what is already so succeeds.

The platform refuses to suspend what is suspended. The callers' wish is a state, not a change: a repeat must answer as
the first call did. A refusal for any other reason (a blocked party or shop) travels on.
"""

from typing import Any

from rpc.protocol import party


async def suspend_party(rpc: Any, party_id: str) -> None:
    """Raises party.PartyNotFound, and party.InvalidPartyStatus for a party that cannot be suspended."""
    try:
        await rpc.party_management.Suspend(party_id)
    except party.InvalidPartyStatus:
        if not (await rpc.party_management.Get(party_id)).is_suspended:
            raise


async def activate_party(rpc: Any, party_id: str) -> None:
    """Raises party.PartyNotFound, and party.InvalidPartyStatus for a party that cannot be activated."""
    try:
        await rpc.party_management.Activate(party_id)
    except party.InvalidPartyStatus:
        if (await rpc.party_management.Get(party_id)).is_suspended:
            raise


async def suspend_shop(rpc: Any, party_id: str, shop_id: str) -> None:
    """Raises party.PartyNotFound, party.ShopNotFound, and party.InvalidShopStatus for one that cannot be suspended."""
    try:
        await rpc.party_management.SuspendShop(party_id, shop_id)
    except party.InvalidShopStatus:
        if not (await rpc.party_management.GetShop(party_id, shop_id)).is_suspended:
            raise


async def activate_shop(rpc: Any, party_id: str, shop_id: str) -> None:
    """Raises party.PartyNotFound, party.ShopNotFound, and party.InvalidShopStatus for one that cannot be activated."""
    try:
        await rpc.party_management.ActivateShop(party_id, shop_id)
    except party.InvalidShopStatus:
        if (await rpc.party_management.GetShop(party_id, shop_id)).is_suspended:
            raise
