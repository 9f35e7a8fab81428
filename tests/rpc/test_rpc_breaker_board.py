"""Breakers that processes share: they open together, one call of all tries, and nobody's death keeps them open."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rpc import breaker_board
from rpc.breaker import CLOSED, HALF_OPEN, OPEN
from rpc.breaker_board import SLOTS, TRIAL_S_MAX, Board, opened
from rpc.calling import breaker_of
from rpc.failures import Unavailable
from settings.loading import CHECKOUT

IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from rpc.breaker_board import Board
breaker = Board(Path(sys.argv[1])).breaker("upstream", 3, int(sys.argv[3]))
for word in sys.argv[2].split(","):
    getattr(breaker, word)()
print(breaker.state)
"""


class Moment:
    def __init__(self) -> None:
        self.ns = 10**12

    def __call__(self) -> int:
        return self.ns

    def forward(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "breakers"


def breaker(path: Path, clock_ns=time.monotonic_ns, open_ms: int = 2000):
    """As another process has it: a board of its own over the same file."""
    return Board(path, clock_ns).breaker("upstream", 3, open_ms)


def elsewhere(path: Path, words: str, open_ms: int = 2000) -> str:
    """What another process does, and the state it leaves behind; it has ended by then."""
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(path), words, str(open_ms)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def fail(*breakers) -> None:
    for each in breakers:
        each.admit()
        each.failed()


def test_failures_of_several_processes_open_it_for_all(path):
    mine = breaker(path)
    fail(mine)
    assert mine.state == CLOSED
    assert elsewhere(path, "failed,failed") == OPEN
    assert mine.state == OPEN
    with pytest.raises(Unavailable):
        mine.admit()


def test_a_success_of_any_process_begins_the_count_anew(path):
    mine = breaker(path)
    fail(mine, mine)
    assert elsewhere(path, "succeeded") == CLOSED
    fail(mine, mine)
    assert mine.state == CLOSED


def test_of_all_processes_one_call_tries(path, moment):
    mine, other = breaker(path, moment), breaker(path, moment)
    fail(mine, mine, mine)
    moment.forward(2)
    other.admit()
    assert (mine.state, other.state) == (HALF_OPEN, HALF_OPEN)
    for each in (mine, other):
        with pytest.raises(Unavailable):
            each.admit()
    other.succeeded()
    mine.admit()
    assert mine.state == CLOSED


def test_a_trial_that_fails_opens_it_for_the_whole_time_again(path, moment):
    mine = breaker(path, moment)
    fail(mine, mine, mine)
    moment.forward(2)
    fail(mine)
    moment.forward(1.9)
    with pytest.raises(Unavailable):
        mine.admit()
    moment.forward(0.1)
    mine.admit()


def test_an_abandoned_trial_leaves_its_place_to_the_next_call(path, moment):
    mine = breaker(path, moment)
    fail(mine, mine, mine)
    moment.forward(2)
    mine.admit()
    mine.abandoned()
    mine.admit()


def test_the_trial_of_a_process_that_died_is_over_at_once(path):
    mine = breaker(path, open_ms=0)
    assert elsewhere(path, "failed,failed,failed,admit", open_ms=0) == HALF_OPEN
    mine.admit()
    mine.succeeded()
    assert mine.state == CLOSED


def test_the_trial_of_a_process_that_is_paused_does_not_last_for_ever(path, moment):
    mine = breaker(path, moment)
    fail(mine, mine, mine)
    moment.forward(2)
    mine.admit()
    moment.forward(TRIAL_S_MAX - 1)
    with pytest.raises(Unavailable):
        mine.admit()
    moment.forward(1)
    mine.admit()


def test_a_process_that_is_paused_while_it_takes_the_trial_holds_nobody_up(path, moment):
    mine = breaker(path, moment)
    fail(mine, mine, mine)
    moment.forward(2)
    descriptor = os.open(path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        mine.admit()
    assert time.monotonic() - began < 5
    os.close(descriptor)
    mine.admit()


def test_of_many_threads_one_gets_the_trial(path, moment):
    mine = breaker(path, moment)
    fail(mine, mine, mine)
    moment.forward(2)
    admitted, start = [], threading.Barrier(8)

    def attempt():
        start.wait()
        try:
            mine.admit()
            admitted.append(1)
        except Unavailable:
            pass

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1


def test_each_upstream_has_a_breaker_of_its_own(path):
    board = Board(path)
    one, two = board.breaker("one", 1, 2000), board.breaker("two", 1, 2000)
    fail(one)
    assert (one.state, two.state) == (OPEN, CLOSED)


def test_what_an_earlier_start_of_the_machine_left_counts_for_nothing(path, monkeypatch):
    mine = breaker(path)
    fail(mine, mine, mine)
    monkeypatch.setattr(breaker_board, "boot_id", lambda: "another start")
    assert breaker(path).state == CLOSED


def test_where_no_board_can_be_made_a_process_has_breakers_of_its_own(tmp_path):
    (tmp_path / "run").write_text("a file where a directory should be")
    assert opened(tmp_path / "run" / "breakers") is None
    alone = breaker_of(None, "upstream", 1, 2000)
    fail(alone)
    assert alone.state == OPEN


def test_a_full_board_leaves_further_upstreams_to_each_process(path):
    board = Board(path)
    for number in range(SLOTS):
        board.breaker(f"upstream {number}", 1, 2000)
    alone = breaker_of(board, "one too many", 1, 2000)
    fail(alone)
    assert alone.state == OPEN


def test_a_closed_breaker_costs_a_call_less_than_two_microseconds(path):
    """The best of several rounds: the machine may be busy with something else."""
    mine, best = breaker(path), 1.0
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(1000):
            mine.admit()
            mine.succeeded()
        best = min(best, (time.perf_counter() - began) / 1000)
    assert best < 2e-6
