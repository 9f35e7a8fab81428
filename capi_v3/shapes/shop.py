"""Shops: domain.Shop -> Shop. They are not written through this version."""

from capi_v3.shapes.absent import Json, without_absent
from capi_v3.shapes.ids import SHOP
from rpc.protocol import domain


def shop_to_json(shop: domain.Shop) -> Json:
    id = SHOP + shop.id
    return without_absent(
        {
            "id": id,
            "object": "shop",
            "createdAt": shop.created_at,
            "links": {"self": f"/v3/shops/{id}"},
            "name": shop.details.name,
            "description": shop.details.description,
            "url": shop.location.url,
            "status": "blocked" if shop.is_blocked else "suspended" if shop.is_suspended else "active",
            "currency": shop.account.currency,
            "categoryId": shop.category_id,
        }
    )
