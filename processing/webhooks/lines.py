"""The lines in which deliveries wait: a few for each hook, so that a few threads may tell it at a time.

All of an invoice stand in one line and are told one after another; a delivery that has to wait keeps those behind it of
its invoice waiting, and nobody else. The job of queue `delivery` whose key is the hook and the line says when somebody
has to look: what waits for a receiver that is away costs a look now and then, however much it is. A job's lane bounds
how many threads one receiver, all slow ones together, or all that are away can hold.

Every function works inside a transaction that the caller opened.
"""

import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from processing.storage import jobs
from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Tx
from processing.webhooks.hooks import Hook

QUEUE = "delivery"
LINES = 8
NUMBERS = frozenset(map(str, range(LINES)))
SLOW, AWAY = "slow", "away"
"""Lanes that all slow receivers share, and all that take nothing."""


class Place(NamedTuple):
    """A line that has to be looked at, not before `not_before_ms`."""

    hook_id: int
    line: int
    lane: str
    not_before_ms: int


class Message(NamedTuple):
    """A delivery with all that is needed to send it. `event_id` of a sample is below zero.

    `body` None: what was to be told is forgotten. `due_ms` changes when it is put in line anew.
    """

    delivery_id: int
    hook_id: int
    invoice_id: str
    event_id: int
    event_type: str
    trace_id: str
    body: bytes | None
    failures: int
    due_ms: int


def line_of(invoice_id: str) -> int:
    """Always the same for an invoice."""
    return zlib.crc32(invoice_id.encode()) % LINES


def key(hook_id: int, line: int) -> str:
    """Of the line's job."""
    return f"{hook_id}:{line}"


def parsed(job_key: str) -> tuple[int, int | None]:
    """Hook and line of a job; no line: the job is of a release that had one for each message."""
    hook_id, _, line = job_key.partition(":")
    return int(hook_id), int(line) if line in NUMBERS else None


def lane(hook_id: int, *, is_slow: bool, is_away: bool = False) -> str:
    """Whose threads a look at the line takes."""
    return AWAY if is_away else SLOW if is_slow else str(hook_id)


def place(hook: Hook, line: int) -> Place:
    """A line of the hook."""
    return Place(hook.id, line, lane(hook.id, is_slow=hook.is_slow), hook.resting_until_ms or 0)


def look_at(tx: Tx, places: Iterable[Place], moment: datetime) -> None:
    """Has the lines looked at; always in the same order, so that two who do so do not wait for each other."""
    for each in sorted(set(places)):
        not_before = from_ms(each.not_before_ms)
        jobs.look_by(tx, QUEUE, key(each.hook_id, each.line), max(moment, not_before), lane=each.lane)


def look_now(tx: Tx, hook_id: int, line: int, now: datetime) -> None:
    """Has one line looked at because somebody asked for it: also one whose looks have crashed."""
    jobs.schedule(tx, QUEUE, key(hook_id, line), now, now=now, lane=lane(hook_id, is_slow=False))


def look_everywhere(tx: Tx, hook_id: int, now: datetime, but: int | None = None) -> None:
    """Has all lines of a hook looked at, soon."""
    for line in range(LINES):
        if line != but:
            jobs.look_by(tx, QUEUE, key(hook_id, line), now, lane=lane(hook_id, is_slow=False))


def due(tx: Tx, hook_id: int, line: int, now: datetime, limit: int) -> list[Message]:
    """The first in line whose time has come; of an invoice in order, and none whose elder has to wait for longer."""
    rows = tx.execute(
        "SELECT d.id, d.webhook_id, d.invoice_id, d.event_id, COALESCE(d.event_type, e.event_type),"
        " COALESCE(d.trace_id, e.trace_id), COALESCE(d.sample, p.body, e.body), d.failures, d.next_attempt_at_ms"
        " FROM webhook_deliveries d"
        " LEFT JOIN webhook_events e ON d.event_type IS NULL AND e.id = d.event_id"
        " LEFT JOIN party_events p ON d.event_type IS NOT NULL AND p.id = d.event_id"
        " WHERE d.webhook_id = ? AND d.line = ? AND d.status = 'waiting' AND d.next_attempt_at_ms <= ?"
        " AND NOT EXISTS (SELECT 1 FROM webhook_deliveries elder WHERE elder.webhook_id = d.webhook_id"
        " AND elder.invoice_id = d.invoice_id AND elder.event_id < d.event_id AND elder.status = 'waiting'"
        " AND (elder.next_attempt_at_ms > d.next_attempt_at_ms OR elder.line <> d.line))"
        " ORDER BY d.next_attempt_at_ms, d.event_id LIMIT ?",
        (hook_id, line, to_ms(now), limit),
    ).all()
    return [Message(*row[:6], None if row[6] is None else bytes(row[6]), *row[7:]) for row in rows]


