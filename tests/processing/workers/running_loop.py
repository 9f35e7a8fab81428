"""A loop at work on queues of a test, and what its table of jobs says."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from processing.storage import jobs
from processing.storage.port import Database
from processing.workers.loop import Loop, Queue
from settings.clock import system_clock

LEASE = timedelta(seconds=60)


@contextmanager
def working(database: Database, *queues: Queue) -> Iterator[Loop]:
    loop = Loop(database, system_clock, queues)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop(5)


def queue(handle: Callable, threads: int = 2, **more: object) -> Queue:
    return Queue("q", handle, threads, LEASE, **more)


def enqueue(database: Database, *keys_and_payloads: tuple[str, str], queue: str = "q") -> None:
    with database.transaction() as tx:
        for key, payload in keys_and_payloads:
            jobs.enqueue(tx, queue, key, system_clock(), payload=payload, trace_id="a-trace")


def rows(database: Database) -> list[tuple]:
    with database.read() as tx:
        return tx.execute("SELECT key, attempts, last_error, claim FROM jobs ORDER BY key, position").all()


def until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
