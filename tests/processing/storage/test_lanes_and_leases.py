"""Claims by lane, and leases that are made longer, on both databases."""

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
