"""Work that is due at a time: claimed with a lease, done in order per key, set aside when it keeps crashing.

    schedule   the one timer of a key: set, moved, or cleared
    look_by    the same timer, made no later than it is
    enqueue    one more piece of work behind the others of its key
    claim      takes due work for a lease; the attempt is counted here, before the work, so that a crash counts
    renew      it takes longer       |  (`keep`: all that a worker has in hand)
    complete   it is done            | each of these changes nothing and answers False
    discard    it is done with       | when the lease was lost to somebody else meanwhile
    postpone   do it later again     |
    look_again its timer is set anew |
    give_back  it was not begun      |
    quarantine a person must look    |

A claim is named by a random number, its fencing token: a worker that slept through its lease finds another name and
touches zero rows. Only the oldest row of a key can be claimed, so one key is never worked on twice at a time. Work of
one lane waits upon the same outsider; a claim takes no more of a lane than it is told to. Every function works inside a
transaction that the caller opened.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Database, Row, Tx

TIMER = 0
"""Position of a key's one timer; enqueued work stands above it."""

COUNTER = "jobs"

SOON = timedelta(seconds=1)
"""Nobody is woken for work that comes due later: everybody looks that often anyway."""

LEASED = "jobs.claim IS NOT NULL AND jobs.due_at_ms > ?"

SCHEDULE = (
    "INSERT INTO jobs (queue, key, position, due_at_ms, payload, trace_id, lane)"  # noqa: S608 - our own words
    " VALUES (?, ?, 0, ?, ?, ?, ?)"
    " ON CONFLICT (queue, key, position) DO UPDATE SET"
    f" due_at_ms = CASE WHEN {LEASED} THEN jobs.due_at_ms ELSE excluded.due_at_ms END,"
    f" again_at_ms = CASE WHEN {LEASED} THEN excluded.due_at_ms END,"
    f" claim = CASE WHEN {LEASED} THEN jobs.claim END,"
    " attempts = CASE WHEN jobs.claim IS NULL THEN 0 ELSE jobs.attempts END,"
    " payload = excluded.payload, trace_id = excluded.trace_id, lane = excluded.lane, quarantined_at_ms = NULL"
)

SOONER = "jobs.claim IS NULL AND jobs.attempts = 0 AND excluded.due_at_ms < jobs.due_at_ms"
AFTER_THE_WORK = "jobs.claim IS NOT NULL AND (jobs.again_at_ms IS NULL OR excluded.due_at_ms < jobs.again_at_ms)"

