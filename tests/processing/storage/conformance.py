"""What every database behind the port must do. A new implementation is tested by three lines:

from tests.processing.storage.conformance import *  # noqa: F403

@pytest.fixture
def open_database(...): return lambda: MyDatabase(...)   # each call: the same migrated database, empty at first
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from processing.storage import events, jobs
from processing.storage.port import Conflict, Database, Tx

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)


@pytest.fixture
def database(open_database: Callable[[], Database]) -> Iterator[Database]:
    opened = open_database()
    yield opened
    opened.close()


@pytest.fixture
def other(open_database: Callable[[], Database]) -> Iterator[Database]:
    """The same database, as another process has it."""
    opened = open_database()
    yield opened
    opened.close()


class Crash(Exception):
    """The process ends here."""


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def append(database: Database, machine: str, expected: int, body: str = "[]") -> events.Record:
    with database.transaction() as tx:
        return events.append(tx, machine, expected, body, kind="invoice", trace_id="t", now=NOW)


def history(database: Database, machine: str) -> events.History:
    with database.read() as tx:
        return events.load(tx, events.head(tx, machine), "f")


def feed(database: Database, after: int = 0, limit: int = 1000) -> list[events.Record]:
    with database.read() as tx:
        return events.feed(tx, after, limit)


def schedule(database: Database, key: str, due: datetime, now: datetime = NOW, queue: str = "machine") -> None:
    with database.transaction() as tx:
        jobs.schedule(tx, queue, key, due, now=now, trace_id="t")


def enqueue(database: Database, key: str, *payloads: str, queue: str = "delivery") -> None:
    with database.transaction() as tx:
        for payload in payloads:
            jobs.enqueue(tx, queue, key, NOW, payload=payload)


def claim(database: Database, now: datetime = NOW, queue: str = "machine", limit: int = 100) -> list[jobs.Claim]:
    with database.transaction() as tx:
        return jobs.claim(tx, queue, now=now, lease=LEASE, limit=limit)


def act(database: Database, action: Callable[..., bool], *args: object, **named: object) -> bool:
    with database.transaction() as tx:
        return action(tx, *args, **named)


def rows(database: Database) -> int:
    with database.read() as tx:
        return tx.execute("SELECT COUNT(*) FROM jobs").one()[0]


# ------------------------------------------------------------------------------------------------ transactions


def test_a_transaction_that_raises_leaves_nothing(database: Database):
    with pytest.raises(Crash), database.transaction() as tx:
        events.append(tx, "i1", 0, "[]", kind="invoice", trace_id="t", now=NOW)
        jobs.schedule(tx, "machine", "i1", NOW, now=NOW)
        raise Crash
    assert feed(database) == []
    assert rows(database) == 0


@pytest.mark.parametrize("last_step", range(4))
def test_a_crash_before_any_commit_point_leaves_all_or_nothing(
    database: Database, open_database: Callable[[], Database], last_step: int
):
    steps: list[Callable[[Tx], object]] = [
        lambda tx: events.append(tx, "i1", 0, "[]", kind="invoice", trace_id="t", now=NOW),
        lambda tx: jobs.schedule(tx, "machine", "i1", NOW, now=NOW),
        lambda tx: jobs.enqueue(tx, "fanout", "i1", NOW, payload="1"),
        lambda tx: events.put_snapshot(tx, "i1", events.Snapshot(1, "f", "{}")),
    ]
    with pytest.raises(Crash), database.transaction() as tx:
        for step in steps[: last_step + 1]:
            step(tx)
        raise Crash
    reopened = open_database()
    assert feed(reopened) == []
    assert rows(reopened) == 0
    assert append(reopened, "i1", 0).id == 1
    reopened.close()


def test_what_was_committed_is_there_for_everybody(database: Database, other: Database):
    append(database, "i1", 0, '[{"kind":"invoice_created"}]')
    assert history(other, "i1").records[0].body == '[{"kind":"invoice_created"}]'


def test_actions_wait_for_the_commit(database: Database):
    done = []
    with database.transaction() as tx:
        tx.after_commit(lambda: done.append(len(feed(database))))
        events.append(tx, "i1", 0, "[]", kind="invoice", trace_id="t", now=NOW)
        assert done == []
    assert done == [1]


def test_actions_of_a_rolled_back_transaction_never_run(database: Database):
    done = []
    with pytest.raises(Crash), database.transaction() as tx:
        tx.after_commit(lambda: done.append(1))
        raise Crash
    assert done == []


def test_a_reader_sees_one_moment(database: Database):
    append(database, "i1", 0)
    with database.read() as tx:
        assert len(events.records(tx, "i1")) == 1
        append(database, "i1", 1)
        assert len(events.records(tx, "i1")) == 1
    assert len(history(database, "i1").records) == 2


def test_a_reader_cannot_write(database: Database):
    with pytest.raises(Exception, match=r".+"), database.read() as tx:
        tx.execute("DELETE FROM events")
    append(database, "i1", 0)


def test_a_transaction_inside_a_transaction_is_refused(database: Database):
    with database.transaction(), pytest.raises(RuntimeError), database.transaction():
        pass
    append(database, "i1", 0)


def test_numbers_are_drawn_once(database: Database, other: Database):
    drawn: list[int] = []

    def draw(each: Database) -> None:
        for _ in range(20):
            with each.transaction() as tx:
                first = tx.draw("series", 3)
            drawn.extend(range(first, first + 3))

    in_parallel([lambda: draw(database), lambda: draw(other), lambda: draw(database)])
    assert len(set(drawn)) == len(drawn) == 180
    assert min(drawn) == 1


def test_a_watcher_hears_the_commit_of_another_process(database: Database, other: Database):
    watch = database.watch()
    assert not watch.wait(0.02)
    heard = threading.Event()
    listener = threading.Thread(target=lambda: watch.wait(10) and heard.set())
    listener.start()
    schedule(other, "i1", NOW)
    assert heard.wait(5)
    listener.join()
    watch.close()


# ------------------------------------------------------------------------------------------------------ events


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


# -------------------------------------------------------------------------------------------------------- jobs


def test_work_is_claimed_when_it_is_due_and_not_before(database: Database):
    schedule(database, "i1", at(5))
    assert claim(database, at(4.999)) == []
    assert [each.key for each in claim(database, at(5))] == ["i1"]


def test_a_queue_sees_its_own_work_only(database: Database):
    schedule(database, "i1", NOW, queue="machine")
    assert claim(database, queue="fanout") == []


def test_the_longest_due_is_claimed_first(database: Database):
    for key, due in [("late", at(-1)), ("later", at(-5)), ("latest", at(-9))]:
        schedule(database, key, due)
    assert [each.key for each in claim(database, limit=2)] == ["latest", "later"]


def test_a_timer_is_moved_not_doubled(database: Database):
    schedule(database, "i1", at(5))
    schedule(database, "i1", at(9))
    assert claim(database, at(8)) == []
    assert len(claim(database, at(9))) == 1


def test_a_cleared_timer_never_fires(database: Database):
    schedule(database, "i1", NOW)
    act(database, jobs.clear, "machine", "i1", now=NOW)
    assert claim(database) == []


def test_claimed_work_is_nobody_elses_until_its_lease_ends(database: Database, other: Database):
    schedule(database, "i1", NOW)
    assert len(claim(database)) == 1
    assert claim(other, at(59.9)) == []
    assert len(claim(other, at(60))) == 1


def test_work_is_claimed_once_however_many_ask(database: Database, other: Database):
    for n in range(40):
        schedule(database, f"i{n}", NOW)

    def take(each: Database) -> list[str]:
        taken: list[str] = []
        while found := claim(each, limit=3):
            taken += [each.key for each in found]
        return taken

    taken = in_parallel([lambda each=each: take(each) for each in [database, other] * 3])
    assert sorted(key for keys in taken for key in keys) == sorted(f"i{n}" for n in range(40))


def test_done_work_is_gone(database: Database):
    schedule(database, "i1", NOW)
    assert act(database, jobs.complete, claim(database)[0])
    assert rows(database) == 0


LATE_ACTIONS = [
    (jobs.complete, {}),
    (jobs.postpone, {"due": at(90)}),
    (jobs.quarantine, {"error": "late", "now": NOW}),
    (jobs.renew, {"until": at(900)}),
    (jobs.discard, {}),
]


@pytest.mark.parametrize(("action", "named"), LATE_ACTIONS, ids=lambda value: getattr(value, "__name__", ""))
def test_who_lost_the_lease_touches_zero_rows(database: Database, action: Callable[..., bool], named: dict):
    schedule(database, "i1", NOW)
    late = claim(database)[0]
    current = claim(database, at(61))[0]
    assert not act(database, action, late, **named)
    assert act(database, jobs.complete, current)


def test_who_lost_the_lease_touches_zero_rows_even_of_work_made_anew(database: Database):
    schedule(database, "i1", NOW)
    late = claim(database)[0]
    act(database, jobs.complete, claim(database, at(61))[0])
    schedule(database, "i1", at(62), now=at(62))
    claim(database, at(62))
    assert not act(database, jobs.complete, late)
    assert rows(database) == 1


def test_a_timer_set_while_the_work_goes_on_waits_for_its_end(database: Database):
    schedule(database, "i1", NOW)
    working = claim(database)[0]
    schedule(database, "i1", at(1), now=at(1))
    assert claim(database, at(30)) == []
    assert act(database, jobs.complete, working)
    assert [each.attempts for each in claim(database, at(30))] == [1]


def test_a_timer_set_after_a_lease_ran_out_takes_the_work_away(database: Database):
    schedule(database, "i1", NOW)
    late = claim(database)[0]
    schedule(database, "i1", at(70), now=at(65))
    assert not act(database, jobs.complete, late)
    assert len(claim(database, at(70))) == 1


def test_a_timer_cleared_while_the_work_goes_on_does_not_come_back(database: Database):
    schedule(database, "i1", NOW)
    working = claim(database)[0]
    schedule(database, "i1", at(1), now=at(1))
    act(database, jobs.clear, "machine", "i1", now=at(2))
    assert act(database, jobs.complete, working)
    assert rows(database) == 0


def test_a_renewed_lease_lasts_longer(database: Database):
    schedule(database, "i1", NOW)
    working = claim(database)[0]
    assert act(database, jobs.renew, working, until=at(300))
    assert claim(database, at(299)) == []
    assert act(database, jobs.complete, working)


def test_discarded_work_does_not_come_back_for_what_was_scheduled_meanwhile(database: Database):
    schedule(database, "i1", NOW)
    working = claim(database)[0]
    schedule(database, "i1", at(1), now=at(1))
    assert act(database, jobs.discard, working)
    assert rows(database) == 0


def test_progress_forgets_earlier_attempts(database: Database):
    schedule(database, "i1", NOW)
    claim(database)
    again = claim(database, at(61))[0]
    assert again.attempts == 2
    act(database, jobs.renew, again, until=at(100), reset_attempts=True)
    assert claim(database, at(101))[0].attempts == 1


def test_postponed_work_comes_back_with_its_attempts(database: Database):
    schedule(database, "i1", NOW)
    act(database, jobs.postpone, claim(database)[0], at(5), error="refused")
    assert claim(database, at(4)) == []
    assert claim(database, at(5))[0].attempts == 2


def test_an_attempt_is_counted_before_the_work(database: Database):
    """A worker that is killed each time leaves nothing but the count."""
    schedule(database, "i1", NOW)
    assert [claim(database, at(61 * n))[0].attempts for n in range(4)] == [1, 2, 3, 4]


def test_work_of_one_key_is_done_in_order(database: Database):
    enqueue(database, "hook1/i1", "a", "b", "c")
    order = []
    while found := claim(database, queue="delivery"):
        assert len(found) == 1
        order.append(found[0].payload)
        act(database, jobs.complete, found[0])
    assert order == ["a", "b", "c"]


def test_a_key_that_waits_does_not_hold_up_another(database: Database):
    enqueue(database, "hook1/i1", "a", "b")
    enqueue(database, "hook2/i1", "c")
    first, second = claim(database, queue="delivery")
    act(database, jobs.postpone, first, at(300))
    act(database, jobs.complete, second)
    assert claim(database, at(299), queue="delivery") == []
    assert [each.payload for each in claim(database, at(300), queue="delivery")] == ["a"]


def test_work_added_at_a_position_twice_is_there_once(database: Database):
    for _ in range(2):
        with database.transaction() as tx:
            jobs.enqueue(tx, "delivery", "k", NOW, payload="a", position=7)
    assert rows(database) == 1


def test_next_due_passes_over_what_cannot_be_claimed(database: Database):
    enqueue(database, "k", "a", "b")
    act(database, jobs.postpone, claim(database, queue="delivery")[0], at(300))
    assert jobs.next_due(database, [("delivery", None), ("machine", None)]) == {"delivery": at(300)}
    assert jobs.next_due(database, []) == {}


def test_quarantined_work_waits_for_a_person(database: Database):
    schedule(database, "i1", NOW)
    act(database, jobs.quarantine, claim(database)[0], "KeyError", now=at(1))
    assert claim(database, at(10**6)) == []
    with database.read() as tx:
        assert [(each.key, each.last_error, each.at) for each in jobs.quarantined(tx, 10)] == [
            ("i1", "KeyError", at(1))
        ]
    assert act(database, jobs.revive, "machine", "i1", 0, now=at(2))
    assert claim(database, at(2))[0].attempts == 1


def test_a_new_timer_lifts_the_quarantine(database: Database):
    schedule(database, "i1", NOW)
    act(database, jobs.quarantine, claim(database)[0], "KeyError", now=NOW)
    schedule(database, "i1", at(3), now=at(2))
    assert claim(database, at(3))[0].attempts == 1


def test_dropped_keys_have_no_work_left(database: Database):
    enqueue(database, "hook1/i1", "a", "b")
    enqueue(database, "hook2/i1", "c")
    with database.transaction() as tx:
        assert jobs.drop(tx, "delivery", ["hook1/i1"]) == 2
    assert [each.payload for each in claim(database, queue="delivery")] == ["c"]


def in_parallel(tasks: list[Callable[[], object]]) -> list:
    """Runs each in a thread of its own; what one raises is raised here."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def test_what_is_written_later_is_seen_by_the_next_question_and_by_everybody_after_the_end(database: Database):
    with database.transaction() as tx:
        tx.later("INSERT INTO counters (name, value) VALUES (?, ?)", ("kept", 1))
        assert tx.execute("SELECT value FROM counters WHERE name = ?", ("kept",)).one() == (1,)
        tx.later("UPDATE counters SET value = ? WHERE name = ?", (2, "kept"))
    assert database.ask("SELECT value FROM counters WHERE name = ?", ("kept",)) == [(2,)]


