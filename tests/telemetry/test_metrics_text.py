"""The registry of a process."""

import pytest

from telemetry import metrics


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
