"""Tag Search: a shop's invoices and payments by what is known of them.

The filters travel as the spec names them; `capi_v1.shapes.search` knows which of them means what.
"""

from typing import Any

from capi_v1 import shapes
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, ok

NOT_FOUND = "Shop not found"


@operation(scope="invoices:read", not_found=NOT_FOUND)
async def search_invoices(call: Call, shop_id: str, limit: int, **filters: Any) -> Reply:
    query = shapes.invoice_query_to_thrift(call.party_id, shop_id, limit, filters)
    return ok(shapes.invoice_page_to_json(await call.rpc.search.Invoices(query)))


@operation(scope="invoices.*.payments:read", not_found=NOT_FOUND)
async def search_payments(call: Call, shop_id: str, limit: int, **filters: Any) -> Reply:
    query = shapes.payment_query_to_thrift(call.party_id, shop_id, limit, filters)
    return ok(shapes.payment_page_to_json(await call.rpc.search.Payments(query), call.identity.consumer))
