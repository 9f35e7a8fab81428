"""Pages of rows: of one shop and period, newest first, all conditions joined by "and".

Invoices and payments go by keyset (creation time, then id): a page begins where the one before ended, whatever was
made meanwhile. Refunds go by offset and tell their number.

A page is bounded twice: by its number of items, and by what they weigh together, because an item may hold a whole
request body. So rows are chosen by their keys and lengths first, and only the bodies of those on the page are read.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from processing.domain.state import Invoice, Payment, Refund
from processing.search import tokens
from processing.storage.port import Tx

ITEMS_MAX = 1000
PAGE_CHARS_MAX = 4_000_000
"""Of stored JSON: 8 MB where letters take two bytes, half of what an internal answer may hold. A longer item goes
alone."""


class Table(NamedTuple):
    """`alias`: in the conditions below; `keys`: its primary key, by which items of one moment are ordered."""

    name: str
    alias: str
    keys: tuple[str, ...]
    kind: type


INVOICES = Table("search_invoices", "i", ("id",), Invoice)
PAYMENTS = Table("search_payments", "p", ("invoice_id", "payment_id"), Payment)
REFUNDS = Table("search_refunds", "r", ("invoice_id", "payment_id", "refund_id"), Refund)


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
    """A page out of `total` items; shorter than asked for where its items are very long."""

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

DECODE = {kind: msgspec.json.Decoder(kind).decode for kind in (Invoice, Payment, Refund)}


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
    return _page(tx, INVOICES, query, _newest(tx, INVOICES, where, params, limit + 1), limit)


def payments(tx: Tx, scope: Scope, conditions: Conditions, limit: int, token: str | None) -> Page:
    """Raises tokens.BadToken."""
    query = _text("payments", scope, conditions)
    where, params = _within("p", scope)
    where, params = where + _all_of(PAYMENT, conditions), params + _values(PAYMENT, conditions)
    if token is not None:
        where += " AND (p.created_at_ms, p.invoice_id, p.payment_id) < (?, ?, ?)"
        params += tokens.read(query, token)
    return _page(tx, PAYMENTS, query, _newest(tx, PAYMENTS, where, params, limit + 1), limit)


def refunds(tx: Tx, scope: Scope, conditions: Conditions, limit: int, offset: int) -> Counted:
    """`total` counts all that fit, not the page."""
    where, params = _within("r", scope)
    where, params = where + _all_of(REFUND, conditions), params + _values(REFUND, conditions)
    total = tx.execute(f"SELECT COUNT(*) FROM search_refunds r WHERE {where}", params).one()[0]  # noqa: S608
    rows = _newest(tx, REFUNDS, where, params, limit, offset)
    return Counted(_items(tx, REFUNDS, _fitting(rows)), total)


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


def _newest(tx: Tx, table: Table, where: str, params: tuple, limit: int, offset: int = 0) -> list[tuple]:
    """(creation time, *key, length of the body) of rows that fit."""
    columns = [f"{table.alias}.{column}" for column in ("created_at_ms", *table.keys)]
    order = ", ".join(f"{column} DESC" for column in columns)
    return tx.execute(
        f"SELECT {', '.join(columns)}, LENGTH({table.alias}.body) FROM {table.name} {table.alias}"  # noqa: S608 - our words
        f" WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",
        (*params, limit, offset),
    ).all()


def _fitting(rows: Sequence[tuple]) -> Sequence[tuple]:
    """Those whose bodies one page can hold; the first one always."""
    chars = 0
    for count, row in enumerate(rows):
        chars += row[-1]
        if count and chars > PAGE_CHARS_MAX:
            return rows[:count]
    return rows


def _items(tx: Tx, table: Table, rows: Sequence[tuple]) -> list[Any]:
    """What the rows' bodies say, in the order of the rows."""
    if not rows:
        return []
    keys, names, t = [row[1:-1] for row in rows], ", ".join(table.keys), table.alias
    places = ", ".join([f"({', '.join('?' * len(table.keys))})"] * len(keys))
    same = " AND ".join(f"{t}.{name} = chosen.{name}" for name in table.keys)
    found = tx.execute(
        f"WITH chosen ({names}) AS (VALUES {places})"  # noqa: S608 - our own words
        f" SELECT {', '.join(f'{t}.{name}' for name in table.keys)}, {t}.body"
        f" FROM chosen CROSS JOIN {table.name} {t} WHERE {same}",
        [part for key in keys for part in key],
    )
    bodies = {row[:-1]: row[-1] for row in found.all()}
    return [DECODE[table.kind](bodies[key]) for key in keys]


def _page(tx: Tx, table: Table, query: str, rows: Sequence[tuple], limit: int) -> Page:
    """Rows are one more than the page when there is another page."""
    shown = _fitting(rows[:limit])
    token = tokens.write(query, (*shown[-1][:-1], "")[:3]) if len(rows) > len(shown) else None
    return Page(_items(tx, table, shown), token)
