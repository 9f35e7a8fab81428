"""Claims by lane, and leases that are made longer, on both databases."""

import threading
import time
from datetime import datetime, timedelta

from processing.storage import jobs
from processing.storage.jobs import Claim, Lanes
from processing.storage.port import Database
from tests.processing.sandbox import NOW

LEASE = timedelta(seconds=10)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def schedule(database: Database, *keys_and_lanes: tuple[str, str]) -> None:
    """Each due a second after the one before it."""
    with database.transaction() as tx:
        for number, (key, lane) in enumerate(keys_and_lanes):
            jobs.schedule(tx, "machine", key, at(-100 + number), now=NOW, lane=lane)


def claim(database: Database, limit: int = 10, now: datetime = NOW, **lanes: Lanes) -> list[Claim]:
    with database.transaction() as tx:
        return jobs.claim(tx, "machine", now=now, lease=LEASE, limit=limit, **lanes)


def keep(database: Database, *claims: Claim, until: datetime) -> int:
    with database.transaction() as tx:
        return jobs.keep(tx, claims, until=until)


def test_of_a_lane_no_more_is_claimed_than_there_is_room_for(database: Database):
    schedule(database, *[(f"a{n}", "a") for n in range(5)], ("b0", "b"), ("none", ""))
    found = claim(database, lanes=Lanes(2, {}))
    assert [(each.key, each.lane) for each in found] == [("a0", "a"), ("a1", "a"), ("b0", "b"), ("none", "")]


def test_a_full_lane_hides_nothing_behind_it(database: Database):
    """Its due work is older and more than a claim may take."""
    schedule(database, *[(f"a{n}", "a") for n in range(20)], ("b0", "b"))
    assert [each.key for each in claim(database, limit=4, lanes=Lanes(2, {"a": 2}))] == ["b0"]


def test_work_without_a_lane_is_never_held_back(database: Database):
    schedule(database, *[(f"n{n}", "") for n in range(5)])
    assert len(claim(database, lanes=Lanes(2, {"": 2}))) == 5


def test_a_payment_that_goes_to_another_bank_changes_its_lane(database: Database):
    schedule(database, ("inv1", "a"))
    schedule(database, ("inv1", "b"))
    assert [each.lane for each in claim(database)] == ["b"]


def test_a_kept_lease_is_longer_and_never_shorter(database: Database):
    schedule(database, ("inv1", "a"))
    [mine] = claim(database)
    assert keep(database, mine, until=at(60)) == 1
    assert keep(database, mine, until=at(5)) == 1
    assert claim(database, now=at(59)) == []
    assert [each.key for each in claim(database, now=at(60))] == ["inv1"]


def test_a_lease_that_somebody_else_has_by_now_is_not_kept(database: Database):
    schedule(database, ("inv1", "a"), ("inv2", "a"))
    lost, mine = claim(database)
    with database.transaction() as tx:
        jobs.renew(tx, mine, until=at(30))
    [theirs] = claim(database, now=at(11))
    assert keep(database, lost, mine, until=at(60)) == 1
    with database.transaction() as tx:
        assert not jobs.complete(tx, lost)
        assert jobs.complete(tx, theirs)


def test_claims_come_in_the_order_in_which_they_were_due(database: Database):
    schedule(database, *[(f"k{n}", "") for n in (3, 1, 2)])
    assert [each.key for each in claim(database)] == ["k3", "k1", "k2"]


# ------------------------------------------------------------------------------------------------ timers made sooner


def look_by(database: Database, due: datetime, lane: str = "") -> None:
    with database.transaction() as tx:
        jobs.look_by(tx, "machine", "k", due, lane=lane)


def look_again(database: Database, taken: Claim, due: datetime, **asked: datetime | str) -> datetime:
    """When it comes due then."""
    with database.transaction() as tx:
        assert jobs.look_again(tx, taken, due, **asked)
    return jobs.next_due(database, [("machine", None)])["machine"]


