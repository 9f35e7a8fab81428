"""What was kept for its time is forgotten, a little at a time; what is younger, or still under way, stays."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from processing import idempotency_keys, sealing
from processing.idempotency_keys import IdempotencyKeys, Key, Request
from processing.storage import jobs
from processing.webhooks import deliveries
from processing.workers import housekeeping
from processing.workers.housekeeping import CHORES, Housekeeping
from settings import load
from tests.processing.sandbox import NOW
from tests.processing.webhooks.stage import LEASE, Postman, Stage

pytestmark = pytest.mark.usefixtures("both_databases")

SETTINGS = load(env={})
DAY_S = 86_400


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, post=Postman())


def round_of(stage: Stage, settings=SETTINGS) -> int:
    """One look at all that is due; returns how many chores were done."""
    handler = Housekeeping(stage.database, stage.clock, settings)
    handler.begin()
    with stage.database.transaction() as tx:
        claims = jobs.claim(tx, housekeeping.QUEUE, now=stage.clock(), lease=LEASE, limit=100)
    for claim in claims:
        handler.handle(claim)
    return len(claims)


def use_key(stage: Stage, name: str) -> None:
    keys = IdempotencyKeys(stage.database, sealing.SealingKeys({1: b"k" * 32}), timedelta(days=30))
    keys.begin(Key("demo", name), Request("pay", {}), timedelta(seconds=30), stage.clock())


def counts(stage: Stage) -> tuple[int, ...]:
    tables = ("idempotency_keys", "party_events", "webhook_events", "webhook_deliveries", "webhook_attempts")
    return tuple(stage.sandbox.count(table) for table in tables)


def test_keys_go_after_30_days_events_and_deliveries_after_90(stage: Stage):
    stage.hook("https://shop.example.com/hook", ("INVOICE_CREATED",))
    use_key(stage, "old")
    stage.sandbox.invoice("old")
    stage.tell()
    assert counts(stage) == (1, 1, 1, 1, 1)
    stage.clock.forward(31 * DAY_S)
    use_key(stage, "new")
    stage.sandbox.invoice("new")
    stage.tell()
    round_of(stage)
    assert counts(stage) == (1, 2, 2, 2, 2)
    stage.clock.forward(60 * DAY_S)
    round_of(stage)
    assert counts(stage) == (0, 1, 1, 1, 1)


def test_a_delivery_that_waits_is_not_forgotten(stage: Stage):
    stage.hook("https://shop.example.com/hook", ("INVOICE_CREATED",))
    stage.sandbox.invoice("old")
    stage.spread()
    stage.clock.forward(100 * DAY_S)
    with stage.database.transaction() as tx:
        deliveries.purge(tx, NOW, 100)
    assert stage.sandbox.count("webhook_deliveries") == 1


def test_each_chore_is_done_once_an_hour_whoever_starts_how_often(stage: Stage):
    assert round_of(stage) == len(CHORES)
    assert round_of(stage) == 0
    stage.clock.forward(3601)
    assert round_of(stage) == len(CHORES)


def test_much_is_forgotten_in_small_steps_that_go_on_soon(stage: Stage, monkeypatch):
    monkeypatch.setattr(housekeeping, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(housekeeping, "ROUNDS_MAX", 2)
    for number in range(6):
        use_key(stage, f"k{number}")
    stage.clock.forward(31 * DAY_S)
    round_of(stage)
    assert stage.sandbox.count("idempotency_keys") == 2
    stage.clock.forward(6)
    assert round_of(stage) == 1
    assert stage.sandbox.count("idempotency_keys") == 0


def test_how_long_things_are_kept_is_a_setting(stage: Stage):
    use_key(stage, "k")
    stage.clock.forward(2 * DAY_S)
    round_of(stage, replace(SETTINGS, idempotency=replace(SETTINGS.idempotency, kept_days=1)))
    assert stage.sandbox.count("idempotency_keys") == 0
    assert idempotency_keys.purge is CHORES[0].forget
