"""The hooks of a party: which URL is told of which events, and the key pair that signs what it is told.

Every function works inside a transaction that the caller opened.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from processing.sealing import SealingKeys
from processing.storage.moments import to_ms
from processing.storage.port import Row, Tx
from processing.webhooks.signing import KeyPair
from settings.sections import Webhooks

COUNTER = "webhooks"
COLUMNS = "id, party_id, shop_id, topic, event_types, url, public_key, is_enabled, format, resting_until_ms, is_slow"
INVOICES = "invoices"
CONTENT_SIGNATURE, STANDARD_WEBHOOKS = "content_signature", "standard_webhooks"
"""Kinds of hooks, see processing.webhooks.formats. What is asked of a kind that is not named is asked of the first."""


class LimitExceeded(Exception):
    """The shop, or the party, has as many hooks as it may have."""


class NewHook(NamedTuple):
    """`shop_id` None: every shop of the party. `event_types`: words of the topic's enum in the IDL, each once."""

    party_id: str
    shop_id: str | None
    topic: str
    event_types: tuple[str, ...]
    url: str
    format: str = CONTENT_SIGNATURE


class Hook(NamedTuple):
    """`public_key` is SubjectPublicKeyInfo, DER. Nothing is sent while it is not enabled.

    `resting_until_ms`, `is_slow`: see receivers.py.
    """

    id: int
    party_id: str
    shop_id: str | None
    topic: str
    event_types: tuple[str, ...]
    url: str
    public_key: bytes
    is_enabled: bool
    format: str
    resting_until_ms: int | None = None
    is_slow: bool = False


def require_room(tx: Tx, party_id: str, shop_id: str | None, limits: Webhooks) -> None:
    """Raises LimitExceeded when one more hook would be too many."""
    limit = limits.hooks_per_party_max if shop_id is None else limits.hooks_per_shop_max
    # Where writers are not alone, one party's creations take turns.
    tx.execute(f"SELECT id FROM parties WHERE id = ?{tx.row_lock}", (party_id,))  # noqa: S608 - our own words
    sql, params = _where("SELECT COUNT(*) FROM webhooks", party_id, [shop_id])
    if tx.execute(f"{sql} AND format = ?", (*params, CONTENT_SIGNATURE)).one()[0] >= limit:
        raise LimitExceeded


def create(tx: Tx, new: NewHook, pair: KeyPair, keys: SealingKeys, now: datetime) -> Hook:
    """An enabled hook; its private key is stored sealed."""
    hook_id = tx.draw(COUNTER)
    add(tx, hook_id, new, pair.public, keys.seal(pair.private, owner_of_key(hook_id)), now)
    return find(tx, hook_id, new.format)


def add(tx: Tx, hook_id: int, new: NewHook, public_key: bytes, sealed_key: bytes, now: datetime) -> None:
    """The row of an enabled hook; of a kind that has its keys elsewhere both keys are empty."""
    tx.execute(
        "INSERT INTO webhooks"
        " (id, party_id, shop_id, topic, event_types, url, public_key, private_key, created_at_ms, format)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            hook_id,
            new.party_id,
            new.shop_id,
            new.topic,
            " ".join(new.event_types),
            new.url,
            public_key,
            sealed_key,
            to_ms(now),
            new.format,
        ),
    )


def find(tx: Tx, hook_id: int, format: str = CONTENT_SIGNATURE) -> Hook | None:
    """The hook of that kind, if there is one that was not deleted."""
    row = tx.execute(
        f"SELECT {COLUMNS} FROM webhooks WHERE id = ? AND format = ? AND is_deleted = 0",  # noqa: S608
        (hook_id, format),
    ).one()
    return _hook(row) if row else None


def of_party(tx: Tx, party_id: str) -> list[Hook]:
    """In order of their making."""
    rows = tx.execute(
        f"SELECT {COLUMNS} FROM webhooks WHERE party_id = ? AND format = ? AND is_deleted = 0 ORDER BY id",  # noqa: S608
        (party_id, CONTENT_SIGNATURE),
    )
    return [_hook(row) for row in rows.all()]


def of_shop(tx: Tx, party_id: str, shop_id: str, topic: str) -> list[Hook]:
    """Those of every kind that may be told of what happens in the shop, also disabled ones."""
    sql, params = _where(f"SELECT {COLUMNS} FROM webhooks", party_id, [shop_id, None])  # noqa: S608
    return [_hook(row) for row in tx.execute(f"{sql} AND topic = ? ORDER BY id", (*params, topic)).all()]


def lock(tx: Tx, hook_id: int) -> None:
    """Whoever changes more than one row of a hook, its deliveries and its health begins here: so none waits for another
    who waits for him."""
    tx.soon(f"SELECT id FROM webhooks WHERE id = ?{tx.row_lock}", (hook_id,))  # noqa: S608 - our own words


def set_enabled(tx: Tx, hook_id: int, is_enabled: bool) -> None:
    """Whether anything is sent; failures of before count no more. What waits is not touched: see
    deliveries.drop_waiting."""
    tx.execute(
        "UPDATE webhooks SET is_enabled = ?, failures = 0, failing_since_ms = NULL, resting_until_ms = NULL"
        " WHERE id = ?",
        (int(is_enabled), hook_id),
    )


def delete(tx: Tx, hook_id: int) -> None:
    """Its row and its delivery log stay for operators; its private key is gone for ever."""
    tx.execute("UPDATE webhooks SET is_deleted = 1, is_enabled = 0, private_key = ? WHERE id = ?", (b"", hook_id))


def owner_of_key(hook_id: int) -> str:
    """What a sealed private key is bound to."""
    return f"webhook {hook_id}"


def _where(select: str, party_id: str, shops: Sequence[str | None]) -> tuple[str, tuple[str, ...]]:
    named = [shop_id for shop_id in shops if shop_id is not None]
    either = ["shop_id = ?"] * len(named) + ["shop_id IS NULL"] * (None in shops)
    return f"{select} WHERE party_id = ? AND ({' OR '.join(either)}) AND is_deleted = 0", (party_id, *named)


def _hook(row: Row) -> Hook:
    types = tuple(row[4].split())
    return Hook(*row[:4], types, row[5], bytes(row[6]), bool(row[7]), *row[8:10], bool(row[10]))
