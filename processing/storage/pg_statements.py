"""Statements on one connection to PostgreSQL: prepared, several in one round trip, by libpq's own functions.

    link = Link(connection)
    [begun, rows] = link.run([("BEGIN", ()), ("SELECT sequence FROM machines WHERE id = $1", ("inv1",))])

psycopg makes the connection and the errors. Its cursors are passed by: a statement by them costs the caller 10 to 15
microseconds of processor time, by libpq's functions 3, in a pipeline 2, and a payment is made of a hundred.

Values are those of the port: int, str, bytes, bool and None go out; int, str, bytes, bool, Decimal and None come back.
"""

import select
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import ConnStatus, ExecStatus, PGresult

from processing.storage.port import Row

PREPARED_MAX = 512
"""Statements that a connection keeps prepared."""

PREPARED_AFTER = 2
"""Uses after which a statement is prepared."""

ZERO, STAND_IN = "\0", "\ufffe"
"""PostgreSQL's texts have no zero byte. Its place is taken by a code that is no character and that no text needs, so
that whatever a merchant sends as a key stays a key."""

Statement = tuple[str, Sequence[Any]]
"""SQL with $1, $2 .. and their values."""

Key = tuple[str, tuple[type, ...]]
"""SQL and the types of its values: what is prepared once."""

DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
INT8, TEXT, BYTEA, UNKNOWN = 20, 25, 17, 0
TYPES = {int: INT8, bool: INT8, str: TEXT, bytes: BYTEA, type(None): UNKNOWN}
"""One type on the wire for each type of the port, so that a statement is prepared once, whatever its values."""


def text(value: bytes) -> str:
    return value.decode()


def raw(value: bytes) -> bytes:
    """bytea as the server writes it: \\x and hex digits."""
    return bytes.fromhex(value[2:].decode())


READ: dict[int, Callable[[bytes], Any]] = {
    16: lambda value: value == b"t",
    17: raw,
    20: int,
    21: int,
    23: int,
    26: int,
    1700: lambda value: Decimal(value.decode()),
}
"""How a value of a type is read, by the type's number; any other is text."""


class PgRows:
    """The answer to one statement."""

    __slots__ = ("_result", "_rows")

    def __init__(self, result: PGresult) -> None:
        self._result = result
        self._rows: list[Row] | None = None

    @property
    def rowcount(self) -> int:
        return self._result.command_tuples or 0

    @property
    def command(self) -> str:
        """What the server says it did: "COMMIT", or "ROLLBACK" where it had given the transaction up."""
        return (self._result.command_status or b"").decode()

    def one(self) -> Row | None:
        rows = self.all()
        return rows[0] if rows else None

    def all(self) -> list[Row]:
        if self._rows is None:
            self._rows = rows_of(self._result)
        return self._rows


def rows_of(result: PGresult) -> list[Row]:
    """Every row, its values read by the types of their columns."""
    get, columns = result.get_value, range(result.nfields)
    read = [READ.get(result.ftype(column), text) for column in columns]
    found = []
    for number in range(result.ntuples):
        values = [get(number, column) for column in columns]
        found.append(
            tuple(None if value is None else as_type(value) for value, as_type in zip(values, read, strict=True))
        )
    return found


