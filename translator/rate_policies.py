"""Limits by party and kind of operation, and the headers that tell of them (draft-ietf-httpapi-ratelimit-headers).

    RateLimit-Policy: "read";q=2000;w=10      2000 requests in 10 seconds
    RateLimit: "read";r=1999;t=1              1999 are left now; in a second there are more

A bucket a party and kind, filled evenly, so that no party's burst takes what another may send; a payer's token has
buckets of its own. In the process's own
memory and bounded, as `rate_limits`.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from translator.errors import TooMany
from translator.exchange import Exchange
from translator.reply import Header

WINDOW_S = 10
BUCKETS_MAX = 20_000


class Quota(NamedTuple):
    """What one request found. `left`: requests that may come at once; `wait_s`: until one more may, whole seconds."""

    policy: str
    left: int
    wait_s: int


class RatePolicies:
    """`per_s`: kind of operation -> requests a second of one party, averaged over WINDOW_S; 0 is no limit."""

    def __init__(self, per_s: Mapping[str, float], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_s = {kind: rate for kind, rate in per_s.items() if rate}
        self._monotonic = monotonic
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._policies = {kind: policy_header(kind, rate) for kind, rate in self._per_s.items()}

    def admit(self, exchange: Exchange) -> None:
        """Counts a request of exchange.identity; `exchange.quota` is what it found. Raises TooMany."""
        kind = exchange.served.spec.rate_class
        rate = self._per_s.get(kind)
        if rate is None:
            return
        now, full, bucket = self._monotonic(), rate * WINDOW_S, (owner_of(exchange), kind)
        left, at = self._buckets.pop(bucket, (full, now))
        left = min(full, left + (now - at) * rate)
        allowed = left >= 1
        left -= allowed
        self._buckets[bucket] = (left, now)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        exchange.quota = Quota(kind, int(left), max(1, math.ceil((1 - left % 1) / rate)))
        if not allowed:
            raise TooMany

    def headers(self, exchange: Exchange) -> list[Header]:
        """Those of one answer: the policy where the operation is known, what is left where the party is, too."""
        policy = self._policies.get(exchange.served.spec.rate_class) if exchange.served is not None else None
        if policy is None:
            return []
        quota = exchange.quota
        if quota is None:
            return [policy]
        return [policy, (b"ratelimit", b'"%b";r=%d;t=%d' % (quota.policy.encode(), quota.left, quota.wait_s))]


def owner_of(exchange: Exchange) -> str:
    """Whose bucket it is: the party's, or a payer's own, so that no payer can use up what the merchant may send."""
    identity = exchange.identity
    return f"payer:{identity.token_id}" if identity.consumer == "client" else identity.party_id


def policy_header(kind: str, per_s: float) -> Header:
    """RateLimit-Policy of one kind."""
    return (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (kind.encode(), int(per_s * WINDOW_S), WINDOW_S))
