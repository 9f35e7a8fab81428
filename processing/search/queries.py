"""Pages of rows: of one shop and period, newest first, all conditions joined by "and".

Invoices and payments go by keyset (creation time, then id): a page begins where the one before ended, whatever was
made meanwhile. Refunds go by offset and tell their number.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from processing.domain.state import Invoice, Payment, Refund
from processing.search import tokens
from processing.storage.port import Tx

ITEMS_MAX = 1000


class Scope(NamedTuple):
    """`from_ms` belongs to the period, `to_ms` does not."""

    party_id: str
    shop_id: str
    from_ms: int
    to_ms: int


Conditions = Mapping[str, Any]
"""Names of INVOICE, PAYMENT or REFUND below -> the value asked for."""


class Page(NamedTuple):
    """`token` is None on the last page."""

    items: list[Any]
    token: str | None


class Counted(NamedTuple):
    """A page out of `total` items."""

    items: list[Refund]
    total: int


INVOICE = {"invoice_id": "i.id = ?", "status": "i.status = ?", "amount": "i.amount = ?"}
PAYMENT = {
    "card_ends_with": "p.last4 LIKE ?",
    **{
        name: f"p.{name} = ?"
        for name in (
            "invoice_id", "payment_id", "status", "amount", "flow", "tool", "terminal_provider", "payer_email",
            "payer_ip", "payer_fingerprint", "token_provider", "payment_system", "first6", "last4", "rrn",
            "approval_code",
        )
    },
    # No payer of this platform is a customer with bound cards.
    "customer_id": "CAST(? AS TEXT) IS NULL",
}  # fmt: skip
REFUND = {
    **{name: f"r.{name} = ?" for name in ("invoice_id", "payment_id", "refund_id", "status")},
    "rrn": "(r.rrn = ? OR r.payment_rrn = ?)",
    "approval_code": "(r.approval_code = ? OR r.payment_approval_code = ?)",
}

NAMES_FEW = frozenset({"rrn", "payer_email", "last4"})
"""Conditions that an index answers: the payments that fit are looked up first, then their invoices."""

OF_INVOICES = " AND EXISTS (SELECT 1 FROM search_payments p WHERE p.invoice_id = i.id{fits})"
OF_FEW_INVOICES = (
    " AND i.id IN (SELECT p.invoice_id FROM search_payments p WHERE p.party_id = ? AND p.shop_id = ?{fits})"
)

_invoice = msgspec.json.Decoder(Invoice).decode
_payment = msgspec.json.Decoder(Payment).decode
_refund = msgspec.json.Decoder(Refund).decode


def invoices(
    tx: Tx, scope: Scope, conditions: Conditions, of_payment: Conditions, limit: int, token: str | None
) -> Page:
    """`of_payment`: one payment of the invoice fits them all. Raises tokens.BadToken."""
    query = _text("invoices", scope, conditions, of_payment)
    where, params = _within("i", scope)
    where, params = where + _all_of(INVOICE, conditions), params + _values(INVOICE, conditions)
    if of_payment:
        is_few = not NAMES_FEW.isdisjoint(of_payment)
        where += (OF_FEW_INVOICES if is_few else OF_INVOICES).format(fits=_all_of(PAYMENT, of_payment))
        params += (scope.party_id, scope.shop_id) if is_few else ()
        params += _values(PAYMENT, of_payment)
    if token is not None:
        created_at_ms, invoice_id, _ = tokens.read(query, token)
        where += " AND (i.created_at_ms, i.id) < (?, ?)"
        params += (created_at_ms, invoice_id)
    rows = tx.execute(
        f"SELECT i.created_at_ms, i.id, '', i.body FROM search_invoices i WHERE {where}"  # noqa: S608 - our own words
        " ORDER BY i.created_at_ms DESC, i.id DESC LIMIT ?",
        (*params, limit + 1),
    )
    return _page(query, rows.all(), limit, _invoice)


def payments(tx: Tx, scope: Scope, conditions: Conditions, limit: int, token: str | None) -> Page:
    """Raises tokens.BadToken."""
    query = _text("payments", scope, conditions)
    where, params = _within("p", scope)
    where, params = where + _all_of(PAYMENT, conditions), params + _values(PAYMENT, conditions)
    if token is not None:
        where += " AND (p.created_at_ms, p.invoice_id, p.payment_id) < (?, ?, ?)"
        params += tokens.read(query, token)
    rows = tx.execute(
        "SELECT p.created_at_ms, p.invoice_id, p.payment_id, p.body FROM search_payments p"  # noqa: S608
        f" WHERE {where} ORDER BY p.created_at_ms DESC, p.invoice_id DESC, p.payment_id DESC LIMIT ?",
        (*params, limit + 1),
    )
    return _page(query, rows.all(), limit, _payment)


def refunds(tx: Tx, scope: Scope, conditions: Conditions, limit: int, offset: int) -> Counted:
    """`total` counts all that fit, not the page."""
    where, params = _within("r", scope)
    where, params = where + _all_of(REFUND, conditions), params + _values(REFUND, conditions)
    total = tx.execute(f"SELECT COUNT(*) FROM search_refunds r WHERE {where}", params).one()[0]  # noqa: S608
    rows = tx.execute(
        f"SELECT r.body FROM search_refunds r WHERE {where}"  # noqa: S608
        " ORDER BY r.created_at_ms DESC, r.invoice_id DESC, r.payment_id DESC, r.refund_id DESC LIMIT ? OFFSET ?",
        (*params, limit, offset),
    )
    return Counted([_refund(body) for (body,) in rows.all()], total)


def _within(table: str, scope: Scope) -> tuple[str, tuple]:
    columns = ("party_id = ?", "shop_id = ?", "created_at_ms >= ?", "created_at_ms < ?")
    return " AND ".join(f"{table}.{column}" for column in columns), tuple(scope)


def _all_of(known: Mapping[str, str], conditions: Conditions) -> str:
    return "".join(f" AND {known[name]}" for name in conditions)


def _values(known: Mapping[str, str], conditions: Conditions) -> tuple:
    """Each value as often as its condition names it."""
    return tuple(value for name, value in conditions.items() for _ in range(known[name].count("?")))


def _text(kind: str, scope: Scope, *conditions: Conditions) -> str:
    """The query without its page: equal for equal questions, whatever the order of their conditions."""
    return repr((kind, tuple(scope), *(sorted(each.items()) for each in conditions)))


def _page(query: str, rows: Sequence[tuple], limit: int, decode: Callable[[str], Any]) -> Page:
    """Rows are one more than the page when there is another page."""
    shown = rows[:limit]
    token = tokens.write(query, shown[-1][:3]) if len(rows) > limit else None
    return Page([decode(row[3]) for row in shown], token)
