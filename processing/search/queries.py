"""Pages of rows: of one shop or all of a party's, and of a period, newest first, all conditions joined by "and".

Invoices and payments go by keyset (creation time, then id): a page begins where the one before ended, whatever was
made meanwhile. Asked for by an offset, a page tells how many fit on all pages; refunds tell it on the first page too.

A page is bounded twice: by its number of items, and by what they weigh together, because an item may hold a whole
request body. So rows are chosen by their keys and lengths first, and only the bodies of those on the page are read.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from processing.domain.state import Invoice, Payment, Refund
from processing.search import tokens
from processing.storage.port import Tx

ITEMS_MAX = 1000
PAGE_CHARS_MAX = 4_000_000
"""Of stored JSON: 8 MB where letters take two bytes, half of what an internal answer may hold. A longer item goes
alone."""


JOINT = "\n"
"""Between two ids in one place of a token; no id holds it."""


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
    """`from_ms` belongs to the period, `to_ms` does not. `shop_id` None: all of `shops`, which are the party's."""

    party_id: str
    shop_id: str | None
    from_ms: int
    to_ms: int
    shops: tuple[str, ...] = ()


Fitting = Callable[[Scope], tuple[str, tuple]]
"""WHERE and its parameters, for one shop."""


Conditions = Mapping[str, Any]
"""Names of INVOICE, PAYMENT or REFUND below -> the value asked for."""


class Page(NamedTuple):
    """`token` is None on the last page. `total`: all that fit, of a page that was asked for by an offset."""

    items: list[Any]
    token: str | None
    total: int | None = None


class Counted(NamedTuple):
    """A page out of `total` items; shorter than asked for where its items are very long. `token` as in Page."""

    items: list[Refund]
    total: int
    token: str | None = None


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
    tx: Tx,
    scope: Scope,
    conditions: Conditions,
    of_payment: Conditions,
    limit: int,
    token: str | None,
    offset: int | None = None,
) -> Page:
    """`of_payment`: one payment of the invoice fits them all. Raises tokens.BadToken."""
    query = _text("invoices", scope, conditions, of_payment)
    behind = () if token is None or offset is not None else tokens.read(query, token)[:2]

    def fitting(one: Scope) -> tuple[str, tuple]:
        where, params = _within("i", one)
        where, params = where + _all_of(INVOICE, conditions), params + _values(INVOICE, conditions)
        if of_payment:
            is_few = not NAMES_FEW.isdisjoint(of_payment)
            where += (OF_FEW_INVOICES if is_few else OF_INVOICES).format(fits=_all_of(PAYMENT, of_payment))
            params += (one.party_id, one.shop_id) if is_few else ()
            params += _values(PAYMENT, of_payment)
        return where + _behind(INVOICES, behind), params + behind

    if offset is not None:
        return _page_at(tx, INVOICES, scope, fitting, limit, offset)
    return _page(tx, INVOICES, query, _newest(tx, INVOICES, scope, fitting, limit + 1), limit)


def payments(
    tx: Tx, scope: Scope, conditions: Conditions, limit: int, token: str | None, offset: int | None = None
) -> Page:
    """Raises tokens.BadToken."""
    query = _text("payments", scope, conditions)
    behind = () if token is None or offset is not None else tokens.read(query, token)

    def fitting(one: Scope) -> tuple[str, tuple]:
        where, params = _within("p", one)
        where, params = where + _all_of(PAYMENT, conditions), params + _values(PAYMENT, conditions)
        return where + _behind(PAYMENTS, behind), params + behind

    if offset is not None:
        return _page_at(tx, PAYMENTS, scope, fitting, limit, offset)
    return _page(tx, PAYMENTS, query, _newest(tx, PAYMENTS, scope, fitting, limit + 1), limit)


def refunds(tx: Tx, scope: Scope, conditions: Conditions, limit: int, offset: int, token: str | None = None) -> Counted:
    """`total` counts all that fit, not the page; with a token, those of the page. Raises tokens.BadToken."""
    query = _text("refunds", scope, conditions)
    behind = () if token is None else _split(tokens.read(query, token))

    def fitting(one: Scope) -> tuple[str, tuple]:
        where, params = _within("r", one)
        where, params = where + _all_of(REFUND, conditions), params + _values(REFUND, conditions)
        return where + _behind(REFUNDS, behind), params + behind

    if token is None and offset:
        page = _page_at(tx, REFUNDS, scope, fitting, limit, offset)
        return Counted(page.items, page.total or 0)
    page = _page(tx, REFUNDS, query, _newest(tx, REFUNDS, scope, fitting, limit + 1), limit)
    total = len(page.items) if token else _count(tx, REFUNDS, scope, fitting)
    return Counted(page.items, total, page.token)