def test_a_timer_can_be_made_sooner_and_not_later(database: Database):
    for due, expected in ((at(10), at(10)), (at(20), at(10)), (at(5), at(5))):
        look_by(database, due)
        assert jobs.next_due(database, [("machine", None)])["machine"] == expected


def test_a_timer_keeps_its_lane_when_it_is_made_sooner(database: Database):
    look_by(database, at(-1), lane="a")
    look_by(database, at(-2), lane="b")
    assert [each.lane for each in claim(database)] == ["a"]


def test_what_is_asked_for_during_the_work_comes_due_after_it(database: Database):
    look_by(database, at(-1))
    [taken] = claim(database)
    look_by(database, at(3))
    look_by(database, at(7))
    assert claim(database) == []
    assert look_again(database, taken, at(60)) == at(3)


def test_what_is_asked_for_during_the_work_does_not_break_a_rest(database: Database):
    look_by(database, at(-1))
    [taken] = claim(database)
    look_by(database, at(3))
    assert look_again(database, taken, at(5), not_before=at(30), lane="x") == at(30)
    assert [each.lane for each in claim(database, now=at(31))] == ["x"]


def test_work_that_is_over_while_more_was_asked_for_is_done_once_more(database: Database):
    look_by(database, at(-1))
    [taken] = claim(database)
    look_by(database, at(2))
    with database.transaction() as tx:
        assert jobs.complete(tx, taken)
    assert jobs.next_due(database, [("machine", None)])["machine"] == at(2)


def test_a_timer_whose_worker_was_lost_is_sooner_than_what_is_asked_for(database: Database):
    look_by(database, at(-1))
    [lost] = claim(database)
    look_by(database, at(100))
    [taken] = claim(database, now=at(50))
    assert taken.attempts == 2
    with database.transaction() as tx:
        assert not jobs.look_again(tx, lost, at(200))


def test_a_timer_in_quarantine_stays_there(database: Database):
    look_by(database, at(-1))
    [taken] = claim(database)
    with database.transaction() as tx:
        assert jobs.quarantine(tx, taken, "crashed", now=NOW)
    look_by(database, at(-5))
    assert claim(database) == []


def test_what_crashed_keeps_its_wait_whatever_is_asked_for(database: Database):
    look_by(database, at(-1))
    [taken] = claim(database)
    with database.transaction() as tx:
        assert jobs.postpone(tx, taken, at(60), error="crashed")
    look_by(database, at(1))
    assert jobs.next_due(database, [("machine", None)])["machine"] == at(60)


def test_a_clock_that_is_ahead_takes_no_work_from_those_who_do_it(database: Database):
    """It may seem to it that the lease is over: what it asks for is done after the work all the same."""
    look_by(database, at(-1))
    [taken] = claim(database)
    look_by(database, at(1000))
    with database.transaction() as tx:
        assert jobs.complete(tx, taken)
    assert jobs.next_due(database, [("machine", None)])["machine"] == at(1000)


def test_what_is_asked_for_while_the_work_is_being_completed_is_not_lost(database: Database):
    """Somebody asks and commits a moment later, while whoever did the work completes it."""
    look_by(database, at(-1))
    [taken] = claim(database)
    has_asked, completed = threading.Event(), []

    def complete() -> None:
        has_asked.wait()
        with database.transaction() as tx:
            completed.append(jobs.complete(tx, taken))

    thread = threading.Thread(target=complete)
    thread.start()
    with database.transaction() as tx:
        jobs.look_by(tx, "machine", "k", at(2))
        tx.execute("SELECT 1")
        has_asked.set()
        time.sleep(0.2)
    thread.join()
    assert completed == [True]
    assert jobs.next_due(database, [("machine", None)])["machine"] == at(2)


def test_what_is_asked_for_while_the_row_is_held_is_done_afterwards(database: Database):
    look_by(database, at(-1))
    [taken] = claim(database)
    with database.transaction() as tx:
        assert jobs.hold(tx, taken)
        assert jobs.complete(tx, taken)
    with database.transaction() as tx:
        assert not jobs.hold(tx, taken)
    look_by(database, at(2))
    assert jobs.next_due(database, [("machine", None)])["machine"] == at(2)
