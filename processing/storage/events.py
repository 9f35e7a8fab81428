"""Histories of machines: appended to, never changed, in one order over the whole platform.

A record is what one transaction did to one machine; `body` is text that only `processing.machine` reads. Every function
works inside a transaction that the caller opened.
"""

from datetime import datetime
from typing import NamedTuple

from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Conflict, Database, Row, Tx

COUNTER = "events"
"""The counter that gives records their place in the order of everything."""


class Record(NamedTuple):
    """`id` orders all records of the platform, `sequence` those of one machine from 1 without gaps."""

    id: int
    machine_id: str
    sequence: int
    created_at: datetime
    trace_id: str
    body: str


class Head(NamedTuple):
    """A machine without its history."""

    machine_id: str
    kind: str
    sequence: int
    stopped_at: datetime | None
    stop_reason: str | None


class Snapshot(NamedTuple):
    sequence: int
    format: str
    body: str


class Piece(NamedTuple):
    """A record's place and content. `id` 0: no record but a snapshot of everything up to `sequence`."""

    id: int
    sequence: int
    body: str


class History(NamedTuple):
    """Everything needed to know a machine's state: a snapshot, if there is one, and the records after it."""

    head: Head
    snapshot: Snapshot | None
    records: list[Record]


def append(tx: Tx, machine_id: str, expected: int, body: str, *, kind: str, trace_id: str, now: datetime) -> Record:
    """Adds the record after `expected`, the sequence that the caller has seen; 0 makes the machine.

    Raises Conflict when the machine is not there any more (or, for 0, is there already).
    """
    advance(tx, machine_id, expected, kind)
    record = Record(tx.draw(COUNTER), machine_id, expected + 1, now, trace_id, body)
    insert(tx, record)
    return record


def advance(tx: Tx, machine_id: str, expected: int, kind: str) -> None:
    """Moves the machine on from `expected`, the sequence that the caller has seen; 0 makes it.

    Raises Conflict, here or with the next statement, when the machine is not there any more.
    """
    conflict = Conflict(machine_id)
    if expected == 0:
        tx.later(
            "INSERT INTO machines (id, kind, sequence) VALUES (?, ?, 1) ON CONFLICT (id) DO NOTHING",
            (machine_id, kind),
            conflict,
        )
    else:
        tx.later(
            "UPDATE machines SET sequence = ? WHERE id = ? AND sequence = ?",
            (expected + 1, machine_id, expected),
            conflict,
        )


def insert(tx: Tx, record: Record) -> None:
    """Adds the record; its number was drawn in this transaction, after its machine was moved on."""
    tx.later(
        "INSERT INTO events (id, machine_id, sequence, created_at_ms, trace_id, body) VALUES (?, ?, ?, ?, ?, ?)",
        (
            record.id,
            record.machine_id,
            record.sequence,
            to_ms(record.created_at),
            record.trace_id,
            record.body,
        ),
    )


def set_stopped(tx: Tx, machine_id: str, stopped_at: datetime | None, reason: str | None) -> None:
    """Notes that the machine stopped, or, with None, that it works."""
    tx.later(
        "UPDATE machines SET stopped_at_ms = ?, stop_reason = ? WHERE id = ?",
        (None if stopped_at is None else to_ms(stopped_at), reason, machine_id),
    )


def head(tx: Tx, machine_id: str, lock: bool = False) -> Head | None:
    """What is known of the machine; `lock` keeps others from moving it on until this transaction ends."""
    ending = tx.row_lock if lock else ""
    row = tx.execute(
        f"SELECT id, kind, sequence, stopped_at_ms, stop_reason FROM machines WHERE id = ?{ending}",  # noqa: S608
        (machine_id,),
    ).one()
    return _head(row) if row else None


def stopped(tx: Tx, limit: int) -> list[Head]:
    """Machines that wait for an operator, the longest first."""
    rows = tx.execute(
        "SELECT id, kind, sequence, stopped_at_ms, stop_reason FROM machines WHERE stopped_at_ms IS NOT NULL"
        " ORDER BY stopped_at_ms, id LIMIT ?",
        (limit,),
    )
    return [_head(row) for row in rows.all()]


