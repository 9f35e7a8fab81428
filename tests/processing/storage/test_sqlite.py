"""SQLite behind the port: the conformance suite, and what only this implementation promises."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from processing.storage.migrations import migrate
from processing.storage.port import OutcomeUnknown, Unavailable
from processing.storage.sqlite import SqliteDatabase
from tests.processing.storage.conformance import *  # noqa: F403
from tests.processing.storage.port_calls import NOW, append, feed


@pytest.fixture
def open_database(tmp_path: Path) -> Callable[[], SqliteDatabase]:
    def open_one() -> SqliteDatabase:
        database = SqliteDatabase(tmp_path / "data" / "platform.sqlite")
        migrate(database, NOW)
        return database

    return open_one


def test_every_commit_reaches_the_disk(database: SqliteDatabase):
    with database.transaction() as tx:
        assert tx.execute("PRAGMA journal_mode").one() == ("wal",)
        assert tx.execute("PRAGMA synchronous").one() == (2,)
        assert tx.execute("PRAGMA foreign_keys").one() == (1,)


def test_what_is_deleted_is_gone_from_the_disk_where_secrets_are_kept(tmp_path: Path):
    database = SqliteDatabase(tmp_path / "secrets.sqlite", erases=True)
    with database.transaction() as tx:
        tx.execute("CREATE TABLE secrets (secret TEXT)")
        tx.execute("INSERT INTO secrets VALUES (?)", ("to-be-forgotten",))
    assert database.empty_log()
    assert b"to-be-forgotten" in database.path.read_bytes()
    with database.transaction() as tx:
        tx.execute("DELETE FROM secrets")
    with database.read() as tx:
        assert tx.execute("SELECT * FROM secrets").all() == []
        assert not database.empty_log()
    assert database.empty_log()
    assert not any(b"to-be-forgotten" in file.read_bytes() for file in tmp_path.iterdir())


def test_a_writer_that_waits_too_long_is_unavailable(database: SqliteDatabase):
    impatient = SqliteDatabase(database.path, busy_timeout_ms=30)
    with database.transaction(), pytest.raises(Unavailable), impatient.transaction():
        pass
    append(impatient, "i1", 0)


def test_a_thread_that_waits_too_long_is_unavailable(database: SqliteDatabase):
    database._timeout_s = 0.03
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with database.transaction():
            entered.set()
            leave.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait(5)
    with pytest.raises(Unavailable), database.transaction():
        pass
    leave.set()
    holder.join()


def test_a_path_that_cannot_be_opened_is_unavailable(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable), SqliteDatabase(tmp_path / "file" / "x.sqlite").read():
        pass


def test_a_full_disk_is_unavailable_and_nothing_is_done(database: SqliteDatabase):
    with database.transaction() as tx:
        pages = tx.execute("PRAGMA page_count").one()[0]
        tx.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable):
        append(database, "i1", 0, "x" * 10_000_000)
    with database.transaction() as tx:
        tx.execute("PRAGMA max_page_count = 100000")
    assert feed(database) == []
    assert append(database, "i1", 0).id == 1


def test_a_statement_that_is_wrong_is_a_mistake_of_ours(database: SqliteDatabase):
    with pytest.raises(sqlite3.OperationalError, match="no such table"), database.transaction() as tx:
        tx.execute("SELECT 1 FROM nowhere")


class FailingCommit:
    """A connection whose disk fails at the commit."""

    in_transaction = False

    def execute(self, sql: str, params: tuple = ()) -> sqlite3.Cursor:
        if sql == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        return sqlite3.connect(":memory:").cursor()

    def close(self) -> None:
        pass


def test_a_commit_that_fails_is_an_unknown_outcome_and_the_next_one_works(database: SqliteDatabase):
    database.close()
    database._writer = FailingCommit()
    with pytest.raises(OutcomeUnknown), database.transaction():
        pass
    append(database, "i1", 0)
    assert len(feed(database)) == 1


WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from processing.storage import events
    from processing.storage.sqlite import SqliteDatabase
    from settings.clock import system_clock
    database = SqliteDatabase(Path(sys.argv[1]))
    for n in range(100000):
        with database.transaction() as tx:
            record = events.append(tx, f"i{n}", 0, "[]", kind="invoice", trace_id="t", now=system_clock())
        print(record.id, flush=True)
""")


def test_what_a_killed_process_acknowledged_is_there(database: SqliteDatabase):
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(database.path)], stdout=subprocess.PIPE, text=True)
    acknowledged = [int(process.stdout.readline()) for _ in range(50)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout.read().splitlines() if line]
    process.wait()
    process.stdout.close()
    stored = [record.id for record in feed(database, limit=10**6)]
    assert stored[: len(acknowledged)] == acknowledged
    assert len(stored) - len(acknowledged) in (0, 1)


def test_two_processes_take_turns_without_starving(database: SqliteDatabase):
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(database.path)], stdout=subprocess.DEVNULL)
    try:
        while not feed(database):
            time.sleep(0.01)
        longest = 0.0
        for n in range(50):
            began = time.monotonic()
            append(database, f"mine{n}", 0)
            longest = max(longest, time.monotonic() - began)
    finally:
        process.kill()
        process.wait()
    assert longest < 2
