"""Numbered SQL files and the runner that brings a database up to them.

`NNN_name.sql` runs everywhere; `NNN_name.<dialect>.sql` where the database says that dialect. Numbers are unique
within a folder and dialect. In files for every dialect INTEGER means 64 bits and BLOB any bytes, whatever a product
calls them. A file that has run is never edited: a change is a new file. Everything missing runs in one transaction, so
two processes may start at once, and a failed file leaves nothing behind.
"""

import re
import sqlite3
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from processing.storage.moments import to_ms
from processing.storage.port import Database, Tx

PLATFORM = Path(__file__).parent
FILE_NAME = re.compile(r"(?P<number>[0-9]{3})_(?P<name>[a-z0-9_]+)(?:\.(?P<dialect>[a-z]+))?\.sql")

APPLIED = (
    "CREATE TABLE IF NOT EXISTS migrations"
    " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL, applied_at_ms INTEGER NOT NULL)"
)

QUOTE = "$$"
FUNCTION_TRIGGER = re.compile(r"^CREATE TRIGGER .*EXECUTE FUNCTION", re.DOTALL)

TYPES = {"sqlite": {}, "postgresql": {"INTEGER": "BIGINT", "BLOB": "BYTEA"}}
"""Type in the files for every dialect -> what a product calls it."""

TAKE_TURN = {"sqlite": "SELECT 1", "postgresql": "SELECT pg_advisory_xact_lock(hashtext('capi migrations'), 0)"}
"""Makes whoever migrates wait for whoever does it already. A writer of SQLite is alone anyway."""

IS_THERE = {
    "sqlite": "SELECT COUNT(*) FROM sqlite_master WHERE name = 'migrations'",
    "postgresql": "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'migrations' AND schemaname = current_schema()",
}
"""1 where some migration has run."""


class MigrationError(Exception):
    """The files and the database do not belong together; the text is a sentence for the operator."""


class Migration(NamedTuple):
    number: int
    name: str
    sql: str
    dialect: str | None = None

    @property
    def checksum(self) -> int:
        """Of the text: an edited file is noticed."""
        return zlib.crc32(self.sql.encode())


def migrate(database: Database, now: datetime, directory: Path = PLATFORM) -> list[int]:
    """Runs what is missing; returns the numbers that ran. Where nothing is, it waits for no writer."""
    if not missing(database, directory):
        return []
    wanted = read_migrations(directory, database.dialect)
    with database.transaction() as tx:
        tx.execute(TAKE_TURN[database.dialect])
        tx.execute(adapted(APPLIED, database.dialect))
        todo = not_yet_applied(wanted, applied(tx))
        for migration in todo:
            run(tx, migration, now, database.dialect)
    return [migration.number for migration in todo]


def missing(database: Database, directory: Path = PLATFORM) -> list[Migration]:
    """What `migrate` would run. Changes nothing. Raises MigrationError as it does."""
    with database.read() as tx:
        done = applied(tx) if tx.execute(IS_THERE[database.dialect]).one()[0] else {}
    return not_yet_applied(read_migrations(directory, database.dialect), done)


def read_migrations(directory: Path, dialect: str) -> list[Migration]:
    """The files that a database of this dialect runs, in order of number."""
    found: dict[int, Migration] = {}
    for path in sorted(directory.glob("*.sql")):
        match = FILE_NAME.fullmatch(path.name)
        if not match:
            raise MigrationError(f"{path.name} is not named like 001_events.sql or 001_events.sqlite.sql.")
        if match["dialect"] not in (None, dialect):
            continue
        number = int(match["number"])
        if number in found:
            raise MigrationError(f"{path.name} and {found[number].name} have the same number.")
        found[number] = Migration(number, path.name, path.read_text(), match["dialect"])
    return [found[number] for number in sorted(found)]


def applied(tx: Tx) -> dict[int, tuple[str, int]]:
    """Number -> name and checksum of what has run."""
    return {
        number: (name, checksum)
        for number, name, checksum in tx.execute("SELECT number, name, checksum FROM migrations").all()
    }


def not_yet_applied(wanted: list[Migration], done: dict[int, tuple[str, int]]) -> list[Migration]:
    """What has to run; raises MigrationError when the database is newer than the files, or a file was edited."""
    unknown = sorted(set(done) - {migration.number for migration in wanted})
    if unknown:
        raise MigrationError(f"The database is newer than this program: it knows migration {unknown[-1]}.")
    for migration in wanted:
        if migration.number in done and done[migration.number][1] != migration.checksum:
            raise MigrationError(f"{migration.name} was edited after it ran in this database.")
    return [migration for migration in wanted if migration.number not in done]


def run(tx: Tx, migration: Migration, now: datetime, dialect: str) -> None:
    """Runs one file and notes it."""
    for statement in statements(migration.sql):
        tx.execute(statement if migration.dialect else adapted(statement, dialect))
    tx.execute(
        "INSERT INTO migrations (number, name, checksum, applied_at_ms) VALUES (?, ?, ?, ?)",
        (migration.number, migration.name, migration.checksum, to_ms(now)),
    )


def adapted(sql: str, dialect: str) -> str:
    """The statement with the types of a product."""
    for ours, theirs in TYPES[dialect].items():
        sql = re.sub(rf"\b{ours}\b", theirs, sql)
    return sql


def statements(sql: str) -> Iterator[str]:
    """The statements of a file; the body of a trigger or function stays whole."""
    lines: list[str] = []
    for line in sql.splitlines():
        if not lines and (not line.strip() or line.lstrip().startswith("--")):
            continue
        lines.append(line)
        if is_complete("\n".join(lines)):
            yield "\n".join(lines)
            lines = []
    if lines:
        raise MigrationError(f"A statement has no end: {lines[0]}")


def is_complete(statement: str) -> bool:
    """Whether nothing of the statement is missing. SQLite's own rule does not know $$ and function triggers."""
    if statement.count(QUOTE) % 2:
        return False
    if QUOTE in statement or FUNCTION_TRIGGER.search(statement):
        return statement.endswith(";")
    return sqlite3.complete_statement(statement)
