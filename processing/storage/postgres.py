"""The port upon PostgreSQL 13 or newer, by psycopg.

Transactions are READ COMMITTED with row locks: a writer that meets another's row waits for it and then sees what that
one left, so hot rows (a shop's balance) cost waiting and no repeats. A reader has one snapshot and waits for nobody.
Numbers come from sequences (migration 000), so no writer waits for the order of events either.

Settings that matter on the server: max_connections above the sum of every process's pool, two more for each, and
synchronous_commit not off (it is switched on here for our own sessions).
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from processing.storage.moments import from_ms
from processing.storage.pg_connections import Connections, connect
from processing.storage.pg_statements import Link, PgRows
from processing.storage.pg_waiting import RowsToCome, Waiting, merged, translated
from processing.storage.port import Conflict, OutcomeUnknown, Row, Unavailable

CHANNEL = "capi_commits"
BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
BEGIN_WRITING = "BEGIN"

ROW_LOCK = " FOR NO KEY UPDATE"
"""Does not hold up those who only refer to the row."""

NOTIFY_PAUSE_S = 0.01
"""Shortest time between two notifications of one process: each is a transaction of its own, and makes all workers look.
"""

PASSED_BY = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)
"""Somebody else was quicker: the same transaction, begun anew, sees what they did."""

SURELY_ROLLED_BACK = (errors.SerializationFailure, errors.DeadlockDetected, errors.IntegrityError, errors.DiskFull)
"""Answers to a commit that leave no doubt; after any other it may have happened."""


class PgTx:
    """A transaction, or a moment to read, on one connection.

    What nobody waits for is kept (`later`, also the BEGIN) and goes out with the next statement that somebody does.
    """

    __slots__ = ("_actions", "_begin", "_drawn_from", "_link", "_waiting", "is_begun", "memory", "rings",
                 "row_lock", "skip_locked")  # fmt: skip

    def __init__(self, link: Link, begin: str) -> None:
        self._link = link
        self._begin = begin
        self._drawn_from: set[str] = set()
        self._actions: list[Callable[[], None]] = []
        self._waiting: list[Waiting] = []
        self.row_lock = ROW_LOCK if self.writes else ""
        self.skip_locked = f"{self.row_lock} SKIP LOCKED" if self.writes else ""
        self.memory: dict[str, Any] = {}
        self.is_begun = False
        self.rings = False

    def execute(self, sql: str, params: Sequence[Any] = ()) -> PgRows:
        return self._send(Waiting(translated(sql), params))[-1]

    def soon(self, sql: str, params: Sequence[Any] = ()) -> RowsToCome:
        rows = RowsToCome(self.flush)
        self._waiting.append(Waiting(translated(sql), params, rows=rows))
        return rows

    def execute_each(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        words = translated(sql)
        self._waiting += [Waiting(words, row) for row in rows]

    def later(
        self, sql: str, params: Sequence[Any] = (), or_raise: BaseException | None = None, *, wakes: bool = False
    ) -> None:
        self._waiting.append(Waiting(translated(sql), params, or_raise, wakes))

    def flush(self) -> None:
        """Sends what is waiting. Raises what was to be raised for a statement that touched no row."""
        if self._waiting:
            self._send()

    def _send(self, *asked: Waiting) -> list[PgRows]:
        waiting, self._waiting = [*merged(self._waiting), *asked], []
        if self.is_begun:
            answers = self._link.run([each[:2] for each in waiting])
        else:
            self.is_begun = True
            answers = self._link.run([(self._begin, ()), *(each[:2] for each in waiting)])[1:]
        for each, answer in zip(waiting, answers, strict=True):
            if each.rows is not None:
                each.rows.come(answer)
            if each.refusal is not None and not answer.rowcount:
                raise each.refusal
            if each.wakes and answer.rowcount:
                self.rings = True
        return answers

    @property
    def writes(self) -> bool:
        return self._begin == BEGIN_WRITING

    def draw(self, counter: str, count: int = 1) -> int:
        """Of several numbers the first that are found in a row; those drawn in between are given to nobody."""
        first = last = self._draw(counter)
        while last < first + count - 1:
            drawn = self._draw(counter)
            first = first if drawn == last + 1 else drawn
            last = drawn
        return first

    def draw_each(self, counter: str, count: int) -> list[int]:
        if count == 1:
            return [self._draw(counter)]
        self._drawn_from.add(counter)
        more = "SELECT nextval(format('%I', 'counter_' || ?)::regclass) FROM generate_series(2, ?)"
        rows = self.execute(f"SELECT draw_number(?) UNION ALL {more}", (counter, counter, count)).all()
        return sorted(row[0] for row in rows)

    def _draw(self, counter: str) -> int:
        if counter in self._drawn_from:
            return self.execute("SELECT nextval(format('%I', 'counter_' || ?)::regclass)", (counter,)).one()[0]
        self._drawn_from.add(counter)
        return self.execute("SELECT draw_number(?)", (counter,)).one()[0]

    def settled(self, counter: str) -> int:
        """A reader asks before its first statement: what it sees is fixed then, and the answer must not be newer."""
        if self.writes:
            return self.execute("SELECT settled_number(?)", (counter,)).one()[0]
        if self.is_begun:
            raise RuntimeError("A reader asks for the settled number before it reads anything.")
        return self._link.run([("SELECT settled_number($1)", (counter,))])[0].one()[0]

    def wake(self) -> None:
        self.rings = True

    def after_commit(self, action: Callable[[], None]) -> None:
        self._actions.append(action)

    def committed(self) -> None:
        """Runs what waited for the commit."""
        for action in self._actions:
            action()

    def settle_conditions(self) -> None:
        """Sends what is waiting if something is to be raised for it, for after a commit that would be too late."""
        if any(each.refusal is not None for each in self._waiting):
            self.flush()

    def commit(self) -> None:
        """With the last statements, in one round trip. Raises Unavailable where the server gave the transaction up."""
        if not self.is_begun and not self._waiting:
            return
        if self._send(Waiting("COMMIT", ()))[-1].command != "COMMIT":
            raise Unavailable("a statement of the transaction had failed")

    def roll_back(self) -> None:
        """Ends the transaction without effect."""
        if self.is_begun:
            self._link.run([("ROLLBACK", ())])


class PgWatch:
    """Listens on a connection of its own."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, timeout_s: float) -> bool:
        try:
            return any(True for _ in self._connection.notifies(timeout=timeout_s, stop_after=1))
        except psycopg.OperationalError as failure:
            raise Unavailable(str(failure)) from failure

    def close(self) -> None:
        self._connection.close()


