"""The claim-work-settle loop: what crashes is set aside, what lost its lease is another's, nothing is lost."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from processing.machine import LeaseLost
from processing.storage import jobs
from processing.storage.port import Database, Unavailable
from processing.workers import loop as loop_module
from processing.workers.loop import CRASHES_MAX, DONE, Later, Loop, Queue, backoff
from settings.clock import system_clock
from telemetry import log
from tests.processing.workers.running_loop import LEASE, enqueue, queue, rows, until, working


def test_the_waits_of_crashing_work_double_up_to_a_limit():
    assert [backoff(attempt).total_seconds() for attempt in (1, 2, 3, 4)] == [0.5, 1, 2, 4]
    assert backoff(100) == loop_module.BACKOFF_MAX


def crash(claim: jobs.Claim) -> str:
    raise KeyError("nobody foresaw this")


def test_work_that_crashes_waits_and_keeps_the_reason(database: Database):
    lines: list[bytes] = []
    enqueue(database, ("k", ""))
    with log.written_to(lines.append), working(database, queue(crash)):
        until(lambda: bool(rows(database)) and rows(database)[0][2] is not None)
    assert rows(database) == [("k", 1, "KeyError: 'nobody foresaw this'", None)]
    assert any(b'"event":"job.crashed"' in line and b'"trace_id":"a-trace"' in line for line in lines)


def exhausted(database: Database) -> None:
    """The job has crashed as often as it may, but for the last time."""
    enqueue(database, ("k", "a"), ("k", "b"))
    with database.transaction() as tx:
        tx.execute("UPDATE jobs SET attempts = ? WHERE position = 1", (CRASHES_MAX - 1,))


def test_work_that_keeps_crashing_is_set_aside_with_what_stands_behind_it(database: Database):
    exhausted(database)
    lines: list[bytes] = []
    with log.written_to(lines.append), working(database, queue(crash)):
        until(lambda: any(b"job.quarantined" in line for line in lines))
        assert jobs.next_due(database, [("q", None)]) == {}
        with database.read() as tx:
            [aside] = jobs.quarantined(tx, 10)
    assert (aside.key, aside.attempts) == ("k", CRASHES_MAX)


def test_the_queue_s_own_last_resort_comes_before_quarantine(database: Database):
    exhausted(database)
    told: list[str] = []

    def give_up(claim: jobs.Claim, error: str) -> bool:
        with database.transaction() as tx:
            jobs.discard(tx, claim)
        told.append(error)
        return True

    handled = queue(lambda claim: crash(claim) if claim.payload == "a" else DONE, on_quarantine=give_up)
    with working(database, handled):
        until(lambda: rows(database) == [])
    assert told == ["KeyError: 'nobody foresaw this'"]


def test_a_database_that_is_away_is_no_crash_of_the_work(database: Database):
    exhausted(database)

    def handle(claim: jobs.Claim) -> str:
        raise Unavailable("busy")

    with working(database, queue(handle)):
        until(lambda: rows(database)[0][2] == "busy")
    with database.read() as tx:
        assert jobs.quarantined(tx, 10) == []


def test_who_lost_the_lease_settles_nothing(database: Database):
    """The work takes longer than its lease and somebody else has it meanwhile: that one's claim stays."""
    enqueue(database, ("k", ""))
    began = threading.Event()
    stolen: list[jobs.Claim] = []

    def handle(claim: jobs.Claim) -> str:
        with database.transaction() as tx:
            later = claim.lease_until + timedelta(seconds=1)
            stolen.extend(jobs.claim(tx, "q", now=later, lease=LEASE, limit=1))
        began.set()
        return DONE

    lines: list[bytes] = []
    with log.written_to(lines.append), working(database, queue(handle)):
        assert began.wait(5)
        until(lambda: any(b'"outcome":"lease_lost"' in line for line in lines))
    assert [row[3] for row in rows(database)] == [stolen[0].name]


def test_a_handler_may_say_that_the_lease_is_lost(database: Database):
    enqueue(database, ("k", ""))
    lines: list[bytes] = []

    def handle(claim: jobs.Claim) -> str:
        raise LeaseLost(claim.key)

    with log.written_to(lines.append), working(database, queue(handle)):
        until(lambda: any(b'"outcome":"lease_lost"' in line for line in lines))
    assert rows(database)[0][1] == 1


SHORT = timedelta(seconds=2)


def leased(handle: Callable, **more: object) -> Queue:
    return Queue("q", handle, lease=SHORT, **{"threads": 2, **more})


def test_work_that_outlasts_its_lease_stays_with_its_worker(database: Database, open_database: Callable[[], Database]):
    """A bank or a receiver may take as long as it likes; the keeper makes the lease longer, of what waits ahead too."""
    begun: list[str] = []
    release = threading.Event()

    def handle(claim: jobs.Claim) -> str:
        begun.append(claim.key)
        release.wait(10)
        return DONE

    enqueue(database, *[(f"k{n}", "") for n in range(4)])
    other = open_database()
    with working(database, leased(handle, ahead=2)):
        until(lambda: len(begun) == 2)
        with working(other, leased(lambda claim: begun.append("stolen"))):
            time.sleep(2 * SHORT.total_seconds())
            assert len(begun) == 2
            release.set()
            until(lambda: rows(database) == [])
    other.close()
    assert sorted(begun) == ["k0", "k1", "k2", "k3"]


def test_the_work_of_a_worker_that_keeps_no_lease_is_done_by_another(
    database: Database, open_database: Callable[[], Database], monkeypatch
):
    """As when it was killed or paused: the other takes over after one lease, and the late result changes nothing."""
    outcome: list[str] = []
    began, release = threading.Event(), threading.Event()

    def asleep(claim: jobs.Claim) -> str:
        began.set()
        release.wait(10)
        return Later(system_clock() + timedelta(hours=1))

    enqueue(database, ("k", ""))
    other, lines = open_database(), []
    loop = Loop(database, system_clock, [leased(asleep)])
    monkeypatch.setattr(loop, "_keep", lambda: None)
    with log.written_to(lines.append):
        loop.start()
        assert began.wait(5)
        begun_at = time.monotonic()
        with working(other, leased(lambda claim: outcome.append(claim.key) or DONE)):
            until(lambda: outcome == ["k"])
        took_s = time.monotonic() - begun_at
        release.set()
        until(lambda: any(b'"outcome":"lease_lost"' in line for line in lines))
    loop.stop(5)
    other.close()
    assert took_s < SHORT.total_seconds() + 8
    assert rows(database) == []
