"""Limits by party and kind of operation, and the headers that tell of them (draft-ietf-httpapi-ratelimit-headers).

    RateLimit-Policy: "read";q=2000;w=10      2000 requests in 10 seconds
    RateLimit: "read";r=1999;t=1              1999 are left now; in a second there are more

A bucket a party and kind, filled evenly, so that no party's burst takes what another may send. In the process's own
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
PAYERS_SHARE = 0.5
EMPTY = -1


class Quota(NamedTuple):
    """What one request found. `left`: requests that may come at once, EMPTY where not even this one might; `wait_s`:
    until one more may, whole seconds. The smaller of two is the tighter.
    """

    left: int
    policy: str
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
        now, quotas = self._monotonic(), []
        for owner, share in owners_of(exchange):
            quotas.append(self._taken(owner, kind, rate * share, now))
            if quotas[-1].left == EMPTY:
                exchange.quota = quotas[-1]
                raise TooMany
        exchange.quota = min(quotas)

    def _taken(self, owner: str, kind: str, rate: float, now: float) -> "Quota":
        """Takes one from a bucket, if it holds one."""
        full, bucket = rate * WINDOW_S, (owner, kind)
        left, at = self._buckets.pop(bucket, (full, now))
        left = min(full, left + (now - at) * rate)
        allowed = left >= 1
        self._buckets[bucket] = (left - allowed, now)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        left -= allowed
        return Quota(int(left) if allowed else EMPTY, kind, max(1, math.ceil((1 - left % 1) / rate)))

    def headers(self, exchange: Exchange) -> list[Header]:
        """Those of one answer: the policy where the operation is known, what is left where the party is, too."""
        policy = self._policies.get(exchange.served.spec.rate_class) if exchange.served is not None else None
        if policy is None:
            return []
        quota = exchange.quota
        if quota is None:
            return [policy]
        return [policy, (b"ratelimit", b'"%b";r=%d;t=%d' % (quota.policy.encode(), max(quota.left, 0), quota.wait_s))]


def owners_of(exchange: Exchange) -> tuple[tuple[str, float], ...]:
    """Whose buckets a request takes from, each with its share of the party's rate.

    The payers of a party have a bucket together, apart from the merchant's: they cannot use up what the merchant may
    send, and tokens made in any number send no more than one. None of them may take more than half of it.
    """
    identity = exchange.identity
    if identity.consumer != "client":
        return ((identity.party_id, 1.0),)
    return (f"payer:{identity.token_id}", PAYERS_SHARE), (f"payers:{identity.party_id}", 1.0)


def policy_header(kind: str, per_s: float) -> Header:
    """RateLimit-Policy of one kind."""
    return (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (kind.encode(), int(per_s * WINDOW_S), WINDOW_S))
