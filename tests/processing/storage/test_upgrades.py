"""A database of a release before: everything that was in it is there after the migrations, and goes on working."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from processing.storage import jobs, migrations
from processing.storage.migrations import FILE_NAME, migrate
from processing.storage.port import Database
from processing.storage.postgres import PostgresDatabase
from processing.storage.sqlite import SqliteDatabase
from processing.webhooks import deliveries, lines, receivers
from tests.processing.sandbox import NOW

LAST_WITHOUT_ENDPOINTS = 8

ROWS = (
    "INSERT INTO machines (id, kind, sequence) VALUES ('inv', 'invoice', 1)",
    "INSERT INTO events (id, machine_id, sequence, created_at_ms, trace_id, body)"
    " VALUES (7, 'inv', 1, 5000, 't', '[]')",
    "INSERT INTO webhooks (id, party_id, shop_id, topic, event_types, url, public_key, private_key, created_at_ms)"
    " VALUES (1, 'demo', NULL, 'invoices', 'INVOICE_CREATED', 'https://a.example.com/', ?, ?, 1)",
    "INSERT INTO webhook_events (id, record_id, number, invoice_id, event_type, trace_id, body)"
    " VALUES (3, 7, 0, 'inv', 'INVOICE_CREATED', 't', ?)",
    "INSERT INTO webhook_deliveries (id, webhook_id, event_id, invoice_id, status, failures, next_attempt_at_ms)"
    " VALUES (4, 1, 3, 'inv', 'waiting', 2, 6000)",
    "INSERT INTO jobs (queue, key, position, due_at_ms, payload) VALUES ('delivery', '1:inv', 5, 6000, '4')",
    "INSERT INTO webhook_attempts (delivery_id, number, at_ms, http_status, error, duration_ms)"
    " VALUES (4, 1, 5500, 500, 'no', 7)",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """As a release before endpoints left it: a hook with a delivery that waits for its third attempt."""
    if request.param == "sqlite":
        database: Database = SqliteDatabase(tmp_path / "old.sqlite")
    else:
        database = PostgresDatabase(request.getfixturevalue("empty_postgres_url"))
    folder = tmp_path / "migrations"
    folder.mkdir()
    for path in migrations.PLATFORM.glob("*.sql"):
        if int(FILE_NAME.fullmatch(path.name)["number"]) <= LAST_WITHOUT_ENDPOINTS:
            shutil.copy(path, folder)
    migrate(database, NOW, folder)
    with database.transaction() as tx:
        for row in ROWS:
            tx.execute(row, [b"bytes"] * row.count("?"))
    yield database
    database.close()


def test_a_delivery_that_waited_is_told_after_the_upgrade(old: Database):
    assert len(migrate(old, NOW)) >= 4
    with old.transaction() as tx:
        [claim] = jobs.claim(tx, lines.QUEUE, now=NOW, lease=timedelta(seconds=10), limit=9)
        hook_id, line = lines.parsed(claim.key)
        [found] = lines.due(tx, hook_id, line, NOW, 9)
        receiver = receivers.find(tx, hook_id)
        [listed] = deliveries.listed(tx, 1, 10)
    assert (found.body, found.event_type, found.failures) == (b"bytes", "INVOICE_CREATED", 2)
    assert (receiver.format, receiver.held_until, receiver.failures) == ("content_signature", None, 0)
    assert [(attempt.http_status, attempt.error) for attempt in listed.attempts] == [(500, "no")]


def test_what_was_told_is_as_old_as_what_it_tells_of(old: Database):
    migrate(old, NOW)
    with old.read() as tx:
        assert tx.execute("SELECT created_at_ms FROM webhook_events").all() == [(5000,)]
        assert tx.execute("SELECT created_at_ms FROM webhook_deliveries").all() == [(5000,)]


def test_an_attempt_still_belongs_to_a_delivery_and_a_delivery_to_a_hook(old: Database):
    migrate(old, NOW)
    for orphan in (
        "INSERT INTO webhook_attempts (delivery_id, number, at_ms, duration_ms) VALUES (99, 1, 1, 1)",
        "INSERT INTO webhook_deliveries (id, webhook_id, event_id, invoice_id, status)"
        " VALUES (9, 99, 1, 'i', 'waiting')",
    ):
        with pytest.raises(Exception, match=r"(?i)foreign key"), old.transaction() as tx:
            tx.execute(orphan)
            tx.execute("SELECT 1")


def test_an_upgrade_runs_once(old: Database):
    assert migrate(old, NOW) != []
    assert migrate(old, NOW) == []