def load(tx: Tx, found: Head, snapshot_format: str) -> History:
    """The machine's snapshot, if it has one of this format, and every record after it."""
    row = tx.execute(
        "SELECT sequence, format, body FROM snapshots WHERE machine_id = ? AND format = ?",
        (found.machine_id, snapshot_format),
    ).one()
    snapshot = Snapshot(*row) if row else None
    return History(found, snapshot, records(tx, found.machine_id, after=snapshot.sequence if snapshot else 0))


def whole(database: Database, machine_id: str, snapshot_format: str) -> list[Piece]:
    """The machine's snapshot, if it has one of this format, and every record after it; [] when there is no machine."""
    rows = database.ask(
        "SELECT 0, sequence, body FROM snapshots WHERE machine_id = ? AND format = ?"
        " UNION ALL SELECT id, sequence, body FROM events WHERE machine_id = ? AND sequence >"
        " COALESCE((SELECT sequence FROM snapshots WHERE machine_id = ? AND format = ?), 0) ORDER BY 2",
        (machine_id, snapshot_format, machine_id, machine_id, snapshot_format),
    )
    return [Piece(*row) for row in rows]


def since(database: Database, machine_id: str, known: Piece) -> list[Piece] | None:
    """The records after one that the caller knows; None when the machine's history does not hold that one."""
    rows = database.ask(
        "SELECT id, sequence, CASE WHEN sequence > ? THEN body END FROM events"
        " WHERE machine_id = ? AND sequence >= ? ORDER BY sequence",
        (known.sequence, machine_id, known.sequence),
    )
    if not rows or rows[0][:2] != (known.id, known.sequence):
        return None
    return [Piece(*row) for row in rows[1:]]


def records(tx: Tx, machine_id: str, after: int = 0) -> list[Record]:
    """The machine's records above the sequence `after`, in order."""
    rows = tx.execute(
        "SELECT id, machine_id, sequence, created_at_ms, trace_id, body FROM events"
        " WHERE machine_id = ? AND sequence > ? ORDER BY sequence",
        (machine_id, after),
    )
    return [_record(row) for row in rows.all()]


def put_snapshot(tx: Tx, machine_id: str, snapshot: Snapshot) -> None:
    """Keeps the machine's state in place of an older one."""
    tx.later(
        "INSERT INTO snapshots (machine_id, sequence, format, body) VALUES (?, ?, ?, ?) ON CONFLICT (machine_id)"
        " DO UPDATE SET sequence = excluded.sequence, format = excluded.format, body = excluded.body",
        (machine_id, *snapshot),
    )


def record(tx: Tx, event_id: int) -> Record | None:
    """One record by its place in the order of everything."""
    row = tx.execute(
        "SELECT id, machine_id, sequence, created_at_ms, trace_id, body FROM events WHERE id = ?", (event_id,)
    ).one()
    return _record(row) if row else None


def feed(tx: Tx, after: int, limit: int) -> list[Record]:
    """Records above the id `after`, in order. What a reader has passed by never appears later."""
    rows = tx.execute(
        "SELECT id, machine_id, sequence, created_at_ms, trace_id, body FROM events"
        " WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
        (after, tx.settled(COUNTER), limit),
    )
    return [_record(row) for row in rows.all()]


def last_id(tx: Tx) -> int | None:
    """Id of the newest record that the feed shows; None while there is none."""
    return tx.execute("SELECT MAX(id) FROM events WHERE id <= ?", (tx.settled(COUNTER),)).one()[0]


def _head(row: Row) -> Head:
    machine_id, kind, sequence, stopped_at_ms, reason = row
    return Head(machine_id, kind, sequence, None if stopped_at_ms is None else from_ms(stopped_at_ms), reason)


def _record(row: Row) -> Record:
    event_id, machine_id, sequence, created_at_ms, trace_id, body = row
    return Record(event_id, machine_id, sequence, from_ms(created_at_ms), trace_id, body)
