"""The port upon SQLite, by the standard library: write-ahead log, every commit synced to the disk.

SQLite has one writer at a time over all processes. Within a process writers queue at a lock and share one connection;
between processes they try again every fraction of a millisecond, because SQLite's own waiting sleeps up to 100 ms.
Readers have connections of their own and wait for nobody.
"""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from processing.storage.moments import from_ms
from processing.storage.port import OutcomeUnknown, Row, Unavailable

RETRY_S = (0.0001, 0.0008)
"""Shortest and longest pause between two tries to become the writer: a transaction takes about as long."""

WATCH_S = (0.01, 0.05)
"""How often a watcher looks: at first, and when nothing has happened for a while."""

NOT_DONE = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
    )
)
"""Codes of a database that is away, not of a statement that is wrong. Before the commit they mean: nothing was done."""

NOT_COMMITTED = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL))
"""Codes of a commit that surely did not happen; after any other the log may hold it."""

READERS_KEPT_MAX = 32
STATEMENTS_CACHED = 512

DRAW = (
    "INSERT INTO counters (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value"
)


class SqliteRows:
    __slots__ = ("_rows", "rowcount")

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._rows: list[Row] = cursor.fetchall()
        self.rowcount = cursor.rowcount

    def one(self) -> Row | None:
        return self._rows[0] if self._rows else None

    def all(self) -> list[Row]:
        return self._rows


