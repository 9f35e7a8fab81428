"""Rules of events: histories without gaps, snapshots, one feed in order, and what came after a known record."""

import threading
from collections import Counter

import pytest

from processing.storage import events
from processing.storage.port import Conflict, Database
from tests.processing.storage.port_calls import append, at, feed, history, in_parallel


def test_records_of_a_machine_count_from_one_without_gaps(database: Database):
    for expected in range(5):
        append(database, "i1", expected)
    assert [record.sequence for record in history(database, "i1").records] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_an_append_after_another_sequence_conflicts(database: Database, expected: int):
    append(database, "i1", 0)
    append(database, "i1", 1)
    with pytest.raises(Conflict):
        append(database, "i1", expected)
    assert history(database, "i1").head.sequence == 2
    assert len(feed(database)) == 2


def test_an_append_to_a_machine_that_was_never_made_conflicts(database: Database):
    with pytest.raises(Conflict):
        append(database, "nobody", 4)


def test_of_many_appends_after_one_sequence_exactly_one_wins(database: Database, other: Database):
    append(database, "i1", 0)

    def race(each: Database) -> str:
        try:
            append(each, "i1", 1)
        except Conflict:
            return "conflict"
        return "won"

    results = in_parallel([lambda each=each: race(each) for each in [database, other] * 10])
    assert Counter(results) == {"won": 1, "conflict": 19}


def test_a_history_with_a_snapshot_is_read_from_it(database: Database):
    for expected in range(6):
        append(database, "i1", expected)
    with database.transaction() as tx:
        events.put_snapshot(tx, "i1", events.Snapshot(2, "f", "old"))
        events.put_snapshot(tx, "i1", events.Snapshot(4, "f", "state"))
    loaded = history(database, "i1")
    assert loaded.snapshot == events.Snapshot(4, "f", "state")
    assert [record.sequence for record in loaded.records] == [5, 6]


def test_a_snapshot_of_another_format_is_as_if_it_were_not_there(database: Database):
    append(database, "i1", 0)
    with database.transaction() as tx:
        events.put_snapshot(tx, "i1", events.Snapshot(1, "older", "state"))
    loaded = history(database, "i1")
    assert loaded.snapshot is None
    assert [record.sequence for record in loaded.records] == [1]


def test_the_feed_orders_everything_and_shows_nothing_late(database: Database, other: Database):
    """A reader that follows the feed while many write sees every record once, in order, and never one behind it."""
    writers, each_writes = 6, 25
    stop = threading.Event()
    seen: list[events.Record] = []

    def follow() -> None:
        while not stop.is_set() or feed(other, after=seen[-1].id if seen else 0):
            seen.extend(feed(other, after=seen[-1].id if seen else 0, limit=7))

    def write(machine: str, each: Database) -> None:
        for expected in range(each_writes):
            append(each, machine, expected)

    reader = threading.Thread(target=follow)
    reader.start()
    in_parallel([lambda n=n: write(f"i{n}", (database, other)[n % 2]) for n in range(writers)])
    stop.set()
    reader.join()
    ids = [record.id for record in seen]
    assert ids == sorted(set(ids))
    assert len(ids) == writers * each_writes
    for n in range(writers):
        assert [r.sequence for r in seen if r.machine_id == f"i{n}"] == list(range(1, each_writes + 1))


def test_the_feed_is_read_in_pages(database: Database):
    ids = [append(database, f"i{n}", 0).id for n in range(5)]
    assert [record.id for record in feed(database, after=ids[1], limit=2)] == ids[2:4]
    with database.read() as tx:
        assert events.last_id(tx) == ids[-1]


def test_an_empty_feed_has_no_last_event(database: Database):
    with database.read() as tx:
        assert events.last_id(tx) is None


def test_stopped_machines_are_listed_oldest_first_until_they_work_again(database: Database):
    for n, machine in enumerate(["i1", "i2", "i3"]):
        append(database, machine, 0)
        with database.transaction() as tx:
            events.set_stopped(tx, machine, at(-n), f"reason {n}")
    with database.transaction() as tx:
        events.set_stopped(tx, "i2", None, None)
    with database.read() as tx:
        assert [(each.machine_id, each.stop_reason) for each in events.stopped(tx, 10)] == [
            ("i3", "reason 2"),
            ("i1", "reason 0"),
        ]


def test_whoever_knows_a_record_is_told_what_came_after_it(database: Database):
    first = append(database, "i1", 0)
    known = events.Piece(first.id, 1, "")
    assert events.since(database, "i1", known) == []
    second = append(database, "i1", 1, "[1]")
    assert events.since(database, "i1", known) == [events.Piece(second.id, 2, "[1]")]


def test_whoever_knows_a_record_that_is_not_there_is_told_so(database: Database):
    """As after a database was put back to an earlier state."""
    first = append(database, "i1", 0)
    assert events.since(database, "i1", events.Piece(first.id + 1, 1, "")) is None
    assert events.since(database, "i1", events.Piece(first.id, 2, "")) is None
    assert events.since(database, "i2", events.Piece(first.id, 1, "")) is None


def test_a_whole_history_begins_with_its_snapshot(database: Database):
    records = [append(database, "i1", number, f"[{number}]") for number in range(3)]
    with database.transaction() as tx:
        events.put_snapshot(tx, "i1", events.Snapshot(2, "f", "{}"))
    newest = events.Piece(records[2].id, 3, "[2]")
    assert events.whole(database, "i1", "f") == [events.Piece(0, 2, "{}"), newest]
    assert [piece.sequence for piece in events.whole(database, "i1", "another format")] == [1, 2, 3]
    assert events.whole(database, "i2", "f") == []
