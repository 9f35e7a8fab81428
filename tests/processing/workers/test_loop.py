"""The claim-work-settle loop: bounded, in order per key, nothing twice at a time, nothing lost, nothing for ever."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from processing.machine import LeaseLost
from processing.storage import jobs
from processing.storage.port import Database, Unavailable
from processing.workers import loop as loop_module
from processing.workers.loop import CRASHES_MAX, DONE, SETTLED, Later, Loop, Queue, backoff
from settings.clock import system_clock
from telemetry import log

LEASE = timedelta(seconds=60)


@contextmanager
def working(database: Database, *queues: Queue) -> Iterator[Loop]:
    loop = Loop(database, system_clock, queues)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop(5)


def queue(handle: Callable, threads: int = 2, **more: object) -> Queue:
    return Queue("q", handle, threads, LEASE, **more)


def enqueue(database: Database, *keys_and_payloads: tuple[str, str], queue: str = "q") -> None:
    with database.transaction() as tx:
        for key, payload in keys_and_payloads:
            jobs.enqueue(tx, queue, key, system_clock(), payload=payload, trace_id="a-trace")


def rows(database: Database) -> list[tuple]:
    with database.read() as tx:
        return tx.execute("SELECT key, attempts, last_error, claim FROM jobs ORDER BY key, position").all()


def until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def test_work_is_done_soon_after_it_is_committed(database: Database):
    done: list[float] = []

    def handle(claim: jobs.Claim) -> str:
        done.append(time.monotonic())
        return DONE

    with working(database, queue(handle)):
        time.sleep(0.3)
        began = time.monotonic()
        enqueue(database, ("k", "a"))
        until(lambda: bool(done))
    assert done[0] - began < 2
    assert rows(database) == []


def test_another_process_s_commit_wakes_the_loop(database: Database, open_database: Callable[[], Database]):
    done = []
    other = open_database()
    with working(database, queue(lambda claim: done.append(claim.payload) or DONE)):
        enqueue(other, ("k", "a"))
        until(lambda: done == ["a"])
    other.close()


def test_work_of_one_key_is_done_in_order_and_never_twice_at_a_time(database: Database):
    done: list[str] = []
    active: set[str] = set()
    lock = threading.Lock()

    def handle(claim: jobs.Claim) -> str:
        with lock:
            assert claim.key not in active
            active.add(claim.key)
        time.sleep(0.002)
        with lock:
            active.discard(claim.key)
            done.append(f"{claim.key}{claim.payload}")
        return DONE

    enqueue(database, *[(key, str(n)) for n in range(10) for key in "abc"])
    with working(database, queue(handle, threads=8, ahead=8)):
        until(lambda: len(done) == 30)
    for key in "abc":
        assert [each for each in done if each[0] == key] == [f"{key}{n}" for n in range(10)]


def test_two_workers_never_do_one_key_at_once(database: Database, open_database: Callable[[], Database]):
    active: dict[str, int] = {}
    clashes: list[str] = []
    done: list[str] = []
    lock = threading.Lock()

    def handle(claim: jobs.Claim) -> str:
        with lock:
            active[claim.key] = active.get(claim.key, 0) + 1
            if active[claim.key] > 1:
                clashes.append(claim.key)
        time.sleep(0.001)
        with lock:
            active[claim.key] -= 1
            done.append(claim.payload)
        return DONE

    enqueue(database, *[(f"k{n % 5}", str(n)) for n in range(60)])
    other = open_database()
    with working(database, queue(handle, threads=4, ahead=4)), working(other, queue(handle, threads=4, ahead=4)):
        until(lambda: len(done) == 60)
    other.close()
    assert clashes == []
    assert sorted(done, key=int) == [str(n) for n in range(60)]


def test_no_more_is_done_at_a_time_than_there_are_threads(database: Database):
    now_active, most, lock = [0], [0], threading.Lock()

    def handle(claim: jobs.Claim) -> str:
        with lock:
            now_active[0] += 1
            most[0] = max(most[0], now_active[0])
        time.sleep(0.01)
        with lock:
            now_active[0] -= 1
        return DONE

    enqueue(database, *[(f"k{n}", "") for n in range(12)])
    with working(database, queue(handle, threads=3, ahead=5)):
        until(lambda: rows(database) == [])
    assert most[0] == 3


def test_a_slow_queue_does_not_hold_up_another(database: Database):
    release, fast = threading.Event(), []
    slow = Queue("slow", lambda claim: release.wait(5) and DONE, 1, LEASE)
    with working(database, slow, queue(lambda claim: fast.append(1) or DONE)):
        enqueue(database, ("k1", ""), ("k2", ""), queue="slow")
        enqueue(database, ("k", ""))
        until(lambda: fast == [1])
        release.set()
        until(lambda: rows(database) == [])


def test_work_put_off_comes_back(database: Database):
    attempts: list[int] = []

    def handle(claim: jobs.Claim) -> object:
        attempts.append(claim.attempts)
        return Later(system_clock() + timedelta(milliseconds=30), "busy") if len(attempts) < 3 else DONE

    enqueue(database, ("k", ""))
    with working(database, queue(handle)):
        until(lambda: len(attempts) == 3)
    assert attempts == [1, 2, 3]


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


def test_a_stop_waits_for_what_was_begun_and_gives_back_the_rest(database: Database):
    began, release, done = threading.Event(), threading.Event(), []

    def handle(claim: jobs.Claim) -> str:
        began.set()
        release.wait(5)
        done.append(claim.payload)
        return DONE

    enqueue(database, ("a", "1"), ("b", "2"), ("c", "3"))
    loop = Loop(database, system_clock, [queue(handle, threads=1, ahead=2)])
    assert not loop.is_alive()
    loop.start()
    assert began.wait(5)
    threading.Timer(1, release.set).start()
    assert loop.is_alive()
    assert loop.stop(5)
    assert not loop.is_alive()
    assert done == ["1"]
    assert [(key, attempts, claim) for key, attempts, _, claim in rows(database)] == [("b", 0, None), ("c", 0, None)]


def test_a_stop_does_not_wait_for_ever(database: Database):
    began, release = threading.Event(), threading.Event()

    def handle(claim: jobs.Claim) -> str:
        began.set()
        release.wait(5)
        return SETTLED

    enqueue(database, ("a", ""))
    loop = Loop(database, system_clock, [queue(handle)])
    loop.start()
    assert began.wait(5)
    assert not loop.stop(0.05)
    release.set()


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


def lane_work(database: Database, *keys_and_lanes: tuple[str, str]) -> None:
    with database.transaction() as tx:
        for key, lane in keys_and_lanes:
            jobs.schedule(tx, "q", key, system_clock(), now=system_clock(), lane=lane)


def test_a_bank_that_hangs_keeps_no_other_bank_s_work_waiting(database: Database):
    """A hundred due pieces of the one are ahead of the other's, and all its calls hang."""
    release, done, hanging = threading.Event(), [], []

    def handle(claim: jobs.Claim) -> str:
        if claim.lane == "a":
            hanging.append(claim.key)
            release.wait(10)
        else:
            done.append(claim.key)
        return DONE

    lane_work(database, *[(f"a{n}", "a") for n in range(100)])
    with working(database, queue(handle, threads=4, ahead=4, lane_threads=3)):
        until(lambda: len(hanging) == 3)
        lane_work(database, *[(f"b{n}", "b") for n in range(20)])
        until(lambda: len(done) == 20)
        assert len(hanging) == 3
        release.set()
        until(lambda: rows(database) == [])


