"""Parties and shops: ours <-> Thrift."""

from processing.parties import NewShop, Party, Shop
from processing.services.wire.times import to_text
from rpc.protocol import domain, party


def party_to_thrift(known: Party) -> domain.Party:
    return domain.Party(
        id=known.id,
        created_at=to_text(known.created_at),
        is_blocked=known.is_blocked,
        is_suspended=known.is_suspended,
        contact_email=known.contact_email,
    )


def shop_to_thrift(known: Shop) -> domain.Shop:
    return domain.Shop(
        id=known.id,
        owner_id=known.party_id,
        created_at=to_text(known.created_at),
        is_blocked=known.is_blocked,
        is_suspended=known.is_suspended,
        category_id=known.category_id,
        location=domain.ShopLocation(url=known.url),
        details=domain.ShopDetails(name=known.name, description=known.description),
        contract_id=known.contract_id,
        account=domain.ShopAccount(currency=known.currency, settlement=known.settlement, guarantee=known.guarantee),
    )


def shop_params_to_new_shop(params: party.ShopParams) -> NewShop:
    return NewShop(
        id=params.id,
        currency=params.currency,
        category_id=params.category_id,
        url=params.location.url,
        name=params.details.name,
        description=params.details.description,
        contract_id=params.contract_id,
    )
