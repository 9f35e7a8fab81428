"""The registry of a process."""

import threading

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from telemetry import metrics
from telemetry.distribution import Distribution


def test_what_is_counted_is_shown():
    calls = metrics.counter("capi_test_calls", "Calls", ("outcome",))
    calls.labels("ok").inc(2)
    metrics.histogram("capi_test_seconds", "Time").observe(0.004)
    text = metrics.exposition().decode()
    assert 'capi_test_calls_total{outcome="ok"} 2.0' in text
    assert 'capi_test_seconds_bucket{le="0.005"} 1.0' in text
    assert "_created" not in text


def test_the_same_name_is_the_same_metric():
    assert metrics.gauge("capi_test_gauge", "G") is metrics.gauge("capi_test_gauge", "G")


def test_one_name_cannot_mean_two_things():
    metrics.counter("capi_test_twice", "T", ("a",))
    with pytest.raises(ValueError, match="already exists as Counter"):
        metrics.counter("capi_test_twice", "T", ("b",))
    with pytest.raises(ValueError, match="already exists as Counter"):
        metrics.gauge("capi_test_twice", "T", ("a",))


def test_a_histogram_is_shown_as_every_prometheus_reader_expects_it():
    registry = CollectorRegistry()
    ours = Distribution("t_seconds", "T", ("a", "b"), (0.1, 0.5, 2), registry)
    theirs = Histogram("t_seconds", "T", ("a", "b"), registry=(other := CollectorRegistry()), buckets=(0.1, 0.5, 2))
    for value in (0.0, 0.05, 0.1, 0.2, 0.5, 0.50001, 2, 1000):
        for one in (ours, theirs):
            one.labels("x", 'a "quoted" one').observe(value)
    assert generate_latest(registry) == generate_latest(other)


def test_observations_of_several_threads_are_all_counted():
    observed = Distribution("t_seconds", "T", (), (0.5,), CollectorRegistry())
    threads = [threading.Thread(target=lambda: [observed.observe(0.1) for _ in range(5000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert observed.labels().buckets()[0] == [("0.5", 20_000.0), ("+Inf", 20_000.0)]


def test_a_label_cannot_be_left_out():
    with pytest.raises(ValueError, match="has the labels"):
        metrics.histogram("capi_test_labelled_seconds", "T", ("a",)).labels()
