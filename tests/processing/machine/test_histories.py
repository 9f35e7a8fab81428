"""Histories as they are read: page by page, of one machine or of all."""

from pathlib import Path

import pytest

from processing.domain import errors
from processing.services.event_sink import EventSinkService
from processing.services.history import machine_events
from rpc.protocol import payment_processing
from tests.processing.asking import INTERNAL
from tests.processing.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """With two invoices that are being paid, told in turns; snapshots are taken on the way."""
    made = Sandbox(tmp_path, snapshot_every_records=1)
    first, second = made.invoice("inv1"), made.invoice("inv2")
    made.start_payment(first)
    made.start_payment(second)
    return made


def of_machine(sandbox: Sandbox, after: int | None = None, limit: int = 100) -> list[payment_processing.Event]:
    with sandbox.database.read() as tx:
        return machine_events(tx, "inv1", payment_processing.EventRange(after=after, limit=limit))


def words(event: payment_processing.Event) -> list[str]:
    return [change.which() for change in event.changes]


def test_the_history_of_a_machine_is_its_events_in_their_order(sandbox: Sandbox):
    created, started = of_machine(sandbox)
    assert (created.sequence, started.sequence) == (1, 2)
    assert words(created) == ["invoice_created"]
    assert words(started)[0] == "payment_started"
    assert set(words(started)[1:]) == {"internal_step"}


def test_a_page_begins_after_the_event_that_is_named(sandbox: Sandbox):
    everything = of_machine(sandbox)
    assert of_machine(sandbox, limit=1) == everything[:1]
    assert of_machine(sandbox, after=everything[0].id) == everything[1:]
    assert of_machine(sandbox, after=everything[1].id) == []


def test_only_an_event_of_this_machine_can_be_gone_on_from(sandbox: Sandbox):
    [_, of_another, *_] = EventSinkService(sandbox.machines).GetEvents(
        INTERNAL, payment_processing.EventRange(limit=100)
    )
    assert of_another.invoice_id == "inv2"
    for after in (of_another.id, 10_000):
        with pytest.raises(errors.EventNotFound):
            of_machine(sandbox, after=after)


def test_the_feed_tells_the_same_of_all_machines_in_one_order(sandbox: Sandbox):
    feed = EventSinkService(sandbox.machines)
    everything = feed.GetEvents(INTERNAL, payment_processing.EventRange(limit=100))
    assert [event.invoice_id for event in everything] == ["inv1", "inv2", "inv1", "inv2"]
    assert [event for event in everything if event.invoice_id == "inv1"] == of_machine(sandbox)
    pages = [feed.GetEvents(INTERNAL, payment_processing.EventRange(after=each.id, limit=1)) for each in everything]
    assert [event for page in pages for event in page] == everything[1:]
