"""Requests of one party a second: a burst, then an even flow; the other parties are not touched."""

from gateway_kit import House

from translator.rate_limits import PARTIES_MAX, RateLimit


def test_a_party_may_send_a_burst_and_then_its_rate():
    now = [0.0]
    limit = RateLimit(5, lambda: now[0])
    assert [limit.takes("a") for _ in range(12)] == [True] * 10 + [False] * 2
    now[0] = 0.2
    assert [limit.takes("a"), limit.takes("a"), limit.takes("b")] == [True, False, True]


def test_a_rate_of_nothing_is_no_limit():
    limit = RateLimit(0)
    assert all(limit.takes("a") for _ in range(1000))


def test_the_memory_is_bounded():
    limit = RateLimit(1)
    for number in range(PARTIES_MAX + 10):
        limit.takes(str(number))
    assert len(limit._buckets) == PARTIES_MAX


def test_beyond_the_rate_it_is_429_and_the_platform_is_not_asked(tmp_path):
    house = House(tmp_path, env={"CAPI_GATEWAY_PARTY_REQUESTS_PER_S_MAX": 1})
    statuses = [house.send("PUT", "/v9/shops/1/suspend").status for _ in range(4)]
    assert statuses[:2] == [202, 202] and statuses[-1] == 429
    assert len(house.platform.calls) == statuses.count(202)