class SqliteTx:
    """A transaction, or a moment to read, on one connection. Locks of rows have no meaning here: a writer is alone."""

    __slots__ = ("_actions", "_connection", "memory")
    row_lock = ""
    skip_locked = ""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._actions: list[Callable[[], None]] = []
        self.memory: dict[str, Any] = {}

    def execute(self, sql: str, params: Sequence[Any] = ()) -> SqliteRows:
        return SqliteRows(self._connection.execute(sql, params))

    def soon(self, sql: str, params: Sequence[Any] = ()) -> SqliteRows:
        """At once: a statement costs no round trip here."""
        return self.execute(sql, params)

    def execute_each(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    def later(
        self, sql: str, params: Sequence[Any] = (), or_raise: BaseException | None = None, *, wakes: bool = False
    ) -> None:
        """At once: a statement costs no round trip here."""
        if not self._connection.execute(sql, params).rowcount and or_raise is not None:
            raise or_raise

    def draw_each(self, counter: str, count: int) -> list[int]:
        first = self.draw(counter, count)
        return list(range(first, first + count))

    def draw(self, counter: str, count: int = 1) -> int:
        return self.execute(DRAW, (counter, count)).one()[0] - count + 1

    def settled(self, counter: str) -> int:
        row = self.execute("SELECT value FROM counters WHERE name = ?", (counter,)).one()
        return row[0] if row else 0

    def wake(self) -> None:
        """Nothing to do: a watcher sees every commit."""

    def after_commit(self, action: Callable[[], None]) -> None:
        self._actions.append(action)

    def committed(self) -> None:
        """Runs what waited for the commit."""
        for action in self._actions:
            action()


class SqliteWatch:
    """Looks at the number that SQLite changes with each commit of another connection: shared memory, no disk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._seen = self._version()
        self._pause_s = WATCH_S[0]

    def _version(self) -> int:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def wait(self, timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        while True:
            seen = self._version()
            if seen != self._seen:
                self._seen = seen
                self._pause_s = WATCH_S[0]
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(self._pause_s, left))
            self._pause_s = min(self._pause_s * 1.05, WATCH_S[1])

    def close(self) -> None:
        self._connection.close()


class SqliteDatabase:
    """`path` is made, with its directory, on first use. `busy_timeout_ms` bounds the wait for other writers.

    `erases`: what is deleted is overwritten in the file, for secrets that must be gone; `empty_log` for the log.
    """

    dialect = "sqlite"

    def __init__(self, path: Path | str, *, busy_timeout_ms: int = 5000, erases: bool = False) -> None:
        self.path = Path(path)
        self._timeout_s = busy_timeout_ms / 1000
        self._erases = erases
        self._turn = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._writing_thread: int | None = None
        self._readers: list[sqlite3.Connection] = []

    @contextmanager
    def transaction(self) -> Iterator[SqliteTx]:
        me = threading.get_ident()
        if self._writing_thread == me:
            raise RuntimeError("A transaction inside a transaction: pass the tx on instead.")
        if not self._turn.acquire(timeout=self._timeout_s):
            raise Unavailable("the database is busy")
        try:
            self._writing_thread = me
            tx = self._write()
            yield from self._begun(tx)
        finally:
            self._writing_thread = None
            self._turn.release()
        tx.committed()

    def _write(self) -> SqliteTx:
        if self._writer is None:
            self._writer = self._connect(busy_timeout_s=0)
        begin(self._writer, self._timeout_s)
        return SqliteTx(self._writer)

    def _begun(self, tx: SqliteTx) -> Iterator[SqliteTx]:
        connection = self._writer
        try:
            yield tx
        except sqlite3.OperationalError as failure:
            roll_back(connection)
            raise as_unavailable(failure) from failure
        except BaseException:
            roll_back(connection)
            raise
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as failure:
            self._writer = None
            with suppress(sqlite3.Error):
                roll_back(connection)
            connection.close()
            kind = Unavailable if code_of(failure) in NOT_COMMITTED else OutcomeUnknown
            raise kind(str(failure)) from failure

    @contextmanager
    def read(self) -> Iterator[SqliteTx]:
        connection = self._reader()
        try:
            connection.execute("BEGIN")
            yield SqliteTx(connection)
        except sqlite3.OperationalError as failure:
            raise as_unavailable(failure) from failure
        finally:
            roll_back(connection)
            self._keep(connection)

    def ask(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        connection = self._reader()
        try:
            return connection.execute(sql, params).fetchall()
        except sqlite3.OperationalError as failure:
            raise as_unavailable(failure) from failure
        finally:
            self._keep(connection)

    def _keep(self, connection: sqlite3.Connection) -> None:
        if len(self._readers) < READERS_KEPT_MAX:
            self._readers.append(connection)
        else:
            connection.close()

    def _reader(self) -> sqlite3.Connection:
        with suppress(IndexError):
            return self._readers.pop()
        connection = self._connect(busy_timeout_s=self._timeout_s)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def clock(self) -> datetime:
        with self.read() as tx:
            return from_ms(1000 * tx.execute("SELECT CAST(strftime('%s', 'now') AS INTEGER)").one()[0])

    def watch(self) -> SqliteWatch:
        return SqliteWatch(self._connect(busy_timeout_s=self._timeout_s))

    def empty_log(self) -> bool:
        """Moves all that is committed from the log to the file; False while somebody reads an older state."""
        with self._turn:
            if self._writer is None:
                self._writer = self._connect(busy_timeout_s=0)
            return self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0

    def close(self) -> None:
        with self._turn:
            for connection in [self._writer, *self._readers]:
                if connection is not None:
                    connection.close()
            self._writer, self._readers = None, []

    def _connect(self, busy_timeout_s: float) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path,
                timeout=self._timeout_s,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENTS_CACHED,
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA secure_delete = {int(self._erases)}")
            connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout_s * 1000)}")
        except (OSError, sqlite3.Error) as failure:
            raise Unavailable(f"{self.path}: {failure}") from failure
        return connection


def begin(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Becomes the one writer, or raises Unavailable."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as failure:
            is_busy = code_of(failure) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not is_busy or time.monotonic() > end:
                raise Unavailable(str(failure)) from failure
        time.sleep(random.uniform(*RETRY_S))  # noqa: S311 - spreads writers, guards nothing


def roll_back(connection: sqlite3.Connection) -> None:
    """Ends the transaction if it is still open: SQLite ends one by itself when its disk fails."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def as_unavailable(failure: sqlite3.OperationalError) -> Exception:
    """Unavailable for a database that is away; the failure itself for a statement that is wrong."""
    return Unavailable(str(failure)) if code_of(failure) in NOT_DONE else failure


def code_of(failure: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the module itself refused."""
    return (getattr(failure, "sqlite_errorcode", None) or 0) & 0xFF
