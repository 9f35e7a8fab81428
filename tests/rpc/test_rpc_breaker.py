"""The life of a circuit breaker."""

import threading

import pytest

from rpc.breaker import Breaker
from rpc.failures import Unavailable


class Seconds:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def breaker(seconds):
    return Breaker(failures_max=3, open_ms=2000, clock=seconds)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.admit()
        breaker.failed()


def test_failures_in_a_row_open_it(breaker):
    fail(breaker, 2)
    assert breaker.state == "closed"
    fail(breaker)
    assert breaker.state == "open"
    with pytest.raises(Unavailable):
        breaker.admit()


def test_a_success_in_between_begins_the_count_anew(breaker):
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.state == "closed"


def test_an_abandoned_call_counts_for_nothing(breaker):
    fail(breaker, 2)
    breaker.abandoned()
    assert breaker.state == "closed"
    fail(breaker)
    assert breaker.state == "open"


def test_after_its_time_it_lets_one_call_try_and_no_other(breaker, seconds):
    fail(breaker, 3)
    seconds.now = 1.9
    with pytest.raises(Unavailable):
        breaker.admit()
    seconds.now = 2.0
    breaker.admit()
    assert breaker.state == "half open"
    with pytest.raises(Unavailable):
        breaker.admit()


def test_a_trial_that_succeeds_closes_it(breaker, seconds):
    fail(breaker, 3)
    seconds.now = 2
    breaker.admit()
    breaker.succeeded()
    assert breaker.state == "closed"
    fail(breaker, 2)
    assert breaker.state == "closed"


def test_a_trial_that_fails_opens_it_for_the_whole_time_again(breaker, seconds):
    fail(breaker, 3)
    seconds.now = 2
    fail(breaker)
    assert breaker.state == "open"
    seconds.now = 3.9
    with pytest.raises(Unavailable):
        breaker.admit()
    seconds.now = 4
    breaker.admit()


def test_an_abandoned_trial_leaves_its_place_to_the_next_call(breaker, seconds):
    fail(breaker, 3)
    seconds.now = 2
    breaker.admit()
    breaker.abandoned()
    breaker.admit()
    assert breaker.state == "half open"


def test_calls_that_began_before_it_opened_do_not_prolong_it(breaker, seconds):
    fail(breaker, 3)
    seconds.now = 1.5
    breaker.failed()
    seconds.now = 2
    breaker.admit()


def test_of_many_threads_one_gets_the_trial(breaker, seconds):
    fail(breaker, 3)
    seconds.now = 2
    admitted, start = [], threading.Barrier(8)

    def attempt():
        start.wait()
        try:
            breaker.admit()
            admitted.append(1)
        except Unavailable:
            pass

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1
