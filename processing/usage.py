"""How often each party calls each operation of each version of the public API: what a retirement is decided by.

Kept by day, UTC. Knows no version: a version and an operation are names that a gateway reports.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from processing.storage.moments import EPOCH, from_ms, to_ms
from processing.storage.port import Tx

DAY = timedelta(days=1)


class Used(NamedTuple):
    """`count` calls, the last of them at `last_at`."""

    version: str
    operation: str
    party_id: str
    count: int
    last_at: datetime


def add(tx: Tx, rows: Iterable[Used]) -> None:
    """Adds to the counts of the day of each row's last call.

    In one order whoever adds: two gateways that report at once then never wait for each other in a circle.
    """
    told = sorted((day_of(row.last_at), *row[:4], to_ms(row.last_at)) for row in rows)
    tx.execute_each(
        "INSERT INTO api_usage (day, version, operation, party_id, calls, last_at_ms) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (day, version, operation, party_id) DO UPDATE SET calls = api_usage.calls + excluded.calls,"
        " last_at_ms = CASE WHEN excluded.last_at_ms > api_usage.last_at_ms"
        " THEN excluded.last_at_ms ELSE api_usage.last_at_ms END",
        told,
    )


def used(tx: Tx, version: str = "", party_id: str = "", since: datetime = EPOCH) -> list[Used]:
    """A row a version, operation and party, most used first. An empty name means all; `since`: from its day on."""
    rows = tx.execute(
        "SELECT version, operation, party_id, SUM(calls), MAX(last_at_ms) FROM api_usage"
        " WHERE day >= ? AND (version = ? OR ? = '') AND (party_id = ? OR ? = '')"
        " GROUP BY version, operation, party_id ORDER BY SUM(calls) DESC, version, operation, party_id",
        (day_of(since), version, version, party_id, party_id),
    )
    return [Used(*names, int(count), from_ms(last_at_ms)) for *names, count, last_at_ms in rows.all()]


def purge(tx: Tx, before: datetime, limit: int) -> int:
    """Forgets up to `limit` rows of days that ended before the moment; returns how many."""
    gone = tx.execute(
        "DELETE FROM api_usage WHERE (day, version, operation, party_id) IN"
        " (SELECT day, version, operation, party_id FROM api_usage WHERE day < ? LIMIT ?)",
        (day_of(before), limit),
    )
    return gone.rowcount


def day_of(moment: datetime) -> int:
    """Days since 1970."""
    return (moment - EPOCH) // DAY