def test_a_later_write_that_touches_nothing_undoes_all_where_it_was_to_touch_something(database: Database):
    with pytest.raises(Crash), database.transaction() as tx:
        tx.later("INSERT INTO counters (name, value) VALUES (?, ?)", ("undone", 1))
        tx.later("UPDATE counters SET value = 5 WHERE name = ?", ("nobody",), Crash())
    assert database.ask("SELECT value FROM counters WHERE name = ?", ("undone",)) == []


def test_a_later_write_that_may_touch_nothing_undoes_nothing(database: Database):
    with database.transaction() as tx:
        tx.later("INSERT INTO counters (name, value) VALUES (?, ?)", ("kept", 1))
        tx.later("UPDATE counters SET value = 5 WHERE name = ?", ("nobody",))
    assert database.ask("SELECT value FROM counters WHERE name = ?", ("kept",)) == [(1,)]


def test_what_was_to_be_written_later_is_not_when_the_block_fails(database: Database):
    with pytest.raises(Crash), database.transaction() as tx:
        tx.later("INSERT INTO counters (name, value) VALUES (?, ?)", ("undone", 1))
        raise Crash
    assert database.ask("SELECT value FROM counters WHERE name = ?", ("undone",)) == []


def test_rows_that_are_asked_for_soon_are_those_of_the_moment_of_the_question(database: Database):
    with database.transaction() as tx:
        tx.later("INSERT INTO counters (name, value) VALUES (?, ?)", ("asked", 1))
        before = tx.soon("SELECT value FROM counters WHERE name = ?", ("asked",))
        tx.later("UPDATE counters SET value = 2 WHERE name = ?", ("asked",))
        after = tx.soon("SELECT value FROM counters WHERE name = ?", ("asked",))
        assert (before.one(), after.all(), before.all()) == ((1,), [(2,)], [(1,)])


