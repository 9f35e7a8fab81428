"""The bank's books: what it holds, took and gave back, every operation as it was answered, and calls still to be made.

SQLite, one process, one connection. WAL with synchronous NORMAL: a power cut may lose the last moments, a killed
process loses nothing, which is enough for a simulator and keeps a commit cheap. Amounts are minor units, moments are
milliseconds since 1970. A card is kept masked; its CVC is never kept.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS authorisations (
    txn TEXT PRIMARY KEY, merchant TEXT NOT NULL, reference TEXT NOT NULL, card TEXT NOT NULL, currency TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), take_at_once INTEGER NOT NULL, behaviour TEXT, return_url TEXT,
    notify_url TEXT, trace TEXT, creq TEXT UNIQUE, cres TEXT, authentication TEXT, state TEXT NOT NULL,
    held INTEGER NOT NULL, taken INTEGER NOT NULL, returned INTEGER NOT NULL, disputed INTEGER NOT NULL,
    CHECK (held >= 0 AND taken >= 0 AND held + taken <= amount AND returned >= 0 AND disputed >= 0
           AND returned + disputed <= taken)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, merchant TEXT NOT NULL, reference TEXT,
    txn TEXT, amount INTEGER, currency TEXT, result TEXT NOT NULL, code TEXT NOT NULL, detail TEXT, rrn TEXT,
    approval TEXT, due_at INTEGER, due_step TEXT, created_at INTEGER NOT NULL, UNIQUE (merchant, reference)
);
CREATE INDEX IF NOT EXISTS operations_of ON operations (txn);
CREATE INDEX IF NOT EXISTS operations_due ON operations (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS disputes (
    id TEXT PRIMARY KEY, txn TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), levy INTEGER NOT NULL,
    reason TEXT NOT NULL, created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS notices (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, body BLOB NOT NULL, trace TEXT, due_at INTEGER, attempts INTEGER NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS notices_due ON notices (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS visits (
    merchant TEXT NOT NULL, reference TEXT NOT NULL, requests INTEGER NOT NULL, PRIMARY KEY (merchant, reference)
) WITHOUT ROWID;
"""


@dataclass(slots=True)
class Authorisation:
    """A row of authorisations. `state`: WAITING, HELD, TAKEN, RELEASED or DECLINED."""

    txn: str
    merchant: str
    reference: str
    card: str
    currency: str
    amount: int
    take_at_once: bool
    behaviour: str | None
    return_url: str | None
    notify_url: str | None
    trace: str | None
    creq: str | None = None
    cres: str | None = None
    authentication: str | None = None
    state: str = "WAITING"
    held: int = 0
    taken: int = 0
    returned: int = 0
    disputed: int = 0


@dataclass(slots=True)
class Operation:
    """A row of operations. `result`: APPROVED, DECLINED, CHALLENGE or PENDING; the last two become one of the first."""

    number: int
    id: str
    kind: str
    merchant: str
    reference: str | None
    txn: str | None
    amount: int | None
    currency: str | None
    result: str
    code: str
    created_at: int
    detail: str | None = None
    rrn: str | None = None
    approval: str | None = None
    due_at: int | None = None
    due_step: str | None = None


@dataclass(slots=True)
class Dispute:
    """A row of disputes."""

    id: str
    txn: str
    amount: int
    levy: int
    reason: str
    created_at: int


@dataclass(slots=True)
class Notice:
    """A row of notices: a call to make. `outcome`: QUEUED, DELIVERED or GIVEN UP."""

    id: str
    url: str
    body: bytes
    trace: str | None
    due_at: int | None
    attempts: int = 0
    outcome: str = "QUEUED"


TABLE_OF = {Authorisation: "authorisations", Operation: "operations", Dispute: "disputes", Notice: "notices"}
COLUMNS = {kind: ", ".join(field.name for field in fields(kind)) for kind in TABLE_OF}
SELECT = {kind: f"SELECT {COLUMNS[kind]} FROM {table}" for kind, table in TABLE_OF.items()}  # noqa: S608 - fixed names
INSERT = {
    kind: f"INSERT INTO {table} ({COLUMNS[kind]}) VALUES ({', '.join('?' * len(fields(kind)))})"  # noqa: S608
    for kind, table in TABLE_OF.items()
}
CHANGED = {
    Authorisation: ("txn", ("creq", "cres", "authentication", "state", "held", "taken", "returned", "disputed")),
    Operation: ("id", ("result", "code", "detail", "rrn", "approval", "due_at", "due_step")),
    Notice: ("id", ("due_at", "attempts", "outcome")),
}
UPDATE = {
    kind: f"UPDATE {TABLE_OF[kind]} SET {', '.join(f'{name} = ?' for name in names)} WHERE {key} = ?"  # noqa: S608
    for kind, (key, names) in CHANGED.items()
}

Row = Authorisation | Operation | Dispute | Notice


