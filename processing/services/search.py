"""The Thrift face of the search."""

from processing import parties
from processing.domain.errors import InvalidRequest
from processing.search import queries, tokens
from processing.services.access import require_owner
from processing.services.wire import search as wire
from processing.storage.port import Database, Tx
from rpc.context import Context
from rpc.protocol import search


class SearchService:
    """Serves search.Search."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def Invoices(self, context: Context, query: search.InvoiceQuery) -> search.InvoicePage:
        require_owner(context, query.party_id)
        _require_size(query.limit)
        _require_offset(query.offset)
        scope = wire.scope_to_ours(query)
        conditions, of_payment = wire.invoice_conditions(query), wire.payment_conditions(query.payment)
        with self._database.read() as tx:
            scope = _with_shops(tx, scope)
            try:
                page = queries.invoices(
                    tx, scope, conditions, of_payment, query.limit, query.continuation_token, query.offset
                )
            except tokens.BadToken:
                raise search.BadToken from None
        return wire.invoice_page_to_thrift(page)

    def Payments(self, context: Context, query: search.PaymentQuery) -> search.PaymentPage:
        require_owner(context, query.party_id)
        _require_size(query.limit)
        _require_offset(query.offset)
        scope = wire.scope_to_ours(query)
        conditions = wire.payment_conditions(query.payment, query.invoice_id)
        with self._database.read() as tx:
            scope = _with_shops(tx, scope)
            try:
                page = queries.payments(tx, scope, conditions, query.limit, query.continuation_token, query.offset)
            except tokens.BadToken:
                raise search.BadToken from None
        return wire.payment_page_to_thrift(page)

    def Refunds(self, context: Context, query: search.RefundQuery) -> search.RefundPage:
        require_owner(context, query.party_id)
        _require_size(query.limit)
        _require_offset(query.offset)
        scope = wire.scope_to_ours(query)
        conditions = wire.refund_conditions(query)
        with self._database.read() as tx:
            scope = _with_shops(tx, scope)
            try:
                found = queries.refunds(tx, scope, conditions, query.limit, query.offset, query.continuation_token)
            except tokens.BadToken:
                raise search.BadToken from None
        return wire.refund_page_to_thrift(found)


def _require_size(limit: int) -> None:
    if not 1 <= limit <= queries.ITEMS_MAX:
        raise InvalidRequest([f"A limit is between 1 and {queries.ITEMS_MAX}"])


def _require_offset(offset: int | None) -> None:
    if offset is not None and offset < 0:
        raise InvalidRequest(["An offset is not below zero"])


def _with_shops(tx: Tx, scope: queries.Scope) -> queries.Scope:
    """A scope of no shop is one of all that the party has. Raises ShopNotFound for one that it has not."""
    if scope.shop_id is None:
        return scope._replace(shops=tuple(shop.id for shop in parties.shops(tx, scope.party_id)))
    if parties.find_shop(tx, scope.party_id, scope.shop_id) is None:
        raise search.ShopNotFound
    return scope
