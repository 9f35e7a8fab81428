"""Counters, gauges and histograms of this process, in the Prometheus text form.

    calls = metrics.counter("capi_rpc_calls", "Calls by outcome", ("service", "function", "outcome"))
    calls.labels("Invoicing", "Create", "ok").inc()

One registry a process. Every service of the default profile is one worker, so its /metrics is the whole truth; with
more workers a scrape shows the worker that answered it, and `process_start_time_seconds` tells them apart: add
`sum by (...)` over targets, or give each worker a port.

Labels are from closed sets (operation, service, status); never an id, a party or a text from outside.
"""

from collections.abc import Sequence

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    Counter,
    Gauge,
    disable_created_metrics,
    generate_latest,
)

from telemetry.distribution import Distribution

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CONTENT_TYPE = CONTENT_TYPE_LATEST

disable_created_metrics()  # a second line per counter that says when it began, as the process start does

Metric = Counter | Gauge | Distribution
_known: dict[str, Metric] = {}


def counter(name: str, help: str, labels: Sequence[str] = ()) -> Counter:
    """A number that only grows; shown as `<name>_total`. The same name gives the same counter."""
    return _once(Counter, name, help, labels)


def gauge(name: str, help: str, labels: Sequence[str] = ()) -> Gauge:
    """A number that goes both ways."""
    return _once(Gauge, name, help, labels)


def histogram(
    name: str, help: str, labels: Sequence[str] = (), buckets: Sequence[float] = LATENCY_BUCKETS_S
) -> Distribution:
    """A distribution, in seconds unless its name says otherwise."""
    return _once(Distribution, name, help, labels, buckets=buckets, registry=REGISTRY)


def exposition() -> bytes:
    """The body of /metrics, of type CONTENT_TYPE."""
    return generate_latest(REGISTRY)


def _once(kind: type, name: str, help: str, labels: Sequence[str], **options: object) -> Metric:
    """Makes a metric, or hands back the one already made; ValueError when that was another kind or had other labels."""
    known = _known.get(name)
    if known is None:
        known = _known[name] = kind(name, help, tuple(labels), **options)
    if type(known) is not kind or known._labelnames != tuple(labels):
        raise ValueError(f"Metric {name} already exists as {type(known).__name__}{known._labelnames}.")
    return known
