"""The feed of a party: everything that it may know of what happened, in one order, kept for a while.

Rows are written by the change itself (`project` is a projection of the machines), so the feed lags behind nothing. Ids
follow those of records, which concurrent writers draw before they commit: a reader is shown nothing above the number
that is settled, so that no event appears before one that it has read already.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from processing.machine import MachineChange
from processing.storage import events
from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Database, Row, Tx
from processing.webhooks import public_events

PER_RECORD = 64
"""Ids that belong to one record; a record holds a handful of events."""

LOOKED_AT_MAX = 10_000
"""Rows that one filtered read goes through, whether they fit or not."""

COLUMNS = "id, party_id, shop_id, invoice_id, event_type, created_at_ms, trace_id, body"
INSERT = f"INSERT INTO party_events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own words


class Forgotten(Exception):
    """What followed was kept for its time and is gone. `position`: the newest that is gone."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class PartyEvent(NamedTuple):
    """`event_type`: a word of public_events.TYPES; `body`: the exact bytes that are shown and sent."""

    id: int
    party_id: str
    shop_id: str
    invoice_id: str
    event_type: str
    created_at: datetime
    trace_id: str
    body: bytes


class Query(NamedTuple):
    """`after` None: from the oldest that is kept. `event_types` empty: all."""

    party_id: str
    after: int | None
    limit: int
    shop_id: str | None = None
    event_types: Collection[str] = ()


class Page(NamedTuple):
    """`position`: up to here everything was looked at; None where there is nothing at all."""

    events: list[PartyEvent]
    position: int | None
    has_more: bool


def project(tx: Tx, change: MachineChange) -> None:
    """The projection of processing.machine: an event of the feed for each event that has a public form."""
    record, number = change.record, 0
    for event, after in zip(change.events, change.states, strict=True):
        said = public_events.event_type(event)
        if said is not None:
            event_id = record.id * PER_RECORD + number
            body = public_events.body(event_id, said, record.created_at, event, after)
            tx.later(
                INSERT,
                (
                    event_id,
                    after.owner_id,
                    after.shop_id,
                    after.id,
                    said,
                    to_ms(record.created_at),
                    record.trace_id,
                    body,
                ),
            )
            number += 1
    assert number <= PER_RECORD


def of_record(tx: Tx, record_id: int) -> list[PartyEvent]:
    """The events that the record became, in order."""
    rows = tx.execute(
        f"SELECT {COLUMNS} FROM party_events WHERE id >= ? AND id < ? ORDER BY id",  # noqa: S608
        (record_id * PER_RECORD, (record_id + 1) * PER_RECORD),
    )
    return [_event(row) for row in rows.all()]


def find(database: Database, party_id: str, event_id: int) -> PartyEvent | None:
    """One event of the party, also while the feed does not show it yet: a webhook may have told of it."""
    with database.read() as tx:
        row = tx.execute(f"SELECT {COLUMNS} FROM party_events WHERE id = ?", (event_id,)).one()  # noqa: S608
    return _event(row) if row and row[1] == party_id else None


def read(database: Database, query: Query) -> Page:
    """Events in the order of the feed. Raises Forgotten."""
    with database.read() as tx:
        end = _settled(tx)
        if query.after is not None:
            _require_kept(tx, query.party_id, query.after)
        is_filtered = bool(query.shop_id is not None or query.event_types)
        looked_at, end = _bounded(tx, query, end) if is_filtered else (0, end)
        where, params = _fitting(query, end)
        rows = tx.execute(
            f"SELECT {COLUMNS} FROM party_events WHERE {where} ORDER BY id LIMIT ?",  # noqa: S608
            (*params, query.limit + 1),
        ).all()
    found = [_event(row) for row in rows[: query.limit]]
    if len(rows) > query.limit:
        return Page(found, found[-1].id, True)
    if is_filtered:
        return Page(found, end if looked_at else query.after, looked_at == LOOKED_AT_MAX)
    return Page(found, found[-1].id if found else query.after, False)


def purge(tx: Tx, before: datetime, limit: int) -> int:
    """Forgets events that happened before the moment, the oldest first; returns how many."""
    oldest = tx.execute("SELECT id, party_id, created_at_ms FROM party_events ORDER BY id LIMIT ?", (limit,)).all()
    gone = [(event_id, party_id) for event_id, party_id, at_ms in oldest if at_ms < to_ms(before)]
    for party_id, position in {party_id: event_id for event_id, party_id in gone}.items():
        tx.execute(
            "INSERT INTO party_event_horizons (party_id, position) VALUES (?, ?)"
            " ON CONFLICT (party_id) DO UPDATE SET position = excluded.position",
            (party_id, position),
        )
    tx.execute_each("DELETE FROM party_events WHERE id = ?", [(event_id,) for event_id, _ in gone])
    return len(gone)


def _settled(tx: Tx) -> int:
    """The newest id that may be shown; asked for before anything else is read."""
    return (tx.settled(events.COUNTER) + 1) * PER_RECORD - 1


def _require_kept(tx: Tx, party_id: str, after: int) -> None:
    row = tx.execute("SELECT position FROM party_event_horizons WHERE party_id = ?", (party_id,)).one()
    if row and after < row[0]:
        raise Forgotten(row[0])


def _bounded(tx: Tx, query: Query, end: int) -> tuple[int, int]:
    """How many rows a filtered read goes through, and the last of them."""
    count, last = tx.execute(
        "SELECT COUNT(*), MAX(id) FROM (SELECT id FROM party_events WHERE party_id = ? AND id > ? AND id <= ?"
        " ORDER BY id LIMIT ?) AS looked_at",
        (query.party_id, query.after or 0, end, LOOKED_AT_MAX),
    ).one()
    return count, last or 0


def _fitting(query: Query, end: int) -> tuple[str, tuple]:
    where, params = "party_id = ? AND id > ? AND id <= ?", (query.party_id, query.after or 0, end)
    if query.shop_id is not None:
        where, params = f"{where} AND shop_id = ?", (*params, query.shop_id)
    if query.event_types:
        marks = ", ".join("?" * len(query.event_types))
        where, params = f"{where} AND event_type IN ({marks})", (*params, *query.event_types)
    return where, params


def _event(row: Row) -> PartyEvent:
    event_id, party_id, shop_id, invoice_id, said, created_at_ms, trace_id, body = row
    return PartyEvent(event_id, party_id, shop_id, invoice_id, said, from_ms(created_at_ms), trace_id, bytes(body))
