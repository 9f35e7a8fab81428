"""When a failed call may be made again, and after which wait. Rows choose; the default is never.

What a row allows is bounded by the budget of its upstream: repetitions are a share of the calls, so that a service that
fails under load is not given more of it.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rpc.deadlines import Deadline
from rpc.failures import RpcFailure, Unavailable, Unknown


@dataclass(frozen=True, slots=True)
class Retry:
    """`attempts_max` counts the first one. `after`: the failures that allow another attempt; Unexpected never does.

    Waits are drawn evenly from 0 to a bound that doubles with each attempt ("full jitter"): callers that failed
    together do not come back together.
    """

    attempts_max: int = 1
    after: tuple[type[RpcFailure], ...] = ()
    wait_ms_first: int = 25
    wait_ms_max: int = 1000

    def wait_ms(
        self,
        failure: RpcFailure,
        attempts: int,
        deadline: Deadline,
        now: datetime,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> float | None:
        """Milliseconds to wait before the next attempt; None to give up.

        Gives up when the row does not allow it, or when the wait would reach the deadline.
        """
        if attempts >= self.attempts_max or not isinstance(failure, self.after):
            return None
        wait = draw(0, min(self.wait_ms_max, self.wait_ms_first * 2 ** (attempts - 1)))
        return wait if wait < deadline.remaining_ms(now) else None


SAVED_S = 10
"""What is not spent is kept for repetitions of so many seconds at the least rate."""


class Budget:
    """How many calls of one upstream may be repetitions: each call earns `percent_max` of one, a second `per_s_min`.

    `clock`: seconds that only grow. Safe to share between threads: earning may now and then count too little.
    """

    __slots__ = ("_at", "_clock", "_lock", "_per_s_min", "_room", "_share", "_tokens")

    def __init__(self, percent_max: int = 20, per_s_min: int = 3, clock: Callable[[], float] = time.monotonic) -> None:
        self._share, self._per_s_min, self._clock = percent_max / 100, per_s_min, clock
        self._room = float(max(per_s_min, 1) * SAVED_S)
        self._tokens, self._at = float(per_s_min), clock()
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call is made, not counting its repetitions."""
        tokens = self._tokens + self._share
        self._tokens = tokens if tokens < self._room else self._room

    def spend(self) -> bool:
        """Whether a repetition may be made now; one that may is counted."""
        with self._lock:
            now = self._clock()
            tokens = min(self._room, self._tokens + (now - self._at) * self._per_s_min)
            self._at, self._tokens = now, tokens - 1 if tokens >= 1 else tokens
        return tokens >= 1


NEVER = Retry()
READ = Retry(attempts_max=3, after=(Unavailable, Unknown))
