"""A receiver that lets us wait takes its own time, not everybody's."""

from processing.webhooks.slow_lane import SlowLane


def test_fast_receivers_always_have_a_place():
    lane = SlowLane(places=1, slow_ms=100)
    with lane.place(1) as first, lane.place(1) as second, lane.place(2) as third:
        assert (first, second, third) == (True, True, True)


def test_slow_receivers_share_the_few_places_there_are():
    lane = SlowLane(places=2, slow_ms=100)
    for hook in (1, 2, 3):
        lane.learn(hook, 100)
    with lane.place(1) as first, lane.place(2) as second, lane.place(3) as third, lane.place(4) as fast:
        assert (first, second, third, fast) == (True, True, False, True)
    with lane.place(3) as later:
        assert later


def test_a_receiver_that_answers_quickly_again_is_slow_no_more():
    lane = SlowLane(places=1, slow_ms=100)
    lane.learn(1, 5_000)
    lane.learn(2, 5_000)
    lane.learn(2, 7)
    with lane.place(1), lane.place(2) as quick_again:
        assert quick_again


def test_a_place_comes_back_when_the_attempt_crashes():
    lane = SlowLane(places=1, slow_ms=100)
    lane.learn(1, 5_000)
    try:
        with lane.place(1):
            raise ConnectionError
    except ConnectionError:
        pass
    with lane.place(1) as again:
        assert again
