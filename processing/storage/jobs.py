"""Work that is due at a time: claimed with a lease, done in order per key, set aside when it keeps crashing.

    schedule   the one timer of a key: set, moved, or cleared
    enqueue    one more piece of work behind the others of its key
    claim      takes due work for a lease; the attempt is counted here, before the work, so that a crash counts
    renew      it takes longer       |
    complete   it is done            | each of these changes nothing and answers False
    discard    it is done with       | when the lease was lost to somebody else meanwhile
    postpone   do it later again     |
    give_back  it was not begun      |
    quarantine a person must look    |

A claim is named by a random number: a worker that slept through its lease finds another name and touches zero rows.
Only the oldest row of a key can be claimed, so one key is never worked on twice at a time. Every function works inside
a transaction that the caller opened.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Tx

TIMER = 0
"""Position of a key's one timer; enqueued work stands above it."""

COUNTER = "jobs"


LEASED = "jobs.claim IS NOT NULL AND jobs.due_at_ms > ?"

SCHEDULE = (
    "INSERT INTO jobs (queue, key, position, due_at_ms, payload, trace_id) VALUES (?, ?, 0, ?, ?, ?)"  # noqa: S608 - our own words
    " ON CONFLICT (queue, key, position) DO UPDATE SET"
    f" due_at_ms = CASE WHEN {LEASED} THEN jobs.due_at_ms ELSE excluded.due_at_ms END,"
    f" again_at_ms = CASE WHEN {LEASED} THEN excluded.due_at_ms END,"
    f" claim = CASE WHEN {LEASED} THEN jobs.claim END,"
    " attempts = CASE WHEN jobs.claim IS NULL THEN 0 ELSE jobs.attempts END,"
    " payload = excluded.payload, trace_id = excluded.trace_id, quarantined_at_ms = NULL"
)

HEAD_OF_KEY = (
    "NOT EXISTS (SELECT 1 FROM jobs older"
    " WHERE older.queue = jobs.queue AND older.key = jobs.key AND older.position < jobs.position)"
)


class Claim(NamedTuple):
    """Work that belongs to this worker until `lease_until`. `attempts` counts this one."""

    queue: str
    key: str
    position: int
    name: int
    attempts: int
    payload: str
    trace_id: str
    lease_until: datetime


class Quarantined(NamedTuple):
    queue: str
    key: str
    position: int
    at: datetime
    attempts: int
    last_error: str
    trace_id: str


def schedule(
    tx: Tx, queue: str, key: str, due: datetime, *, now: datetime, payload: str = "", trace_id: str = ""
) -> None:
    """Sets the key's timer. While somebody works on it, it comes due again after that; quarantine is lifted."""
    tx.execute(SCHEDULE, (queue, key, to_ms(due), payload, trace_id, *[to_ms(now)] * 3))
    tx.wake()


def clear(tx: Tx, queue: str, key: str, *, now: datetime) -> None:
    """Removes the key's timer. While somebody works on it, only what was asked for after that is dropped."""
    gone = tx.execute(
        "DELETE FROM jobs WHERE queue = ? AND key = ? AND position = 0 AND (claim IS NULL OR due_at_ms <= ?)",
        (queue, key, to_ms(now)),
    )
    if not gone.rowcount:
        tx.execute(
            "UPDATE jobs SET again_at_ms = NULL WHERE queue = ? AND key = ? AND position = 0 AND claim IS NOT NULL",
            (queue, key),
        )


def enqueue(
    tx: Tx, queue: str, key: str, due: datetime, *, payload: str, trace_id: str = "", position: int | None = None
) -> int:
    """Adds work behind the other work of its key; returns its position.

    A `position` of the caller's own (above 0) makes it idempotent: the same position again adds nothing.
    """
    if position is None:
        position = tx.draw(COUNTER)
    tx.execute(
        "INSERT INTO jobs (queue, key, position, due_at_ms, payload, trace_id) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (queue, key, position) DO NOTHING",
        (queue, key, position, to_ms(due), payload, trace_id),
    )
    tx.wake()
    return position


def next_due(tx: Tx, queue: str) -> datetime | None:
    """When the earliest work that could be claimed comes due; None when there is none."""
    row = tx.execute(
        f"SELECT due_at_ms FROM jobs WHERE queue = ? AND due_at_ms IS NOT NULL AND {HEAD_OF_KEY}"  # noqa: S608
        " ORDER BY due_at_ms LIMIT 1",
        (queue,),
    ).one()
    return from_ms(row[0]) if row else None


def claim(tx: Tx, queue: str, *, now: datetime, lease: timedelta, limit: int) -> list[Claim]:
    """Takes up to `limit` pieces of due work, the longest due first."""
    name = secrets.randbits(62)
    until = to_ms(now + lease)
    due = tx.execute(
        "SELECT key, position FROM jobs"  # noqa: S608
        f" WHERE queue = ? AND due_at_ms <= ? AND {HEAD_OF_KEY} ORDER BY due_at_ms LIMIT ?{tx.skip_locked}",
        (queue, to_ms(now), limit),
    ).all()
    return [_take(tx, queue, key, position, name, until) for key, position in due]


