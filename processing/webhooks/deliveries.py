"""What is to be told to whom, and what became of it: rows of events, deliveries and attempts.

A delivery waits, is delivered, or is dropped with its hook's queue. Those that wait stand in lines (lines.py). Every
function works inside a transaction that the caller opened.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from processing.storage.events import Record
from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Row, Tx
from processing.webhooks import lines
from processing.webhooks.hooks import Hook

EVENTS, DELIVERIES = "webhook_events", "webhook_deliveries"
WAITING, DELIVERED, DROPPED = "waiting", "delivered", "dropped"
LISTED_MAX = 1000


class Attempt(NamedTuple):
    """`http_status` None: no answer came, `error` says why."""

    at: datetime
    http_status: int | None
    error: str | None
    duration_ms: int


class Delivery(NamedTuple):
    """A line of the delivery log. `event_type` is a word of subscription."""

    id: int
    hook_id: int
    invoice_id: str
    event_id: int
    event_type: str
    status: str
    attempts: tuple[Attempt, ...]
    next_attempt_at: datetime | None
    trace_id: str


def known_event(tx: Tx, record_id: int, number: int) -> int | None:
    """The event that the change became, if it became one."""
    row = tx.execute("SELECT id FROM webhook_events WHERE record_id = ? AND number = ?", (record_id, number)).one()
    return row and row[0]


def new_event_id(tx: Tx) -> int:
    """Greater than every one before."""
    return tx.draw(EVENTS)


def add_event(tx: Tx, event_id: int, record: Record, number: int, event_type: str, body: bytes) -> None:
    """Keeps what is to be told of the record."""
    tx.execute(
        "INSERT INTO webhook_events (id, record_id, number, invoice_id, event_type, trace_id, body, created_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event_id,
            record.id,
            number,
            record.machine_id,
            event_type,
            record.trace_id,
            body,
            to_ms(record.created_at),
        ),
    )


def add(
    tx: Tx, hooks: Sequence[Hook], event_id: int, record: Record, *, event_type: str | None = None
) -> list[lines.Place]:
    """The event of the record will be told to the hooks; to a disabled one only by a resend. Asked twice, done once.

    With `event_type` the event is one of party_events, without it one of webhook_events. Returns the lines that now
    have to be looked at (`lines.look_at`).
    """
    line, at = lines.line_of(record.machine_id), to_ms(record.created_at)
    ids = tx.draw_each(DELIVERIES, len(hooks))
    tx.execute_each(
        "INSERT INTO webhook_deliveries (id, webhook_id, event_id, invoice_id, line, status, next_attempt_at_ms,"
        " event_type, trace_id, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (webhook_id, event_id) DO NOTHING",
        [
            (
                delivery_id,
                hook.id,
                event_id,
                record.machine_id,
                line,
                WAITING if hook.is_enabled else DROPPED,
                at if hook.is_enabled else None,
                event_type,
                event_type and record.trace_id,
                at,
            )
            for delivery_id, hook in zip(ids, hooks, strict=True)
        ],
    )
    return [lines.place(hook, line) for hook in hooks if hook.is_enabled]


def log_attempt(tx: Tx, delivery_id: int, attempt: Attempt) -> None:
    """Adds to what became of the delivery."""
    tx.later(
        "INSERT INTO webhook_attempts (delivery_id, number, at_ms, http_status, error, duration_ms)"
        " SELECT ?, COALESCE(MAX(number), 0) + 1, ?, CAST(? AS BIGINT), CAST(? AS TEXT), ?"
        " FROM webhook_attempts WHERE delivery_id = ?",
        (delivery_id, to_ms(attempt.at), *attempt[1:], delivery_id),
    )


def drop_waiting(tx: Tx, hook_id: int) -> int:
    """Ends everything that waits for the hook; returns how many deliveries."""
    dropped = tx.execute(
        "UPDATE webhook_deliveries SET status = 'dropped', next_attempt_at_ms = NULL"
        " WHERE webhook_id = ? AND status = 'waiting'",
        (hook_id,),
    )
    return dropped.rowcount


def purge(tx: Tx, before: datetime, limit: int) -> int:
    """Forgets what was told of what happened before the moment, with its log, the oldest first; returns how much.

    What still waits stays.
    """
    rows = tx.execute("SELECT id, created_at_ms, status FROM webhook_deliveries ORDER BY id LIMIT ?", (limit,)).all()
    told = [(row[0],) for row in rows if row[1] < to_ms(before) and row[2] != WAITING]
    tx.execute_each("DELETE FROM webhook_attempts WHERE delivery_id = ?", told)
    tx.execute_each("DELETE FROM webhook_deliveries WHERE id = ? AND status <> 'waiting'", told)
    rows = tx.execute(f"SELECT id, created_at_ms FROM {EVENTS} ORDER BY id LIMIT ?", (limit,)).all()  # noqa: S608
    events = [(row[0],) for row in rows if row[1] < to_ms(before)]
    tx.execute_each(f"DELETE FROM {EVENTS} WHERE id = ?", events)  # noqa: S608 - our own words
    return max(len(told), len(events))


def resend(tx: Tx, hook_id: int, invoice_id: str, now: datetime) -> int:
    """Everything that the hook was or should have been told of the invoice waits again, in order, due now.

    An attempt that is under way at this moment goes on and counts for nothing. Returns how many deliveries.
    """
    told = tx.execute(
        "SELECT d.id FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id"
        " WHERE d.webhook_id = ? AND d.invoice_id = ? ORDER BY d.id",
        (hook_id, invoice_id),
    ).all()
    line = lines.line_of(invoice_id)
    tx.execute_each(
        "UPDATE webhook_deliveries SET status = 'waiting', failures = 0, next_attempt_at_ms = ?, line = ? WHERE id = ?",
        [(to_ms(now), line, delivery_id) for (delivery_id,) in told],
    )
    if told:
        lines.look_now(tx, hook_id, line, now)
    return len(told)


def listed(tx: Tx, hook_id: int, limit: int) -> list[Delivery]:
    """The hook's newest deliveries with their attempts, newest first."""
    rows = tx.execute(
        "SELECT d.id, d.webhook_id, d.invoice_id, e.id, e.event_type, d.status, d.next_attempt_at_ms, e.trace_id"
        " FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id"
        " WHERE d.webhook_id = ? ORDER BY d.event_id DESC LIMIT ?",
        (hook_id, min(max(limit, 0), LISTED_MAX)),
    ).all()
    attempts = attempts_of(tx, [row[0] for row in rows])
    return [_delivery(row, attempts.get(row[0], ())) for row in rows]


