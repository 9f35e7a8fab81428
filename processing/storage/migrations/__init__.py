"""Numbered SQL files and the runner that brings a database up to them.

`NNN_name.sql` runs everywhere; `NNN_name.<dialect>.sql` where the database says that dialect. Numbers are unique
within a folder and dialect. In these files INTEGER means 64 bits and BLOB any bytes, whatever a product calls them. A
file that has run is never edited: a change is a new file. Everything missing runs in one transaction, so two processes
may start at once, and a failed file leaves nothing behind.
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


class MigrationError(Exception):
    """The files and the database do not belong together; the text is a sentence for the operator."""


class Migration(NamedTuple):
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> int:
        """Of the text: an edited file is noticed."""
        return zlib.crc32(self.sql.encode())


def migrate(database: Database, now: datetime, directory: Path = PLATFORM) -> list[int]:
    """Runs what is missing; returns the numbers that ran."""
    wanted = read_migrations(directory, database.dialect)
    with database.transaction() as tx:
        tx.execute(APPLIED)
        todo = not_yet_applied(wanted, applied(tx))
        for migration in todo:
            run(tx, migration, now)
    return [migration.number for migration in todo]


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
        found[number] = Migration(number, path.name, path.read_text())
    return [found[number] for number in sorted(found)]


def applied(tx: Tx) -> dict[int, tuple[str, int]]:
    """Number -> name and checksum of what has run."""
    return {number: (name, checksum) for number, name, checksum in tx.execute(
        "SELECT number, name, checksum FROM migrations"
    ).all()}


def not_yet_applied(wanted: list[Migration], done: dict[int, tuple[str, int]]) -> list[Migration]:
    """What has to run; raises MigrationError when the database is newer than the files, or a file was edited."""
    unknown = sorted(set(done) - {migration.number for migration in wanted})
    if unknown:
        raise MigrationError(f"The database is newer than this program: it knows migration {unknown[-1]}.")
    for migration in wanted:
        if migration.number in done and done[migration.number][1] != migration.checksum:
            raise MigrationError(f"{migration.name} was edited after it ran in this database.")
    return [migration for migration in wanted if migration.number not in done]


def run(tx: Tx, migration: Migration, now: datetime) -> None:
    """Runs one file and notes it."""
    for statement in statements(migration.sql):
        tx.execute(statement)
    tx.execute(
        "INSERT INTO migrations (number, name, checksum, applied_at_ms) VALUES (?, ?, ?, ?)",
        (migration.number, migration.name, migration.checksum, to_ms(now)),
    )


def statements(sql: str) -> Iterator[str]:
    """The statements of a file; a trigger's body stays whole."""
    lines: list[str] = []
    for line in sql.splitlines():
        if not lines and (not line.strip() or line.lstrip().startswith("--")):
            continue
        lines.append(line)
        if sqlite3.complete_statement("\n".join(lines)):
            yield "\n".join(lines)
            lines = []
    if lines:
        raise MigrationError(f"A statement has no end: {lines[0]}")
