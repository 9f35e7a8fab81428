"""Numbered SQL files: run once, in order, all or nothing."""

import sqlite3
from pathlib import Path

import pytest

from processing.storage.migrations import MigrationError, migrate, statements
from processing.storage.sqlite import SqliteDatabase
from tests.processing.storage.port_calls import NOW, in_parallel


@pytest.fixture
def database(tmp_path: Path) -> SqliteDatabase:
    return SqliteDatabase(tmp_path / "db.sqlite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "001_first.sql").write_text("-- a comment; with a semicolon\nCREATE TABLE a (id INTEGER);\n")
    return made


def tables(database: SqliteDatabase) -> set[str]:
    with database.read() as tx:
        return {name for (name,) in tx.execute("SELECT name FROM sqlite_master WHERE type = 'table'").all()}


def test_what_is_missing_runs_once_and_in_order(database: SqliteDatabase, folder: Path):
    assert migrate(database, NOW, folder) == [1]
    (folder / "002_second.sql").write_text("ALTER TABLE a ADD COLUMN b INTEGER;")
    assert migrate(database, NOW, folder) == [2]
    assert migrate(database, NOW, folder) == []


def test_a_file_that_fails_leaves_nothing(database: SqliteDatabase, folder: Path):
    (folder / "002_second.sql").write_text("CREATE TABLE b (id INTEGER);\nCREATE TABLE a (id INTEGER);")
    with pytest.raises(Exception, match="already exists"):
        migrate(database, NOW, folder)
    assert tables(database) == set()


def test_an_edited_file_is_refused(database: SqliteDatabase, folder: Path):
    migrate(database, NOW, folder)
    (folder / "001_first.sql").write_text("CREATE TABLE a (id TEXT);")
    with pytest.raises(MigrationError, match="edited"):
        migrate(database, NOW, folder)


def test_a_database_newer_than_the_program_is_refused(database: SqliteDatabase, folder: Path):
    (folder / "002_second.sql").write_text("CREATE TABLE b (id INTEGER);")
    migrate(database, NOW, folder)
    (folder / "002_second.sql").unlink()
    with pytest.raises(MigrationError, match="newer"):
        migrate(database, NOW, folder)


def test_a_file_of_another_dialect_is_passed_over(database: SqliteDatabase, folder: Path):
    (folder / "002_second.postgresql.sql").write_text("CREATE TABLE pg (id INTEGER);")
    (folder / "002_second.sqlite.sql").write_text("CREATE TABLE lite (id INTEGER);")
    assert migrate(database, NOW, folder) == [1, 2]
    assert {"a", "lite"} <= tables(database)
    assert "pg" not in tables(database)


@pytest.mark.parametrize("name", ["2_short.sql", "002-dash.sql", "001_again.sql"])
def test_a_name_that_fits_nowhere_is_refused(database: SqliteDatabase, folder: Path, name: str):
    (folder / name).write_text("CREATE TABLE b (id INTEGER);")
    with pytest.raises(MigrationError):
        migrate(database, NOW, folder)


def test_two_processes_that_start_at_once_migrate_once(tmp_path: Path, folder: Path):
    ran = in_parallel([lambda: migrate(SqliteDatabase(tmp_path / "db.sqlite"), NOW, folder) for _ in range(4)])
    assert sorted(ran) == [[], [], [], [1]]


def test_a_trigger_is_one_statement():
    sql = "CREATE TRIGGER t BEFORE UPDATE ON a BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\nCREATE TABLE b (id INTEGER);\n"
    assert len(list(statements(sql))) == 2


def test_a_statement_without_an_end_is_refused():
    with pytest.raises(MigrationError):
        list(statements("CREATE TABLE a (id INTEGER)"))


def test_a_start_waits_for_no_writer_when_nothing_is_missing(tmp_path):
    path = tmp_path / "busy.sqlite"
    migrate(SqliteDatabase(path), NOW)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        assert migrate(SqliteDatabase(path, busy_timeout_ms=50), NOW) == []
    finally:
        writer.execute("ROLLBACK")
