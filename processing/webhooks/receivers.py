"""Whom a hook's messages go to, and how that receiver fares: what one attempt teaches the next, in every process.

One that fails RESTS_AFTER times in a row is left to rest, for ever longer up to REST_MAX, and tried by one message at a
time, until it takes one: however much waits for it, it costs a few looks a minute. One whose answers take long shares a
few threads with its like, and so does one that is away.

Every function works inside a transaction that the caller opened.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Tx
from processing.webhooks.verdicts import Attempted

RESTS_AFTER = 10
REST_MAX = timedelta(seconds=60)


class Receiver(NamedTuple):
    """`private_key` is sealed. `failures` in a row, since `failing_since`. `held_until`: it asked for time."""

    hook_id: int
    url: str
    private_key: bytes
    format: str
    is_enabled: bool
    failures: int
    failing_since: datetime | None
    resting_until: datetime | None
    is_slow: bool
    held_until: datetime | None

    @property
    def is_away(self) -> bool:
        """Whether one message is tried at a time."""
        return self.failures >= RESTS_AFTER


def find(tx: Tx, hook_id: int) -> Receiver | None:
    """The receiver of a hook, also of a disabled one."""
    row = tx.execute(
        "SELECT w.url, w.private_key, w.format, w.is_enabled, w.failures, w.failing_since_ms, w.resting_until_ms,"
        " w.is_slow, n.held_until_ms FROM webhooks w LEFT JOIN webhook_endpoints n ON n.webhook_id = w.id"
        " WHERE w.id = ?",
        (hook_id,),
    ).one()
    if row is None:
        return None
    since, resting, held = (None if ms is None else from_ms(ms) for ms in (row[5], row[6], row[8]))
    return Receiver(hook_id, row[0], bytes(row[1]), row[2], bool(row[3]), row[4], since, resting, bool(row[7]), held)


def rest(failures: int, longest: timedelta) -> timedelta:
    """How long nobody tries after so many failures in a row: from 1 s, doubling, to REST_MAX or `longest`."""
    if failures < RESTS_AFTER:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - RESTS_AFTER, 16)), REST_MAX, longest)


def take_turn(tx: Tx, receiver: Receiver, until: datetime) -> bool:
    """Whether it is ours to try one that is away; nobody else does until then."""
    unchanged, values = ("IS NULL", ()) if receiver.resting_until is None else ("= ?", (to_ms(receiver.resting_until),))
    taken = tx.execute(
        f"UPDATE webhooks SET resting_until_ms = ? WHERE id = ? AND resting_until_ms {unchanged}",  # noqa: S608
        (to_ms(until), receiver.hook_id, *values),
    )
    return taken.rowcount == 1


def learnt(receiver: Receiver, attempts: Sequence[Attempted], slow_ms: int, longest: timedelta) -> Receiver:
    """The receiver after the attempts. It rests from the end of the last."""
    if not attempts:
        return receiver
    failures, since = receiver.failures, receiver.failing_since
    for each in attempts:
        if each.is_delivered:
            failures, since = 0, None
        else:
            failures, since = failures + 1, since or each.attempt.at
    pause = rest(failures, longest)
    return receiver._replace(
        failures=failures,
        failing_since=since,
        resting_until=attempts[-1].ended_at + pause if pause else None,
        is_slow=attempts[-1].attempt.duration_ms >= slow_ms,
    )


def end_rest(tx: Tx, hook_id: int) -> None:
    """Somebody asked for something to be sent: it is tried at once."""
    tx.execute("UPDATE webhooks SET resting_until_ms = NULL WHERE id = ?", (hook_id,))


def keep(tx: Tx, before: Receiver, after: Receiver) -> None:
    """Writes what has changed."""
    if before == after:
        return
    since, resting = (moment and to_ms(moment) for moment in (after.failing_since, after.resting_until))
    tx.later(
        "UPDATE webhooks SET failures = ?, failing_since_ms = ?, resting_until_ms = ?, is_slow = ? WHERE id = ?",
        (after.failures, since, resting, int(after.is_slow), after.hook_id),
    )
