"""The secrets of an endpoint: sealed rows, several in force while a receiver changes from one to the next.

Every function but `opened` works inside a transaction that the caller opened.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from processing.sealing import SealingKeys
from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Tx
from processing.webhooks.standard_signing import Secret, make_secret

IN_FORCE_MAX = 5
"""Each signs every message: a rotation beyond it ends the oldest at once."""


class Sealed(NamedTuple):
    """A secret as it is stored. `expires_at` None: in force till it is rotated."""

    number: int
    secret: bytes
    private_key: bytes
    public_key: bytes
    created_at: datetime
    expires_at: datetime | None


def add(tx: Tx, hook_id: int, keys: SealingKeys, now: datetime) -> int:
    """A fresh secret; returns its number."""
    last = tx.execute("SELECT MAX(number) FROM webhook_secrets WHERE webhook_id = ?", (hook_id,)).one()[0]
    number, secret = (last or 0) + 1, make_secret()
    owner = _owner(hook_id, number)
    tx.execute(
        "INSERT INTO webhook_secrets (webhook_id, number, secret, private_key, public_key, created_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            hook_id,
            number,
            keys.seal(secret.shared, owner),
            keys.seal(secret.private, owner),
            secret.public,
            to_ms(now),
        ),
    )
    return number


def rotate(tx: Tx, hook_id: int, overlap: timedelta, keys: SealingKeys, now: datetime) -> None:
    """A fresh secret; those before it stay in force for `overlap` more, unless they end sooner or are too many."""
    ends = to_ms(now + overlap)
    tx.execute(
        "UPDATE webhook_secrets SET expires_at_ms = ? WHERE webhook_id = ?"
        " AND (expires_at_ms IS NULL OR expires_at_ms > ?)",
        (ends, hook_id, ends),
    )
    # The newest is always kept, so that no number is given twice.
    newest = add(tx, hook_id, keys, now)
    tx.execute(
        "DELETE FROM webhook_secrets WHERE webhook_id = ? AND (expires_at_ms <= ? OR number <= ?)",
        (hook_id, to_ms(now), newest - IN_FORCE_MAX),
    )


def in_force(tx: Tx, hook_id: int, now: datetime) -> list[Sealed]:
    """Newest first."""
    rows = tx.execute(
        "SELECT number, secret, private_key, public_key, created_at_ms, expires_at_ms FROM webhook_secrets"
        " WHERE webhook_id = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?) ORDER BY number DESC",
        (hook_id, to_ms(now)),
    )
    return [
        Sealed(
            row[0],
            bytes(row[1]),
            bytes(row[2]),
            bytes(row[3]),
            from_ms(row[4]),
            None if row[5] is None else from_ms(row[5]),
        )
        for row in rows.all()
    ]


def forget(tx: Tx, hook_id: int) -> None:
    """None is left."""
    tx.execute("DELETE FROM webhook_secrets WHERE webhook_id = ?", (hook_id,))


def opened(hook_id: int, sealed: Sealed, keys: SealingKeys) -> Secret:
    """The secret itself. Raises cryptography's InvalidTag for one that was changed or moved."""
    owner = _owner(hook_id, sealed.number)
    return Secret(keys.open(sealed.secret, owner), keys.open(sealed.private_key, owner), sealed.public_key)


def _owner(hook_id: int, number: int) -> str:
    return f"webhook {hook_id} secret {number}"
