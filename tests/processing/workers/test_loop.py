"""The claim-work-settle loop: bounded, in order per key and lane, nothing twice at a time, nothing for ever."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from processing.storage import jobs
from processing.storage.port import Database
from processing.workers.loop import DONE, SETTLED, Later, Loop, Queue
from settings.clock import system_clock
from tests.processing.workers.running_loop import LEASE, enqueue, queue, rows, until, working


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