class Books:
    """The open file. Not for several threads: the whole bank lives in one event loop."""

    def __init__(self, path: Path | str) -> None:
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(TABLES)
        self._number = self._scalar("SELECT coalesce(max(number), 0) FROM operations")

    def close(self) -> None:
        self._connection.close()

    def is_open(self) -> bool:
        """Whether the file still answers."""
        try:
            return self._scalar("SELECT 1") == 1
        except sqlite3.Error:
            return False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Never held across an await."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def next_number(self) -> int:
        """Numbers of operations, without repeats over the life of the books."""
        self._number += 1
        return self._number

    def insert(self, row: Row) -> None:
        self._connection.execute(INSERT[type(row)], astuple(row))

    def update(self, row: Row) -> None:
        """Writes the columns that may change."""
        key, names = CHANGED[type(row)]
        values = [getattr(row, name) for name in names]
        self._connection.execute(UPDATE[type(row)], (*values, getattr(row, key)))

    def visit(self, merchant: str, reference: str) -> int:
        """Counts a request to authorise under this reference, whatever becomes of it; returns how many there were."""
        return self._scalar(
            "INSERT INTO visits VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET requests = requests + 1 RETURNING requests",
            merchant,
            reference,
        )

    def authorisation(self, txn: str) -> Authorisation | None:
        return self._one(Authorisation, "WHERE txn = ?", txn)

    def authorisation_by_creq(self, creq: str) -> Authorisation | None:
        return self._one(Authorisation, "WHERE creq = ?", creq)

    def operation(self, merchant: str, reference: str) -> Operation | None:
        return self._one(Operation, "WHERE merchant = ? AND reference = ?", merchant, reference)

    def authorising_operation(self, txn: str) -> Operation | None:
        """The operation that opened the authorisation; both have one id."""
        return self._one(Operation, "WHERE id = ?", txn)

    def due_operations(self, now: int) -> list[Operation]:
        return self._all(Operation, "WHERE due_at <= ? ORDER BY due_at LIMIT 200", now)

    def due_notices(self, now: int) -> list[Notice]:
        return self._all(Notice, "WHERE due_at <= ? ORDER BY due_at LIMIT 50", now)

    def next_due_at(self) -> int | None:
        """The moment at which the next thing falls due by itself."""
        return self._scalar(
            "SELECT min(due_at) FROM (SELECT min(due_at) AS due_at FROM operations WHERE due_at IS NOT NULL"
            " UNION ALL SELECT min(due_at) FROM notices WHERE due_at IS NOT NULL)"
        )

    def listing(self, kind: type[Row], limit: int, reference: str | None) -> list[Any]:
        """The newest `limit` rows; of one payment when `reference` (of its authorisation) is given."""
        order = {Authorisation: "txn DESC", Operation: "number DESC"}[kind]
        if reference is None:
            return self._all(kind, f"ORDER BY {order} LIMIT ?", limit)
        of = "txn IN (SELECT txn FROM authorisations WHERE reference = ?) OR reference = ?"
        return self._all(kind, f"WHERE {of} ORDER BY {order} LIMIT ?", reference, reference, limit)

    def visits(self, limit: int, reference: str | None) -> dict[str, int]:
        """Requests to authorise, by reference."""
        where, values = ("WHERE reference = ?", (reference,)) if reference else ("", ())
        statement = f"SELECT reference, requests FROM visits {where} LIMIT ?"  # noqa: S608 - fixed texts
        return dict(self._connection.execute(statement, (*values, limit)))

    def disputes(self, limit: int) -> list[Dispute]:
        return self._all(Dispute, "ORDER BY created_at DESC LIMIT ?", limit)

    def notices(self, limit: int) -> list[Notice]:
        return self._all(Notice, "ORDER BY rowid DESC LIMIT ?", limit)

    def totals(self) -> list[tuple[Any, ...]]:
        """Per currency: authorisations, then minor units held, taken, returned, disputed."""
        return self._connection.execute(
            "SELECT currency, count(*), sum(held), sum(taken), sum(returned), sum(disputed)"
            " FROM authorisations GROUP BY currency"
        ).fetchall()

    def counts(self) -> list[tuple[str, str, int]]:
        """(kind, result, how many) over all operations."""
        statement = "SELECT kind, result, count(*) FROM operations GROUP BY kind, result"
        return self._connection.execute(statement).fetchall()

    def _scalar(self, statement: str, *values: Any) -> Any:
        return self._connection.execute(statement, values).fetchone()[0]

    def _one(self, kind: type[Row], where: str, *values: Any) -> Any:
        row = self._connection.execute(f"{SELECT[kind]} {where}", values).fetchone()
        return kind(*row) if row else None

    def _all(self, kind: type[Row], where: str, *values: Any) -> list[Any]:
        return [kind(*row) for row in self._connection.execute(f"{SELECT[kind]} {where}", values)]