LOOK_BY = (
    "INSERT INTO jobs (queue, key, position, due_at_ms, lane) VALUES (?, ?, 0, ?, ?)"  # noqa: S608 - our own words
    " ON CONFLICT (queue, key, position) DO UPDATE SET"
    f" due_at_ms = CASE WHEN {SOONER} THEN excluded.due_at_ms ELSE jobs.due_at_ms END,"
    f" again_at_ms = CASE WHEN {AFTER_THE_WORK} THEN excluded.due_at_ms ELSE jobs.again_at_ms END"
    f" WHERE ({SOONER}) OR ({AFTER_THE_WORK})"
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
    lane: str = ""


class Lanes(NamedTuple):
    """How much of one lane a worker may have in hand at a time, and how much it has of each lane."""

    each_max: int
    in_hand: Mapping[str, int]

    def room(self, lane: str) -> int:
        """How much more of the lane may be taken."""
        return self.each_max - self.in_hand.get(lane, 0)

    @property
    def full(self) -> tuple[str, ...]:
        """Lanes of which nothing may be taken."""
        return tuple(lane for lane in self.in_hand if lane and self.room(lane) <= 0)


class Quarantined(NamedTuple):
    queue: str
    key: str
    position: int
    at: datetime
    attempts: int
    last_error: str
    trace_id: str


def schedule(
    tx: Tx, queue: str, key: str, due: datetime, *, now: datetime, payload: str = "", trace_id: str = "", lane: str = ""
) -> None:
    """Sets the key's timer. While somebody works on it, it comes due again after that; quarantine is lifted."""
    tx.later(SCHEDULE, (queue, key, to_ms(due), payload, trace_id, lane, *[to_ms(now)] * 3))
    if due <= now + SOON:
        tx.wake()


def look_by(tx: Tx, queue: str, key: str, due: datetime, *, lane: str = "") -> None:
    """The key's timer comes due at `due`, or sooner where it would anyway; after the work, where somebody works on it.

    One that there is keeps its lane. What crashed keeps its wait, what is in quarantine stays there.
    """
    tx.later(LOOK_BY, (queue, key, to_ms(due), lane), wakes=True)


def clear(tx: Tx, queue: str, key: str, *, now: datetime) -> None:
    """Removes the key's timer. While somebody works on it, only what was asked for after that is dropped."""
    tx.later(
        "DELETE FROM jobs WHERE queue = ? AND key = ? AND position = 0 AND (claim IS NULL OR due_at_ms <= ?)",
        (queue, key, to_ms(now)),
    )
    tx.later(
        "UPDATE jobs SET again_at_ms = NULL WHERE queue = ? AND key = ? AND position = 0 AND claim IS NOT NULL",
        (queue, key),
    )


def enqueue(
    tx: Tx,
    queue: str,
    key: str,
    due: datetime,
    *,
    payload: str,
    trace_id: str = "",
    position: int | None = None,
    only_where: tuple[str, str] | None = None,
) -> int:
    """Adds work behind the other work of its key; returns its position.

    A `position` of the caller's own (above 0) makes it idempotent: the same position again adds nothing. `only_where`:
    a query and its value; where it finds nothing there is nothing to be done, and no work is added.
    """
    if position is None:
        position = tx.draw(COUNTER)
    condition, values = (f" WHERE EXISTS ({only_where[0]})", only_where[1:]) if only_where else (" WHERE 1 = 1", ())
    tx.later(
        "INSERT INTO jobs (queue, key, position, due_at_ms, payload, trace_id)"
        f" SELECT ?, ?, ?, ?, ?, ?{condition} ON CONFLICT (queue, key, position) DO NOTHING",
        (queue, key, position, to_ms(due), payload, trace_id, *values),
        wakes=True,
    )
    return position


def next_due(database: Database, queues: Iterable[tuple[str, "Lanes | None"]]) -> dict[str, datetime]:
    """When the earliest work of each queue that could be claimed comes due, its full lanes left aside.

    By one statement. Queues without such work are not in it.
    """
    asked: list[str] = []
    values: list[str] = []
    for queue, lanes in queues:
        full = lanes.full if lanes else ()
        asked.append(
            "SELECT queue, due_at_ms FROM (SELECT queue, due_at_ms FROM jobs"  # noqa: S608 - our own words and marks
            f" WHERE queue = ? AND due_at_ms IS NOT NULL AND {HEAD_OF_KEY}{but_not(full)}"
            " ORDER BY due_at_ms LIMIT 1) earliest"
        )
        values += (queue, *full)
    if not asked:
        return {}
    return {queue: from_ms(due_at_ms) for queue, due_at_ms in database.ask(" UNION ALL ".join(asked), values)}


def claim(
    tx: Tx, queue: str, *, now: datetime, lease: timedelta, limit: int, lanes: Lanes | None = None
) -> list[Claim]:
    """Takes up to `limit` pieces of due work, the longest due first, of each lane as much as there is room for.

    What is due in a lane beyond its room hides other work only until the next claim: then the lane is full.
    """
    full = lanes.full if lanes else ()
    due = tx.execute(
        "SELECT key, position, lane FROM jobs"  # noqa: S608
        f" WHERE queue = ? AND due_at_ms <= ? AND {HEAD_OF_KEY}{but_not(full)}"
        f" ORDER BY due_at_ms LIMIT ?{tx.skip_locked}",
        (queue, to_ms(now), *full, limit),
    ).all()
    return _take(tx, queue, within(due, lanes) if lanes else due, now + lease)


def but_not(lanes: tuple[str, ...]) -> str:
    """A condition on `jobs`: none of so many lanes."""
    return f" AND jobs.lane NOT IN ({', '.join('?' * len(lanes))})" if lanes else ""


def within(due: list[Row], lanes: Lanes) -> list[Row]:
    """The rows that there is room for in their lanes."""
    taken: dict[str, int] = {}
    chosen = []
    for row in due:
        lane = row[2]
        if not lane or taken.get(lane, 0) < lanes.room(lane):
            taken[lane] = taken.get(lane, 0) + 1
            chosen.append(row)
    return chosen


def _take(tx: Tx, queue: str, chosen: list[Row], until: datetime) -> list[Claim]:
    """Makes the rows ours in one statement; in the order given."""
    if not chosen:
        return []
    name, marks = secrets.randbits(62), ", ".join(["(?, ?)"] * len(chosen))
    taken = tx.execute(
        "UPDATE jobs SET claim = ?, due_at_ms = ?, attempts = attempts + 1"  # noqa: S608 - only marks
        f" WHERE queue = ? AND (key, position) IN (VALUES {marks})"
        " RETURNING key, position, attempts, payload, trace_id, lane",
        (name, to_ms(until), queue, *(value for row in chosen for value in row[:2])),
    ).all()
    found = {row[:2]: row for row in taken}
    return [
        Claim(queue, key, position, name, *found[key, position][2:5], until, found[key, position][5])
        for key, position, _ in chosen
    ]


def renew(
    tx: Tx, claim: Claim, *, until: datetime, reset_attempts: bool = False, or_raise: Exception | None = None
) -> bool:
    """Makes the lease longer. In a transaction of work: proves that the work is still ours.

    With `or_raise`, here and below: raises that, at the latest when the transaction ends, instead of answering False.
    """
    return _touch(
        tx,
        "UPDATE jobs SET due_at_ms = ?, attempts = CASE WHEN ? = 1 THEN 0 ELSE attempts END",
        claim,
        (to_ms(until), int(reset_attempts)),
        or_raise=or_raise,
    )


def keep(tx: Tx, claims: Iterable[Claim], *, until: datetime) -> int:
    """Makes the leases longer of all that are still ours, none shorter; returns how many are.

    A row that somebody is just writing is left for the next time: whoever holds up one must not hold up all.
    """
    kept = 0
    for each in claims:
        ours = tx.execute(
            "SELECT due_at_ms FROM jobs"  # noqa: S608
            f" WHERE queue = ? AND key = ? AND position = ? AND claim = ?{tx.skip_locked}",
            (each.queue, each.key, each.position, each.name),
        ).one()
        kept += ours is not None
        if ours is not None and ours[0] < to_ms(until):
            renew(tx, each, until=until)
    return kept


def complete(tx: Tx, claim: Claim) -> bool:
    """The work is done: its row goes, or waits for the time that was scheduled meanwhile.

    In this order: whoever schedules at the same moment is seen by the second statement, or makes the row anew.
    """
    gone = _touch(tx, "DELETE FROM jobs", claim, (), and_where=" AND again_at_ms IS NULL")
    return gone or _touch(
        tx,
        "UPDATE jobs SET due_at_ms = again_at_ms, again_at_ms = NULL, claim = NULL, attempts = 0",
        claim,
        (),
        and_where=" AND again_at_ms IS NOT NULL",
    )


def discard(tx: Tx, claim: Claim, or_raise: Exception | None = None) -> bool:
    """The work is done and nothing that was scheduled meanwhile counts: the caller has seen all there is to see."""
    return _touch(tx, "DELETE FROM jobs", claim, (), or_raise=or_raise)


def postpone(
    tx: Tx,
    claim: Claim,
    due: datetime,
    *,
    error: str | None = None,
    reset_attempts: bool = False,
    or_raise: Exception | None = None,
) -> bool:
    """The same work once more at `due`. What stands behind it in its key waits as long."""
    mine = _touch(
        tx,
        "UPDATE jobs SET due_at_ms = ?, again_at_ms = NULL, claim = NULL, last_error = ?,"
        " attempts = CASE WHEN ? = 1 THEN 0 ELSE attempts END",
        claim,
        (to_ms(due), error, int(reset_attempts)),
        or_raise=or_raise,
    )
    if mine:
        tx.later(
            "UPDATE jobs SET due_at_ms = ? WHERE queue = ? AND key = ? AND position > ? AND due_at_ms < ?",
            (to_ms(due), claim.queue, claim.key, claim.position, to_ms(due)),
        )
    return mine


def hold(tx: Tx, claim: Claim) -> bool:
    """Keeps the row from others until the transaction ends: what they ask for from now on, they do after it."""
    found = tx.execute(
        "SELECT 1 FROM jobs"  # noqa: S608 - our own words
        f" WHERE queue = ? AND key = ? AND position = ? AND claim = ?{tx.row_lock}",
        (claim.queue, claim.key, claim.position, claim.name),
    )
    return found.one() is not None


def look_again(tx: Tx, claim: Claim, due: datetime, *, not_before: datetime | None = None, lane: str = "") -> bool:
    """The timer's next time: `due`, or sooner where somebody asked for it meanwhile, but never before `not_before`.

    Its attempts are forgotten.
    """
    least = to_ms(not_before) if not_before else 0
    latest = max(to_ms(due), least)
    return _touch(
        tx,
        "UPDATE jobs SET due_at_ms = CASE WHEN again_at_ms >= ? AND again_at_ms < ? THEN again_at_ms"
        " WHEN again_at_ms < ? THEN ? ELSE ? END, again_at_ms = NULL, claim = NULL, attempts = 0, lane = ?",
        claim,
        (least, latest, least, least, latest, lane),
    )


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


def _touch(
    tx: Tx,
    change: str,
    claim: Claim,
    params: tuple[object, ...],
    and_where: str = "",
    or_raise: Exception | None = None,
) -> bool:
    sql = f"{change} WHERE queue = ? AND key = ? AND position = ? AND claim = ?{and_where}"
    values = (*params, claim.queue, claim.key, claim.position, claim.name)
    if or_raise is not None:
        tx.later(sql, values, or_raise)
        return True
    return tx.execute(sql, values).rowcount == 1
