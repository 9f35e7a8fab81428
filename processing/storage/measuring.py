"""What this machine's disk allows: `python -m processing.storage.measuring [threads] [seconds] [where]`.

One transaction is what a step of a machine costs at least: a record appended, its timer set, its outbox row, one sync.
Writes one JSON line: transactions a second, and milliseconds of the median and the 99th percentile as a caller waits.
`where` is a directory for a SQLite file on the file system to be measured, or the URL of an empty PostgreSQL database.
"""

import json
import secrets
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from processing.storage import events, jobs
from processing.storage.migrations import migrate
from processing.storage.port import Database
from processing.storage.postgres import PostgresDatabase
from processing.storage.sqlite import SqliteDatabase
from settings.clock import system_clock

BODY = json.dumps([{"kind": "payment_status_changed", "format": 1, "event": {"payment_id": "1", "note": "x" * 400}}])


def step(database: Database, machine_id: str, expected: int) -> None:
    """One transaction."""
    now = system_clock()
    with database.transaction() as tx:
        record = events.append(tx, machine_id, expected, BODY, kind="invoice", trace_id="measured", now=now)
        jobs.schedule(tx, "machine", machine_id, now, now=now, trace_id="measured")
        jobs.enqueue(tx, "fanout", machine_id, now, payload=str(record.id), position=record.id)


def measure(database: Database, threads: int, seconds: float) -> dict[str, Any]:
    """Steps of as many machines as there are threads, for so long."""
    waits_ms: list[float] = []
    end = time.perf_counter() + seconds

    def run(name: str) -> None:
        expected = 0
        while (began := time.perf_counter()) < end:
            step(database, name, expected)
            waits_ms.append((time.perf_counter() - began) * 1000)
            expected += 1

    workers = [threading.Thread(target=run, args=(f"machine-{secrets.token_hex(4)}",)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    waits_ms.sort()
    return {
        "threads": threads,
        "transactions_per_s": round(len(waits_ms) / seconds),
        "wait_ms_p50": round(waits_ms[len(waits_ms) // 2], 3),
        "wait_ms_p99": round(waits_ms[len(waits_ms) * 99 // 100], 3),
    }


def main(threads: str = "1", seconds: str = "5", where: str | None = None) -> None:
    """Measures PostgreSQL where a URL is given, else SQLite in a temporary folder below `where`."""
    if where and where.startswith("postgresql:"):
        report(PostgresDatabase(where, connections_max=int(threads)), threads, seconds)
        return
    with tempfile.TemporaryDirectory(dir=where) as folder:
        report(SqliteDatabase(Path(folder) / "measured.sqlite"), threads, seconds)


def report(database: Database, threads: str, seconds: str) -> None:
    """Measures and writes the line."""
    migrate(database, system_clock())
    measured = {"database": database.dialect, **measure(database, int(threads), float(seconds))}
    sys.stdout.write(json.dumps(measured) + "\n")
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