@pytest.mark.parametrize("count", [1, 2, 5, 7, 16, 45])
def test_however_many_rows_are_written_at_once_each_is_there_as_it_was_given(database: Database, count: int):
    given = [(f"n{number}", number) for number in range(count)]
    with database.transaction() as tx:
        tx.execute_each("INSERT INTO counters (name, value) VALUES (?, ?)", given)
        for name, value in given:
            tx.later("INSERT INTO counters (name, value) VALUES (?, ?)", (f"{name}.later", value))
    found = database.ask("SELECT name, value FROM counters WHERE name LIKE 'n%' ORDER BY value, name")
    assert found == [(f"n{number}{end}", number) for number in range(count) for end in ("", ".later")]


def test_of_rows_written_at_once_one_that_is_there_already_undoes_all(database: Database):
    with database.transaction() as tx:
        tx.later("INSERT INTO counters (name, value) VALUES (?, ?)", ("there", 1))
    with pytest.raises(Exception, match=r"(?i)unique"), database.transaction() as tx:
        for name in ("one", "two", "there", "three"):
            tx.later("INSERT INTO counters (name, value) VALUES (?, ?)", (name, 2))
    assert database.ask("SELECT name, value FROM counters WHERE value < 3 AND name IN (?, ?)", ("one", "there")) == [
        ("there", 1)
    ]


def test_numbers_drawn_at_once_rise_and_are_given_to_nobody_else(database: Database, other: Database):
    with database.transaction() as tx:
        first = tx.draw_each("series", 3)
    with other.transaction() as tx:
        second = tx.draw_each("series", 2)
    assert first == sorted(first) and second == sorted(second)
    assert len({*first, *second}) == 5
    assert min(first) > 0


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


def test_work_that_is_only_wanted_under_a_condition_is_not_added_without_it(database: Database):
    condition = "SELECT 1 FROM counters WHERE name = ?"
    for name in ("nobody", "somebody"):
        with database.transaction() as tx:
            tx.execute("INSERT INTO counters (name, value) VALUES ('somebody', 1) ON CONFLICT (name) DO NOTHING")
            jobs.enqueue(tx, "delivery", name, NOW, payload="a", position=7, only_where=(condition, name))
    assert [each.key for each in claim(database, queue="delivery")] == ["somebody"]
