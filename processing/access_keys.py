"""The register of API keys: who was given which, and which of them are void.

Revocations are numbered, so that a gateway asks only for those above the last that it has seen. Each gateway process
leaves its place in the list when it asks: whoever revokes a key can tell when nobody accepts it any more.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Database, Tx

COUNTER = "revocations"
READER_ALIVE = timedelta(seconds=20)
"""A reader not heard of for so long is gone, or accepts no key any more: longer than the setting
gateway.token_cache_s, for so long a gateway that cannot ask goes on with what it knows."""

READER_NOTED_EVERY = timedelta(seconds=2)
"""A reader that has nothing new to say is noted this often: each note is a write."""

REVOCATIONS_AT_ONCE_MAX = 10_000
KEY_COLUMNS = (
    "k.id, k.party_id, k.roles, k.issued_at_ms, k.expires_at_ms, k.name, r.revoked_at_ms"
    " FROM access_keys k LEFT JOIN revocations r ON r.key_id = k.id"
)


class AccessKey(NamedTuple):
    """`id` is the token's jti. Without `expires_at` it never expires."""

    id: str
    party_id: str
    roles: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime | None = None
    name: str | None = None
    revoked_at: datetime | None = None


class Revocation(NamedTuple):
    number: int
    key_id: str


def register(tx: Tx, key: AccessKey) -> bool:
    """False when a key of that id is registered already: the register is not changed then."""
    made = tx.execute(
        "INSERT INTO access_keys (id, party_id, roles, issued_at_ms, expires_at_ms, name) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO NOTHING",
        (
            key.id,
            key.party_id,
            msgspec.json.encode(key.roles).decode(),
            to_ms(key.issued_at),
            key.expires_at and to_ms(key.expires_at),
            key.name,
        ),
    )
    return made.rowcount == 1


def find(tx: Tx, key_id: str) -> AccessKey | None:
    """The registered key."""
    row = tx.execute(f"SELECT {KEY_COLUMNS} WHERE k.id = ?", (key_id,)).one()
    return row and _key(row)


def keys_of(tx: Tx, party_id: str) -> list[AccessKey]:
    """Keys of one party, or of all when the id is empty; newest first."""
    rows = tx.execute(
        f"SELECT {KEY_COLUMNS} WHERE k.party_id = ? OR ? = '' ORDER BY k.issued_at_ms DESC, k.id",
        (party_id, party_id),
    )
    return [_key(row) for row in rows.all()]


def revoke(tx: Tx, key_id: str, now: datetime) -> int:
    """The revocation's number; the same again when the key was revoked before. Any id may be revoked."""
    known = _number_of(tx, key_id)
    if known is not None:
        return known
    tx.execute(
        "INSERT INTO revocations (number, key_id, revoked_at_ms) VALUES (?, ?, ?) ON CONFLICT (key_id) DO NOTHING",
        (tx.draw(COUNTER), key_id, to_ms(now)),
    )
    return _number_of(tx, key_id)


def revocations(database: Database, after: int, reader: str, now: datetime) -> list[Revocation]:
    """Those above `after`, in order; notes that the reader has seen those up to it."""
    with database.read() as tx:
        settled = tx.settled(COUNTER)
        is_noted = _is_noted(tx, reader, after, now)
        rows = tx.execute(
            "SELECT number, key_id FROM revocations WHERE number > ? AND number <= ? ORDER BY number LIMIT ?",
            (after, settled, REVOCATIONS_AT_ONCE_MAX),
        ).all()
    if not is_noted:
        with database.transaction() as tx:
            _note(tx, reader, after, now)
    return [Revocation(*row) for row in rows]


def readers_behind(tx: Tx, number: int, now: datetime) -> list[str]:
    """Living readers that have not seen that revocation yet."""
    rows = tx.execute(
        "SELECT reader FROM revocation_readers WHERE seen < ? AND heard_at_ms > ? ORDER BY reader",
        (number, to_ms(now - READER_ALIVE)),
    )
    return [reader for (reader,) in rows.all()]


def _number_of(tx: Tx, key_id: str) -> int | None:
    row = tx.execute("SELECT number FROM revocations WHERE key_id = ?", (key_id,)).one()
    return row[0] if row else None


def _is_noted(tx: Tx, reader: str, seen: int, now: datetime) -> bool:
    row = tx.execute("SELECT seen, heard_at_ms FROM revocation_readers WHERE reader = ?", (reader,)).one()
    return row is not None and row[0] == seen and row[1] > to_ms(now - READER_NOTED_EVERY)


def _note(tx: Tx, reader: str, seen: int, now: datetime) -> None:
    tx.execute("DELETE FROM revocation_readers WHERE heard_at_ms <= ?", (to_ms(now - READER_ALIVE),))
    tx.execute(
        "INSERT INTO revocation_readers (reader, seen, heard_at_ms) VALUES (?, ?, ?)"
        " ON CONFLICT (reader) DO UPDATE SET seen = excluded.seen, heard_at_ms = excluded.heard_at_ms",
        (reader, seen, to_ms(now)),
    )


def _key(row: tuple) -> AccessKey:
    key_id, party_id, roles, issued_at_ms, expires_at_ms, name, revoked_at_ms = row
    return AccessKey(
        key_id,
        party_id,
        tuple(msgspec.json.decode(roles)),
        from_ms(issued_at_ms),
        expires_at_ms and from_ms(expires_at_ms),
        name,
        revoked_at_ms and from_ms(revoked_at_ms),
    )