def of_feed(tx: Tx, hook_id: int, before: int | None, limit: int) -> list[Delivery]:
    """Deliveries of a hook that is told events of the feed, those below the id `before`, newest first."""
    where, params = (
        ("webhook_id = ?", (hook_id,)) if before is None else ("webhook_id = ? AND id < ?", (hook_id, before))
    )
    rows = tx.execute(
        "SELECT id, webhook_id, invoice_id, event_id, event_type, status, next_attempt_at_ms, trace_id"  # noqa: S608
        f" FROM webhook_deliveries WHERE {where} ORDER BY id DESC LIMIT ?",
        (*params, limit),
    ).all()
    attempts = attempts_of(tx, [row[0] for row in rows])
    return [_delivery(row, attempts.get(row[0], ())) for row in rows]


def attempts_of(tx: Tx, delivery_ids: Iterable[int]) -> dict[int, tuple[Attempt, ...]]:
    """Delivery -> what became of it, oldest first."""
    wanted = tuple(delivery_ids)
    marks = ", ".join("?" * len(wanted))
    rows = tx.execute(
        "SELECT delivery_id, at_ms, http_status, error, duration_ms FROM webhook_attempts"  # noqa: S608 - only marks
        f" WHERE delivery_id IN ({marks}) ORDER BY delivery_id, number",
        wanted,
    )
    found: dict[int, tuple[Attempt, ...]] = {}
    for delivery_id, at_ms, *rest in rows.all():
        found[delivery_id] = (*found.get(delivery_id, ()), Attempt(from_ms(at_ms), *rest))
    return found


def _delivery(row: Row, attempts: tuple[Attempt, ...]) -> Delivery:
    delivery_id, hook_id, invoice_id, event_id, event_type, status, next_attempt_at_ms, trace_id = row
    next_attempt_at = None if next_attempt_at_ms is None else from_ms(next_attempt_at_ms)
    return Delivery(delivery_id, hook_id, invoice_id, event_id, event_type, status, attempts, next_attempt_at, trace_id)
