"""The caller's own party, which the platform gets to know when it is first asked for."""

from typing import Any

from rpc.protocol import domain, party


async def own_party(rpc: Any, party_id: str, email: str | None) -> domain.Party:
    """The party, made with that contact address on its first appearance."""
    try:
        return await rpc.party_management.Get(party_id)
    except party.PartyNotFound:
        return await _made(rpc, party_id, email)


async def _made(rpc: Any, party_id: str, email: str | None) -> domain.Party:
    """Two first requests at once make one party: the later one reads what the earlier made."""
    try:
        return await rpc.party_management.Create(party_id, party.PartyParams(contact_email=email))
    except party.PartyExists:
        return await rpc.party_management.Get(party_id)