class Bell:
    """Tells the watchers of every process after a commit, from a thread of its own.

    A NOTIFY inside the transaction would make every such commit wait for the one before it, disk included. One that is
    lost (the process dies between commit and notification) is made up for by whoever looks from time to time anyway.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._rung = threading.Event()
        self._is_closed = False
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Returns at once."""
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                    self._thread.start()
        self._rung.set()

    def close(self) -> None:
        """Ends the thread."""
        self._is_closed = True
        self._rung.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        connection: psycopg.Connection | None = None
        while self._rung.wait() and not self._is_closed:
            self._rung.clear()
            try:
                if connection is None:
                    connection = connect(self._url)
                    connection.execute("SET synchronous_commit = off")
                connection.execute(f"NOTIFY {CHANNEL}")
            except (psycopg.Error, Unavailable):
                if connection is not None:
                    connection.close()
                connection = None
            time.sleep(NOTIFY_PAUSE_S)
        if connection is not None:
            connection.close()


class PostgresDatabase:
    """`url` is a libpq connection string, postgresql://user@host:5432/name?sslmode=verify-full or key=value words.

    `busy_timeout_ms` bounds each wait, for a connection of the pool and for another's lock; `statement_timeout_ms` one
    statement. After a restart of the server the next transaction connects anew.
    """

    dialect = "postgresql"

    def __init__(
        self,
        url: str,
        *,
        connections_max: int = 16,
        busy_timeout_ms: int = 5000,
        statement_timeout_ms: int = 30_000,
    ) -> None:
        self.url = url
        self._connections = Connections(url, connections_max, busy_timeout_ms, statement_timeout_ms)
        self._writing_threads: set[int] = set()
        self._bell = Bell(url)

    @contextmanager
    def transaction(self) -> Iterator[PgTx]:
        me = threading.get_ident()
        if me in self._writing_threads:
            raise RuntimeError("A transaction inside a transaction: pass the tx on instead.")
        with self._connections.one() as link:
            self._writing_threads.add(me)
            try:
                tx = PgTx(link, BEGIN_WRITING)
                yield from finishing(tx, link.connection, commit)
            finally:
                self._writing_threads.discard(me)
        if tx.rings:
            self._bell.ring()
        tx.committed()

    @contextmanager
    def read(self) -> Iterator[PgTx]:
        with self._connections.one() as link:
            yield from finishing(PgTx(link, BEGIN_READING), link.connection, roll_back)

    def ask(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        with self._connections.one() as link:
            try:
                return link.run([(translated(sql), params)])[0].all()
            except psycopg.Error as failure:
                raise in_our_words(failure, writes=False) from failure

    def clock(self) -> datetime:
        with self.read() as tx:
            return from_ms(1000 * tx.execute("SELECT CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)").one()[0])

    def watch(self) -> PgWatch:
        return PgWatch(connect(self.url))

    def close(self) -> None:
        self._bell.close()
        self._connections.close()


def finishing(
    tx: PgTx, connection: psycopg.Connection, end: Callable[[PgTx, psycopg.Connection], None]
) -> Iterator[PgTx]:
    """Gives out `tx`, then ends it with `end`; rolls back and says in the port's words what went wrong inside."""
    try:
        yield tx
        tx.settle_conditions()
    except psycopg.Error as failure:
        roll_back(tx, connection)
        raise in_our_words(failure, tx.writes) from failure
    except BaseException:
        roll_back(tx, connection)
        raise
    end(tx, connection)


def commit(tx: PgTx, connection: psycopg.Connection) -> None:
    """Makes the transaction durable. Raises OutcomeUnknown when the answer did not come."""
    try:
        tx.commit()
    except psycopg.Error as failure:
        is_undone = not connection.closed and connection.info.transaction_status == TransactionStatus.INERROR
        if is_undone:
            roll_back(tx, connection)
        else:
            connection.close()
        if is_undone or isinstance(failure, SURELY_ROLLED_BACK):
            raise in_our_words(failure) from failure
        raise OutcomeUnknown(str(failure)) from failure


def roll_back(tx: PgTx, connection: psycopg.Connection) -> None:
    """Ends the transaction; a connection on which that fails is given up, which ends it too."""
    try:
        tx.roll_back()
    except psycopg.Error:
        with suppress(psycopg.Error):
            connection.close()


def in_our_words(failure: psycopg.Error, writes: bool = True) -> Exception:
    """Conflict, Unavailable, or the failure itself where a statement is wrong, as a reader's attempt to write is."""
    if isinstance(failure, PASSED_BY):
        return Conflict(str(failure))
    is_standby = writes and isinstance(failure, errors.ReadOnlySqlTransaction)
    if is_standby or isinstance(failure, psycopg.OperationalError):
        return Unavailable(str(failure))
    return failure