def test_a_single_bank_gets_its_whole_share_of_threads(database: Database):
    now_active, most, lock = [0], [0], threading.Lock()

    def handle(claim: jobs.Claim) -> str:
        with lock:
            now_active[0] += 1
            most[0] = max(most[0], now_active[0])
        time.sleep(0.02)
        with lock:
            now_active[0] -= 1
        return DONE

    lane_work(database, *[(f"a{n}", "a") for n in range(30)])
    with working(database, queue(handle, threads=4, ahead=4, lane_threads=3)):
        until(lambda: rows(database) == [])
    assert most[0] == 3


def test_a_worker_whose_clock_is_wrong_does_nothing_until_it_is_right(database: Database):
    """What it writes would rest until that time, and the leases of others would seem to be over."""
    wrong, done = [timedelta(minutes=-3)], []
    enqueue(database, ("k", "a"))
    loop = Loop(
        database, lambda: system_clock() - wrong[0], [queue(lambda claim: done.append(claim.key) or DONE)],
        clock_wrong_max=timedelta(seconds=5),
    )  # fmt: skip
    loop.start()
    until(lambda: not loop.is_on_time)
    time.sleep(0.3)
    assert done == []
    wrong[0] = timedelta(0)
    until(lambda: done == ["k"])
    assert loop.is_on_time
    assert loop.stop(5)
