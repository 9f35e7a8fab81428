"""Parties and their shops: who may sell, and which ledger accounts are theirs.

Suspension is the party's own wish and can be taken back by it; a block is the platform's decision and stronger. Every
function works inside a transaction that the caller opened. Refusals are those of `domain.errors`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from processing.domain import errors
from processing.ledger import book
from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Database, Tx

PARTY_COLUMNS = "id, created_at_ms, contact_email, is_suspended, is_blocked"
SHOP_COLUMNS = (
    "party_id, id, created_at_ms, currency, category_id, url, name, description, contract_id, settlement, guarantee,"
    " is_suspended, is_blocked"
)

ROW_OF_BOTH = (("p", PARTY_COLUMNS.split(", ")), ("s", SHOP_COLUMNS.split(", ")))
PARTY_WIDTH = len(ROW_OF_BOTH[0][1])

ACCOUNT_ROLES = ("settlement", "guarantee")


class Party(NamedTuple):
    id: str
    created_at: datetime
    contact_email: str | None
    is_suspended: bool
    is_blocked: bool


class Shop(NamedTuple):
    """`settlement` and `guarantee` are ledger account ids."""

    party_id: str
    id: str
    created_at: datetime
    currency: str
    category_id: int
    url: str
    name: str
    description: str | None
    contract_id: str
    settlement: int
    guarantee: int
    is_suspended: bool = False
    is_blocked: bool = False


class NewShop(NamedTuple):
    """What a shop is made of."""

    id: str
    currency: str
    category_id: int
    url: str
    name: str
    description: str | None
    contract_id: str


def create(tx: Tx, party_id: str, contact_email: str | None, now: datetime) -> Party:
    """Raises PartyExists."""
    made = tx.execute(
        "INSERT INTO parties (id, created_at_ms, contact_email) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (party_id, to_ms(now), contact_email),
    )
    if not made.rowcount:
        raise errors.PartyExists
    return get(tx, party_id)


def get(tx: Tx, party_id: str) -> Party:
    """Raises PartyNotFound."""
    row = tx.execute(f"SELECT {PARTY_COLUMNS} FROM parties WHERE id = ?", (party_id,)).one()  # noqa: S608
    if row is None:
        raise errors.PartyNotFound
    return _party(row)


def create_shop(tx: Tx, party_id: str, new: NewShop, now: datetime) -> Shop:
    """Opens the shop with its two ledger accounts. Raises PartyNotFound, ShopExists."""
    get(tx, party_id)
    if find_shop(tx, party_id, new.id):
        raise errors.ShopExists
    accounts = [book.create_account(tx, new.currency, f"{party_id}/{new.id} {role}", now) for role in ACCOUNT_ROLES]
    tx.execute(
        "INSERT INTO shops (party_id, id, created_at_ms, currency, category_id, url, name, description, contract_id,"
        " settlement, guarantee) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            party_id,
            new.id,
            to_ms(now),
            new.currency,
            new.category_id,
            new.url,
            new.name,
            new.description,
            new.contract_id,
            *accounts,
        ),
    )
    return get_shop(tx, party_id, new.id)


def shops(tx: Tx, party_id: str) -> list[Shop]:
    """All shops of the party, in order of id. Raises PartyNotFound."""
    get(tx, party_id)
    rows = tx.execute(f"SELECT {SHOP_COLUMNS} FROM shops WHERE party_id = ? ORDER BY id", (party_id,))  # noqa: S608
    return [_shop(row) for row in rows.all()]


def get_shop(tx: Tx, party_id: str, shop_id: str) -> Shop:
    """Raises PartyNotFound, ShopNotFound."""
    found = find_shop(tx, party_id, shop_id)
    if found is None:
        get(tx, party_id)
        raise errors.ShopNotFound
    return found


def find_shop(tx: Tx, party_id: str, shop_id: str) -> Shop | None:
    """The shop, if the party has it."""
    row = tx.execute(
        f"SELECT {SHOP_COLUMNS} FROM shops WHERE party_id = ? AND id = ?",  # noqa: S608
        (party_id, shop_id),
    ).one()
    return _shop(row) if row else None


def with_shop(database: Database, party_id: str, shop_id: str, beside: str = "SELECT 0") -> tuple[Party, Shop, Any]:
    """Both as they are now, and the one value that the query `beside` finds, by one statement.

    Raises PartyNotFound, ShopNotFound.
    """
    columns = ", ".join(f"{table}.{name}" for table, names in ROW_OF_BOTH for name in names)
    rows = database.ask(
        f"SELECT ({beside}), {columns} FROM parties p"  # noqa: S608
        " LEFT JOIN shops s ON s.party_id = p.id AND s.id = ? WHERE p.id = ?",
        (shop_id, party_id),
    )
    if not rows:
        raise errors.PartyNotFound
    value, *row = rows[0]
    if row[PARTY_WIDTH] is None:
        raise errors.ShopNotFound
    return _party(row[:PARTY_WIDTH]), _shop(row[PARTY_WIDTH:]), value


def suspend(tx: Tx, party_id: str) -> None:
    """Raises PartyNotFound, InvalidPartyStatus (blocked, or suspended already)."""
    party = _status(get(tx, party_id), lambda party: not party.is_blocked and not party.is_suspended)
    tx.execute("UPDATE parties SET is_suspended = 1 WHERE id = ?", (party.id,))


def activate(tx: Tx, party_id: str) -> None:
    """Raises PartyNotFound, InvalidPartyStatus (blocked, or active already)."""
    party = _status(get(tx, party_id), lambda party: not party.is_blocked and party.is_suspended)
    tx.execute("UPDATE parties SET is_suspended = 0 WHERE id = ?", (party.id,))


def block(tx: Tx, party_id: str, reason: str) -> None:
    """Raises PartyNotFound, InvalidPartyStatus (blocked already)."""
    party = _status(get(tx, party_id), lambda party: not party.is_blocked)
    tx.execute("UPDATE parties SET is_blocked = 1, block_reason = ? WHERE id = ?", (reason, party.id))


def unblock(tx: Tx, party_id: str, reason: str) -> None:
    """Raises PartyNotFound, InvalidPartyStatus (not blocked)."""
    party = _status(get(tx, party_id), lambda party: party.is_blocked)
    tx.execute("UPDATE parties SET is_blocked = 0, block_reason = ? WHERE id = ?", (reason, party.id))


def suspend_shop(tx: Tx, party_id: str, shop_id: str) -> None:
    """Raises PartyNotFound, ShopNotFound, InvalidShopStatus (blocked, or suspended already)."""
    shop = _shop_status(get_shop(tx, party_id, shop_id), lambda shop: not shop.is_blocked and not shop.is_suspended)
    tx.execute("UPDATE shops SET is_suspended = 1 WHERE party_id = ? AND id = ?", (shop.party_id, shop.id))


def activate_shop(tx: Tx, party_id: str, shop_id: str) -> None:
    """Raises PartyNotFound, ShopNotFound, InvalidShopStatus (blocked, or active already)."""
    shop = _shop_status(get_shop(tx, party_id, shop_id), lambda shop: not shop.is_blocked and shop.is_suspended)
    tx.execute("UPDATE shops SET is_suspended = 0 WHERE party_id = ? AND id = ?", (shop.party_id, shop.id))


def block_shop(tx: Tx, party_id: str, shop_id: str, reason: str) -> None:
    """Raises PartyNotFound, ShopNotFound, InvalidShopStatus (blocked already)."""
    shop = _shop_status(get_shop(tx, party_id, shop_id), lambda shop: not shop.is_blocked)
    tx.execute(
        "UPDATE shops SET is_blocked = 1, block_reason = ? WHERE party_id = ? AND id = ?", (reason, party_id, shop.id)
    )


def unblock_shop(tx: Tx, party_id: str, shop_id: str, reason: str) -> None:
    """Raises PartyNotFound, ShopNotFound, InvalidShopStatus (not blocked)."""
    shop = _shop_status(get_shop(tx, party_id, shop_id), lambda shop: shop.is_blocked)
    tx.execute(
        "UPDATE shops SET is_blocked = 0, block_reason = ? WHERE party_id = ? AND id = ?", (reason, party_id, shop.id)
    )


def _status(party: Party, is_fit: Callable[[Party], bool]) -> Party:
    if not is_fit(party):
        raise errors.InvalidPartyStatus
    return party


def _shop_status(shop: Shop, is_fit: Callable[[Shop], bool]) -> Shop:
    if not is_fit(shop):
        raise errors.InvalidShopStatus
    return shop


def _party(row: tuple) -> Party:
    found, created_at_ms, contact_email, is_suspended, is_blocked = row
    return Party(found, from_ms(created_at_ms), contact_email, bool(is_suspended), bool(is_blocked))


def _shop(row: tuple) -> Shop:
    party_id, shop_id, created_at_ms, *middle, is_suspended, is_blocked = row
    return Shop(party_id, shop_id, from_ms(created_at_ms), *middle, bool(is_suspended), bool(is_blocked))