def _take(tx: Tx, queue: str, key: str, position: int, name: int, until: int) -> Claim:
    attempts, payload, trace_id = tx.execute(
        "UPDATE jobs SET claim = ?, due_at_ms = ?, attempts = attempts + 1"
        " WHERE queue = ? AND key = ? AND position = ? RETURNING attempts, payload, trace_id",
        (name, until, queue, key, position),
    ).one()
    return Claim(queue, key, position, name, attempts, payload, trace_id, from_ms(until))


def renew(tx: Tx, claim: Claim, *, until: datetime, reset_attempts: bool = False) -> bool:
    """Makes the lease longer. In a transaction of work: proves that the work is still ours."""
    return _touch(
        tx,
        "UPDATE jobs SET due_at_ms = ?, attempts = CASE WHEN ? = 1 THEN 0 ELSE attempts END",
        claim,
        (to_ms(until), int(reset_attempts)),
    )


def complete(tx: Tx, claim: Claim) -> bool:
    """The work is done: its row goes, or waits for the time that was scheduled meanwhile."""
    again = _touch(
        tx,
        "UPDATE jobs SET due_at_ms = again_at_ms, again_at_ms = NULL, claim = NULL, attempts = 0",
        claim,
        (),
        and_where=" AND again_at_ms IS NOT NULL",
    )
    return again or discard(tx, claim)


def discard(tx: Tx, claim: Claim) -> bool:
    """The work is done and nothing that was scheduled meanwhile counts: the caller has seen all there is to see."""
    return _touch(tx, "DELETE FROM jobs", claim, ())


def postpone(tx: Tx, claim: Claim, due: datetime, *, error: str | None = None, reset_attempts: bool = False) -> bool:
    """The same work once more at `due`. What stands behind it in its key waits as long."""
    mine = _touch(
        tx,
        "UPDATE jobs SET due_at_ms = ?, again_at_ms = NULL, claim = NULL, last_error = ?,"
        " attempts = CASE WHEN ? = 1 THEN 0 ELSE attempts END",
        claim,
        (to_ms(due), error, int(reset_attempts)),
    )
    if mine:
        tx.execute(
            "UPDATE jobs SET due_at_ms = ? WHERE queue = ? AND key = ? AND position > ? AND due_at_ms < ?",
            (to_ms(due), claim.queue, claim.key, claim.position, to_ms(due)),
        )
    return mine


def give_back(tx: Tx, claim: Claim, *, now: datetime) -> bool:
    """Work that was not begun becomes anybody's again; the attempt does not count."""
    return _touch(
        tx,
        "UPDATE jobs SET due_at_ms = ?, claim = NULL, again_at_ms = NULL, attempts = attempts - 1",
        claim,
        (to_ms(now),),
    )


def quarantine(tx: Tx, claim: Claim, error: str, *, now: datetime) -> bool:
    """Sets the work aside, and with it what stands behind it in its key, until `revive`."""
    return _touch(
        tx,
        "UPDATE jobs SET due_at_ms = NULL, again_at_ms = NULL, claim = NULL, last_error = ?, quarantined_at_ms = ?",
        claim,
        (error, to_ms(now)),
    )


def quarantined(tx: Tx, limit: int) -> list[Quarantined]:
    """Work that waits for a person, the longest first."""
    rows = tx.execute(
        "SELECT queue, key, position, quarantined_at_ms, attempts, last_error, trace_id FROM jobs"
        " WHERE quarantined_at_ms IS NOT NULL ORDER BY quarantined_at_ms LIMIT ?",
        (limit,),
    )
    return [Quarantined(*row[:3], from_ms(row[3]), *row[4:]) for row in rows.all()]


def revive(tx: Tx, queue: str, key: str, position: int, *, now: datetime) -> bool:
    """Puts quarantined work back, due now, its attempts forgotten."""
    rows = tx.execute(
        "UPDATE jobs SET due_at_ms = ?, quarantined_at_ms = NULL, attempts = 0"
        " WHERE queue = ? AND key = ? AND position = ? AND quarantined_at_ms IS NOT NULL",
        (to_ms(now), queue, key, position),
    )
    tx.wake()
    return rows.rowcount == 1


def drop(tx: Tx, queue: str, keys: Iterable[str]) -> int:
    """Removes all work of these keys, also what somebody works on; returns how many rows."""
    return sum(tx.execute("DELETE FROM jobs WHERE queue = ? AND key = ?", (queue, key)).rowcount for key in keys)


def _touch(tx: Tx, change: str, claim: Claim, params: tuple[object, ...], and_where: str = "") -> bool:
    rows = tx.execute(
        f"{change} WHERE queue = ? AND key = ? AND position = ? AND claim = ?{and_where}",
        (*params, claim.queue, claim.key, claim.position, claim.name),
    )
    return rows.rowcount == 1
