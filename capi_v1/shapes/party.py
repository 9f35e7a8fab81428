"""Parties and their shops: domain.Party, domain.Shop -> Party, Shop. Neither is written through this version."""

from capi_v1.shapes.absent import Json, without_absent
from rpc.protocol import domain


def party_to_json(party: domain.Party) -> Json:
    return {"id": party.id, "isBlocked": party.is_blocked, "isSuspended": party.is_suspended}


def shop_to_json(shop: domain.Shop) -> Json:
    return without_absent(
        {
            "id": shop.id,
            "createdAt": shop.created_at,
            "isBlocked": shop.is_blocked,
            "isSuspended": shop.is_suspended,
            "categoryID": shop.category_id,
            "location": {"locationType": "ShopLocationUrl", "url": shop.location.url},
            "details": without_absent({"name": shop.details.name, "description": shop.details.description}),
            "contractID": shop.contract_id,
            "payoutToolID": shop.payout_tool_id,
            "account": _account_to_json(shop.account),
        }
    )


def _account_to_json(account: domain.ShopAccount) -> Json:
    return {"currency": account.currency, "guaranteeID": account.guarantee, "settlementID": account.settlement}