def _split(position: tokens.Position) -> tuple:
    """A refund's position: its last two ids stand in one."""
    created_at_ms, invoice_id, rest = position
    payment_id, _, refund_id = rest.partition(JOINT)
    return created_at_ms, invoice_id, payment_id, refund_id


def _within(table: str, scope: Scope) -> tuple[str, tuple]:
    columns = ("party_id = ?", "shop_id = ?", "created_at_ms >= ?", "created_at_ms < ?")
    return " AND ".join(f"{table}.{column}" for column in columns), tuple(scope[:4])


def _behind(table: Table, position: tuple) -> str:
    """What comes after a position, which is empty at the beginning."""
    if not position:
        return ""
    columns = ", ".join(f"{table.alias}.{column}" for column in ("created_at_ms", *table.keys))
    return f" AND ({columns}) < ({', '.join('?' * len(position))})"


def _shops(scope: Scope) -> list[Scope]:
    """A scope for each shop: each has its rows in order, so that the newest of all are among the newest of each."""
    if scope.shop_id is not None:
        return [scope]
    return [scope._replace(shop_id=shop_id) for shop_id in scope.shops]


def _all_of(known: Mapping[str, str], conditions: Conditions) -> str:
    return "".join(f" AND {known[name]}" for name in conditions)


def _values(known: Mapping[str, str], conditions: Conditions) -> tuple:
    """Each value as often as its condition names it."""
    return tuple(value for name, value in conditions.items() for _ in range(known[name].count("?")))


def _text(kind: str, scope: Scope, *conditions: Conditions) -> str:
    """The query without its page: equal for equal questions, whatever the order of their conditions."""
    return repr((kind, tuple(scope[:4]), *(sorted(each.items()) for each in conditions)))


def _newest(tx: Tx, table: Table, scope: Scope, fitting: Fitting, limit: int, offset: int = 0) -> list[tuple]:
    """(creation time, *key, length of the body) of rows that fit."""
    scopes = _shops(scope)
    if len(scopes) == 1:
        sql, params = _arm(table, *fitting(scopes[0]), limit)
        return tx.execute(f"{sql} OFFSET ?", (*params, offset)).all()
    arms = [_arm(table, *fitting(one), limit + offset) for one in scopes]
    if not arms:
        return []
    every = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS newest{number}" for number, (sql, _) in enumerate(arms))  # noqa: S608
    order = ", ".join(f"{name} DESC" for name in ("created_at_ms", *table.keys))
    values = [value for _, params in arms for value in params]
    return tx.execute(f"{every} ORDER BY {order} LIMIT ? OFFSET ?", (*values, limit, offset)).all()


def _arm(table: Table, where: str, params: tuple, limit: int) -> tuple[str, tuple]:
    """The newest rows of one shop."""
    columns = [f"{table.alias}.{column}" for column in ("created_at_ms", *table.keys)]
    order = ", ".join(f"{column} DESC" for column in columns)
    return (
        f"SELECT {', '.join(columns)}, LENGTH({table.alias}.body) FROM {table.name} {table.alias}"  # noqa: S608 - our words
        f" WHERE {where} ORDER BY {order} LIMIT ?"
    ), (*params, limit)


def _count(tx: Tx, table: Table, scope: Scope, fitting: Fitting) -> int:
    """Rows that fit, on all pages."""
    counting = f"SELECT COUNT(*) FROM {table.name} {table.alias} WHERE "  # noqa: S608 - our own words
    found = (fitting(one) for one in _shops(scope))
    return sum(tx.execute(counting + where, params).one()[0] for where, params in found)


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


def _page_at(tx: Tx, table: Table, scope: Scope, fitting: Fitting, limit: int, offset: int) -> Page:
    """The rows behind the first `offset`, and how many there are on all pages."""
    rows = _newest(tx, table, scope, fitting, limit, offset)
    return Page(_items(tx, table, _fitting(rows)), None, _count(tx, table, scope, fitting))


def _page(tx: Tx, table: Table, query: str, rows: Sequence[tuple], limit: int) -> Page:
    """Rows are one more than the page when there is another page."""
    shown = _fitting(rows[:limit])
    token = tokens.write(query, _position(shown[-1][:-1])) if len(rows) > len(shown) else None
    return Page(_items(tx, table, shown), token)


def _position(row: tuple) -> tokens.Position:
    created_at_ms, first, *rest = row
    return created_at_ms, first, JOINT.join(rest)
