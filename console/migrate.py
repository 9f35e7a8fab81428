"""`capi migrate`: the tables of the platform's database, brought up to this program. A start does the same by itself.

Where several processes share a PostgreSQL, run it before the first of them gets the new program.
"""

import argparse
import sys
from collections.abc import Sequence

from console.table import aligned
from processing.bootstrap import open_database
from processing.storage import migrations
from processing.storage.migrations import Migration, MigrationError
from processing.storage.moments import from_ms
from processing.storage.pg_connections import without_password
from processing.storage.port import Database, OutcomeUnknown, Unavailable
from settings import Settings, load
from settings.clock import system_clock

MISSING = "missing"


def main(arguments: Sequence[str]) -> int:
    """Runs `capi migrate`. Exit status 1: something is missing (--show) or in the way."""
    parser = argparse.ArgumentParser(prog="capi migrate", description=__doc__)
    parser.add_argument("--show", action="store_true", help="show what has run and what is missing, change nothing")
    asked = parser.parse_args(arguments)
    settings = load()
    print(where(settings))
    if is_new_file(settings) and asked.show:
        print("It is not there yet; the first start makes it.")
        return 1
    database = open_database(settings)
    try:
        if not asked.show:
            migrations.migrate(database, system_clock())
        todo = migrations.missing(database)
        print(aligned(("number", "name", "ran at"), rows(database, todo)))
    except (MigrationError, Unavailable, OutcomeUnknown) as refusal:
        print(f"capi: {refusal}", file=sys.stderr)
        return 1
    finally:
        database.close()
    return 1 if todo else 0


def where(settings: Settings) -> str:
    """The database in words; of a URL only what is no secret."""
    url = settings.processing.database_url
    return f"PostgreSQL {without_password(url)}" if url else f"SQLite {settings.processing.database}"


def is_new_file(settings: Settings) -> bool:
    """Whether there is no SQLite file yet, so that opening it would make one."""
    return not settings.processing.database_url and not settings.processing.database.exists()


def rows(database: Database, todo: Sequence[Migration]) -> list[tuple[str, str, str]]:
    """A row a migration, in order."""
    done = []
    with database.read() as tx:
        if tx.execute(migrations.IS_THERE[database.dialect]).one()[0]:
            done = tx.execute("SELECT number, name, applied_at_ms FROM migrations ORDER BY number").all()
    return sorted(
        [(f"{number:03}", name, f"{from_ms(at_ms):%Y-%m-%d %H:%M:%S} UTC") for number, name, at_ms in done]
        + [(f"{migration.number:03}", migration.name, MISSING) for migration in todo]
    )