class Link:
    """A connection with the statements that it has prepared. Used by one thread at a time."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self._pg = connection.pgconn
        self._poll = select.poll()
        self._uses: dict[Key, int] = {}
        self._names: dict[Key, bytes] = {}
        self._count = 0

    def run(self, statements: Sequence[Statement]) -> list[PgRows]:
        """The answers, in order, for one round trip; what follows a statement that fails is not run.

        Raises the psycopg.Error of the first that fails.
        """
        if len(statements) == 1:
            return [self._run_one(*statements[0])]
        known = len(self._names)
        try:
            self._pg.enter_pipeline_mode()
            is_own = [flag for statement in statements for flag in self._send(*statement)]
            self._pg.pipeline_sync()
            results = list(self._results())
            self._pg.exit_pipeline_mode()
        except BaseException:
            self.connection.close()
            raise
        failed = next((result for result in results if result.status not in DONE), None)
        if failed is not None:
            self._forget_from(known)
            raise failure(failed)
        return [PgRows(result) for result, own in zip(results, is_own, strict=True) if own]

    def is_quiet(self) -> bool:
        """Whether the server has said nothing since: an unasked word of it is a farewell."""
        if self.connection.closed:
            return False
        self._poll.register(self._pg.socket, select.POLLIN)
        return not self._poll.poll(0)

    def _run_one(self, sql: str, values: Sequence[Any]) -> PgRows:
        """One statement alone: libpq waits for its answer, other threads run meanwhile."""
        key = (sql, tuple(map(type, values)))
        name, is_new = self._name(key)
        sent, formats = wire_values(values)
        if is_new:
            result = self._pg.prepare(name, sql.encode(), oids(key))
            if result.status not in DONE:
                self._forget_from(len(self._names) - 1)
                raise failure(result)
        if name is None:
            result = self._pg.exec_params(sql.encode(), sent, oids(key), formats)
        else:
            result = self._pg.exec_prepared(name, sent, formats)
        if result.status not in DONE:
            raise failure(result)
        return PgRows(result)

    def _send(self, sql: str, values: Sequence[Any]) -> tuple[bool, ...]:
        """Puts a statement into the pipeline; for each answer to come: whether it is the statement's own."""
        key = (sql, tuple(map(type, values)))
        name, is_new = self._name(key)
        sent, formats = wire_values(values)
        if name is None:
            self._pg.send_query_params(sql.encode(), sent, oids(key), formats)
            return (True,)
        if is_new:
            self._pg.send_prepare(name, sql.encode(), oids(key))
        self._pg.send_query_prepared(name, sent, formats)
        return (False, True) if is_new else (True,)

    def _results(self) -> Iterator[PGresult]:
        """What the server answers until it has done all that was sent. The thread waits in poll, not in libpq, which
        would keep all others waiting."""
        while True:
            while self._pg.flush() or self._pg.is_busy():
                self._poll.register(self._pg.socket, select.POLLIN | (select.POLLOUT if self._pg.flush() else 0))
                self._poll.poll()
                self._pg.consume_input()
            result = self._pg.get_result()
            if result is None:
                if self._pg.status != ConnStatus.OK:
                    raise psycopg.OperationalError("the connection is lost")
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return
            yield result

    def _name(self, key: Key) -> tuple[bytes | None, bool]:
        """The prepared statement's name, None while it is not worth one; whether it is yet to be prepared."""
        name = self._names.get(key)
        if name is not None:
            return name, False
        uses = self._uses[key] = self._uses.get(key, 0) + 1
        if uses < PREPARED_AFTER or len(self._names) >= PREPARED_MAX:
            return None, False
        self._count += 1
        name = self._names[key] = b"s%d" % self._count
        return name, True

    def _forget_from(self, number: int) -> None:
        """Of statements that may not have been prepared nothing is kept; their names are never used again."""
        for key in list(self._names)[number:]:
            del self._names[key]


def wire_values(values: Sequence[Any]) -> tuple[list[bytes | None], list[int] | None]:
    """Values as bytes, and the form of each: text, or binary for bytes; None where all are text, as nearly always."""
    sent: list[bytes | None] = []
    has_bytes = False
    for value in values:
        if isinstance(value, str):
            sent.append((value.replace(ZERO, STAND_IN) if ZERO in value else value).encode())
        elif value is None:
            sent.append(None)
        elif isinstance(value, bytes):
            has_bytes = True
            sent.append(value)
        else:
            sent.append(b"%d" % value)
    return sent, [int(isinstance(value, bytes)) for value in values] if has_bytes else None


def oids(key: Key) -> list[int]:
    """The types of the values, by number; enumerations are what they are made of. StopIteration for a foreign type."""
    return [next(TYPES[base] for base in kind.__mro__ if base in TYPES) for kind in key[1]]


def failure(result: PGresult) -> psycopg.Error:
    """What the server refused, as psycopg names it; an answer of no server is a lost connection."""
    error = errors.error_from_result(result)
    return error if error.sqlstate else psycopg.OperationalError(str(error))
