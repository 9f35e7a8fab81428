"""Rules of transactions: all or nothing, one moment for readers, writes and questions that wait to be sent together."""

import threading
from collections.abc import Callable

import pytest

from processing.storage import events, jobs
from processing.storage.port import Database, Tx
from tests.processing.storage.port_calls import NOW, Crash, append, feed, history, in_parallel, rows, schedule


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