def next_due(tx: Tx, hook_id: int, line: int) -> datetime | None:
    """When the line has to be looked at; None: nothing waits in it."""
    row = tx.execute(
        "SELECT MIN(next_attempt_at_ms) FROM webhook_deliveries WHERE webhook_id = ? AND line = ?"
        " AND status = 'waiting'",
        (hook_id, line),
    ).one()
    return None if row[0] is None else from_ms(row[0])


def is_in_place(tx: Tx, message: Message) -> bool:
    """Whether it still waits where it was seen: it was neither dropped nor put in line anew."""
    found = tx.execute(
        "SELECT 1 FROM webhook_deliveries WHERE id = ? AND status = 'waiting' AND next_attempt_at_ms = ?",
        (message.delivery_id, message.due_ms),
    )
    return found.one() is not None


def let_pass(tx: Tx, hook_id: int, line: int, now: datetime) -> None:
    """What is due and stands behind an elder of its invoice that has to wait, waits as long: nobody looks meanwhile."""
    elders = (
        " FROM webhook_deliveries elder WHERE elder.webhook_id = webhook_deliveries.webhook_id"
        " AND elder.invoice_id = webhook_deliveries.invoice_id AND elder.event_id < webhook_deliveries.event_id"
        " AND elder.status = 'waiting' AND elder.next_attempt_at_ms > webhook_deliveries.next_attempt_at_ms"
    )
    tx.execute(
        f"UPDATE webhook_deliveries SET next_attempt_at_ms = (SELECT MAX(elder.next_attempt_at_ms){elders})"  # noqa: S608
        " WHERE webhook_id = ? AND line = ? AND status = 'waiting' AND next_attempt_at_ms <= ?"
        f" AND EXISTS (SELECT 1{elders})",
        (hook_id, line, to_ms(now)),
    )


def leave(tx: Tx, left: Sequence[tuple[Message, str]]) -> None:
    """They have been told, or are given up, as the status says; not one that was put in line anew meanwhile."""
    tx.execute_each(
        "UPDATE webhook_deliveries SET status = ?, failures = 0, next_attempt_at_ms = NULL"
        " WHERE id = ? AND status = 'waiting' AND next_attempt_at_ms = ?",
        [(status, message.delivery_id, message.due_ms) for message, status in left],
    )


def fall_back(tx: Tx, message: Message, again_at: datetime) -> None:
    """One more failure in a row: it waits on, and with it what stands behind it of its invoice.

    Nothing happens to one that was dropped or put in line anew meanwhile.
    """
    again_ms = to_ms(again_at)
    tx.later(
        "UPDATE webhook_deliveries SET next_attempt_at_ms = ? WHERE webhook_id = ? AND invoice_id = ?"
        " AND event_id > ? AND status = 'waiting' AND next_attempt_at_ms < ? AND EXISTS (SELECT 1"
        " FROM webhook_deliveries own WHERE own.id = ? AND own.status = 'waiting' AND own.next_attempt_at_ms = ?)",
        (
            again_ms,
            message.hook_id,
            message.invoice_id,
            message.event_id,
            again_ms,
            message.delivery_id,
            message.due_ms,
        ),
    )
    tx.later(
        "UPDATE webhook_deliveries SET failures = failures + 1, next_attempt_at_ms = ?"
        " WHERE id = ? AND status = 'waiting' AND next_attempt_at_ms = ?",
        (again_ms, message.delivery_id, message.due_ms),
    )
