"""The port of a database in single calls, for tests: each opens the transaction that it needs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from processing.storage import events, jobs
from processing.storage.port import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)


class Crash(Exception):
    """The process ends here."""


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def append(database: Database, machine: str, expected: int, body: str = "[]") -> events.Record:
    with database.transaction() as tx:
        return events.append(tx, machine, expected, body, kind="invoice", trace_id="t", now=NOW)


def history(database: Database, machine: str) -> events.History:
    with database.read() as tx:
        return events.load(tx, events.head(tx, machine), "f")


def feed(database: Database, after: int = 0, limit: int = 1000) -> list[events.Record]:
    with database.read() as tx:
        return events.feed(tx, after, limit)


def schedule(database: Database, key: str, due: datetime, now: datetime = NOW, queue: str = "machine") -> None:
    with database.transaction() as tx:
        jobs.schedule(tx, queue, key, due, now=now, trace_id="t")


def enqueue(database: Database, key: str, *payloads: str, queue: str = "delivery") -> None:
    with database.transaction() as tx:
        for payload in payloads:
            jobs.enqueue(tx, queue, key, NOW, payload=payload)


def claim(database: Database, now: datetime = NOW, queue: str = "machine", limit: int = 100) -> list[jobs.Claim]:
    with database.transaction() as tx:
        return jobs.claim(tx, queue, now=now, lease=LEASE, limit=limit)


def act(database: Database, action: Callable[..., bool], *args: object, **named: object) -> bool:
    with database.transaction() as tx:
        return action(tx, *args, **named)


def rows(database: Database) -> int:
    with database.read() as tx:
        return tx.execute("SELECT COUNT(*) FROM jobs").one()[0]


def in_parallel(tasks: list[Callable[[], object]]) -> list:
    """Runs each in a thread of its own; what one raises is raised here."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
