"""Rules of jobs: claims by due time and key, leases, work put off, set aside, dropped."""

from collections.abc import Callable

import pytest

from processing.storage import jobs
from processing.storage.port import Database
from tests.processing.storage.port_calls import NOW, act, at, claim, enqueue, in_parallel, rows, schedule


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


def test_work_that_is_only_wanted_under_a_condition_is_not_added_without_it(database: Database):
    condition = "SELECT 1 FROM counters WHERE name = ?"
    for name in ("nobody", "somebody"):
        with database.transaction() as tx:
            tx.execute("INSERT INTO counters (name, value) VALUES ('somebody', 1) ON CONFLICT (name) DO NOTHING")
            jobs.enqueue(tx, "delivery", name, NOW, payload="a", position=7, only_where=(condition, name))
    assert [each.key for each in claim(database, queue="delivery")] == ["somebody"]
