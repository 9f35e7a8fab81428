"""The memory behind idempotency: the outside world's own keys of objects -> our ids, for ever.

Of any number of callers with one key exactly one makes the binding; all get the same id and the first one's features.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from processing.storage.port import Database, Tx


class Key(NamedTuple):
    """Who asks for what under which name: unique together."""

    operation: str
    party_id: str
    external_id: str


class NumberTaken(Exception):
    """Somebody else was given that number meanwhile."""


class Binding(NamedTuple):
    """`is_new`: this call made it. `features` and `context` are those of the first call, whoever asks now."""

    id: str
    is_new: bool
    features: bytes
    context: Mapping[str, str]


class Wanted(NamedTuple):
    """What a new binding would be: the id itself, or the next number of a sequence that begins with `sequence_from`."""

    features: bytes
    id: str | None = None
    sequence: str | None = None
    sequence_from: int = 1
    context: Mapping[str, str] = {}


def bind(database: Database, key: Key, wanted: Wanted) -> Binding:
    """Binds the key, or finds what it is bound to. A repeat only reads."""
    with database.read() as tx:
        known = find(tx, key)
    if known:
        return known
    with database.transaction() as tx:
        return find(tx, key) or _bind(tx, key, wanted)


def find(tx: Tx, key: Key) -> Binding | None:
    """What the key is bound to."""
    row = tx.execute(
        "SELECT id, features, context FROM bindings WHERE operation = ? AND party_id = ? AND external_id = ?", key
    ).one()
    return row and Binding(row[0], False, bytes(row[1]), msgspec.json.decode(row[2]))


def next_number(tx: Tx, sequence: str, first: int = 1) -> int:
    """The next number of the sequence; `first` counts for its very first one only."""
    return tx.execute(
        "INSERT INTO sequences (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = sequences.value + 1 RETURNING value",
        (sequence, first),
    ).one()[0]


def following(database: Database, sequence: str) -> int:
    """The number that comes next, not taken yet."""
    rows = database.ask("SELECT value FROM sequences WHERE name = ?", (sequence,))
    return rows[0][0] + 1 if rows else 1


def take(tx: Tx, sequence: str, number: int) -> None:
    """Takes the number that was seen to follow. Raises NumberTaken, at the latest when the transaction ends."""
    tx.later(
        "INSERT INTO sequences (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE sequences.value = excluded.value - 1",
        (sequence, number),
        NumberTaken(sequence, number),
    )


def _bind(tx: Tx, key: Key, wanted: Wanted) -> Binding:
    """Where writers are not alone, the one that comes second finds the first one's binding; its number is lost."""
    new_id = wanted.id or str(next_number(tx, wanted.sequence, wanted.sequence_from))
    made = tx.execute(
        "INSERT INTO bindings (operation, party_id, external_id, id, features, context) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (operation, party_id, external_id) DO NOTHING",
        (*key, new_id, wanted.features, msgspec.json.encode(dict(wanted.context)).decode()),
    )
    if not made.rowcount:
        return find(tx, key)
    return Binding(new_id, True, wanted.features, dict(wanted.context))
