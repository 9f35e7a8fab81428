"""What the running services say of their traffic, read from /metrics twice; whether the present profile bears it.

A process's share of a core, divided by the requests it served meanwhile, tells how many it could serve.
"""

import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from deploy.all_in_one.processes import Process

SCRAPE_S_MAX = 3
REQUESTS = "capi_http_request_seconds"
LAG = "capi_queue_lag_seconds"
CPU = "process_cpu_seconds_total"
STARTED = "process_start_time_seconds"

CPU_SHARE_MAX = 0.8
"""Of one core; above it requests begin to wait for each other."""

P99_S_MAX = 0.5
LAG_S_MAX = 5.0


class Sample(NamedTuple):
    """One process's numbers at a time (seconds since 1970). `buckets`: upper bound -> requests at or below it."""

    at: float
    cpu_s: float
    started_at: float
    requests: float
    buckets: dict[float, float]
    lags_s: dict[str, float]


class Traffic(NamedTuple):
    """One process between two samples. `p99_s` is the bound of a bucket: None without requests."""

    process: str
    requests_per_s: float
    requests_since_start: float
    p99_s: float | None
    cpu_share: float
    lags_s: dict[str, float]

    @property
    def requests_per_s_max(self) -> float | None:
        """What it could serve at the same cost each; None while it served too little to tell."""
        if self.requests_per_s < 1 or self.cpu_share <= 0:
            return None
        return self.requests_per_s / self.cpu_share * CPU_SHARE_MAX


def watched(processes: Iterable[Process], seconds: float) -> list[Traffic]:
    """The traffic of those that answer, over so many seconds."""
    named = {process.name: process for process in processes}
    before = {name: found for name, process in named.items() if (found := scraped(process))}
    time.sleep(seconds)
    after = {name: found for name in before if (found := scraped(named[name]))}
    return [between(name, before[name], found) for name, found in after.items()]


def scraped(process: Process) -> Sample | None:
    """The process's /metrics; None when it does not answer."""
    try:
        with urllib.request.urlopen(f"{process.url}/metrics", timeout=SCRAPE_S_MAX) as answer:  # noqa: S310 - http
            return sample(answer.read().decode(), time.time())
    except (OSError, ValueError):
        return None


def sample(text: str, at: float) -> Sample:
    """The numbers in the text form of Prometheus."""
    totals: dict[str, float] = defaultdict(float)
    buckets: dict[float, float] = defaultdict(float)
    lags: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for name, labels, value, *_ in family.samples:
            if name == f"{REQUESTS}_bucket":
                buckets[float(labels["le"])] += value
            elif name == LAG:
                lags[labels["queue"]] = value
            else:
                totals[name] += value
    return Sample(at, totals[CPU], totals[STARTED], totals[f"{REQUESTS}_count"], dict(buckets), lags)


def between(name: str, before: Sample, after: Sample) -> Traffic:
    """What happened between two samples; where nobody asked meanwhile, the p99 is the one since the start."""
    seconds = max(after.at - before.at, 0.001)
    recent = {bound: count - before.buckets.get(bound, 0) for bound, count in after.buckets.items()}
    return Traffic(
        process=name,
        requests_per_s=(after.requests - before.requests) / seconds,
        requests_since_start=after.requests,
        p99_s=percentile(recent, 0.99) or percentile(after.buckets, 0.99),
        cpu_share=(after.cpu_s - before.cpu_s) / seconds,
        lags_s={queue: max(lag, before.lags_s.get(queue, 0)) for queue, lag in after.lags_s.items()},
    )


def percentile(buckets: dict[float, float], share: float) -> float | None:
    """The bound of the bucket below which that share lies."""
    total = max(buckets.values(), default=0)
    if total <= 0:
        return None
    return next(bound for bound in sorted(buckets) if buckets[bound] >= share * total)


def line(traffic: Traffic) -> str:
    """One process in numbers."""
    parts = [f"{traffic.cpu_share:.0%} of a core"]
    if traffic.requests_since_start:
        parts.append(f"{traffic.requests_per_s:.1f} requests/s")
        parts.append(f"p99 within {milliseconds(traffic.p99_s)}")
        if traffic.requests_per_s_max:
            parts.append(f"at this cost one process serves about {traffic.requests_per_s_max:.0f}/s")
    parts += [f"queue {queue} waits {lag:.1f} s" for queue, lag in sorted(traffic.lags_s.items())]
    return ", ".join(parts)


def milliseconds(seconds: float | None) -> str:
    """A bound in words; the last bucket has none."""
    if seconds is None:
        return "an unknown time"
    return "more than 60 s" if seconds == float("inf") else f"{seconds * 1000:g} ms"


def strained(all_traffic: Iterable[Traffic], is_sqlite: bool) -> list[str]:
    """What does not suffice, each with what to do; empty while the profile bears its traffic."""
    database = "use PostgreSQL (processing.database_url), then " if is_sqlite else ""
    found = []
    for each in all_traffic:
        if each.cpu_share > CPU_SHARE_MAX:
            advice = "raise gateway.workers" if each.requests_since_start else f"{database}start one more of it"
            found.append(f"{each.process} uses {each.cpu_share:.0%} of a core: {advice}.")
        if each.p99_s is not None and each.p99_s > P99_S_MAX:
            found.append(f"{each.process} takes up to {milliseconds(each.p99_s)} (p99): look what it waits for.")
        found += [
            f"Work of the queue {queue} waits {lag:.1f} s: raise workers' threads, or {database}start more workers."
            for queue, lag in sorted(each.lags_s.items())
            if lag > LAG_S_MAX
        ]
    return found


def verdict(all_traffic: list[Traffic], is_sqlite: bool) -> str:
    """One sentence: whether the present profile suffices for the traffic seen."""
    if not all_traffic:
        return "No service answers, so there is no traffic to judge."
    trouble = strained(all_traffic, is_sqlite)
    if trouble:
        return "The present profile does not suffice: " + " ".join(trouble)
    busiest = max(all_traffic, key=lambda each: each.cpu_share)
    asked = sum(each.requests_per_s for each in all_traffic)
    if asked < 1:
        return f"The present profile suffices: {asked:.1f} requests/s are next to nothing; ask again under load."
    room = CPU_SHARE_MAX / busiest.cpu_share if busiest.cpu_share > 0 else float("inf")
    return (
        f"The present profile suffices: at {asked:.1f} requests/s the busiest process, {busiest.process}, uses"
        f" {busiest.cpu_share:.0%} of a core; about {room:.1f} times this traffic fits while the machine has cores."
    )
