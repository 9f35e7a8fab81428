"""How many requests a second one party may send to one process: a bucket a party, filled evenly, emptied by requests.

In the process's own memory and bounded: a limit shared by several processes belongs to the proxy in front of them. Off
unless the setting says otherwise; v2 documents 429 only for webhooks.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

PARTIES_MAX = 10_000
BURST_S = 2.0


class RateLimit:
    """`per_s` requests a second, and `BURST_S` seconds' worth at once; 0 is no limit."""

    def __init__(self, per_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, party_id: str) -> bool:
        """Whether one more request of the party is within the limit; counts it if so."""
        if not self._per_s:
            return True
        now, full = self._monotonic(), self._per_s * BURST_S
        left, at = self._buckets.pop(party_id, (full, now))
        left = min(full, left + (now - at) * self._per_s)
        allowed = left >= 1
        self._buckets[party_id] = (left - 1 if allowed else left, now)
        if len(self._buckets) > PARTIES_MAX:
            self._buckets.popitem(last=False)
        return allowed
