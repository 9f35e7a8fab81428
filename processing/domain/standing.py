"""Who may do business at this moment."""

from processing.domain.errors import InvalidContractStatus, InvalidPartyStatus, InvalidShopStatus
from processing.domain.facts import ShopFacts


def require_operable(shop: ShopFacts) -> None:
    """Raises InvalidPartyStatus or InvalidShopStatus when one of them is blocked or suspended."""
    if shop.is_party_blocked or shop.is_party_suspended:
        raise InvalidPartyStatus
    if shop.is_blocked or shop.is_suspended:
        raise InvalidShopStatus


def require_contract(shop: ShopFacts) -> None:
    """Raises InvalidContractStatus when the shop's contract is not in force."""
    if not shop.is_contract_active:
        raise InvalidContractStatus
