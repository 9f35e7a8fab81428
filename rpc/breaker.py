"""A circuit breaker: after failures in a row a service is left alone for a while, then one call may try it.

    closed --failures_max in a row--> open --open_ms--> half open --success--> closed
                                        ^                   |
                                        '------failure------'

Counts what says something of the service: Unavailable and Unknown, never a declared exception, never the impatience of
a caller. Must not know what is called. Safe to share between threads; `rpc.breaker_board` has those of all processes.
"""

import threading
import time
from collections.abc import Callable

from rpc.failures import Unavailable

OPEN_REASON = "circuit breaker is open"
CLOSED, OPEN, HALF_OPEN = "closed", "open", "half open"


class Breaker:
    """`clock`: seconds that only grow. Each admitted call ends in exactly one of succeeded, failed, abandoned."""

    def __init__(
        self, failures_max: int = 10, open_ms: int = 2000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.failures_max, self.open_s, self.clock = failures_max, open_ms / 1000, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._is_trying = False

    @property
    def state(self) -> str:
        """CLOSED, OPEN or HALF_OPEN."""
        if self._opened_at is None:
            return CLOSED
        return HALF_OPEN if self._is_trying else OPEN

    def admit(self) -> None:
        """Lets a call pass, or raises Unavailable."""
        if self._opened_at is None:
            return
        with self._lock:
            if self._opened_at is None:
                return
            if self._is_trying or self.clock() < self._opened_at + self.open_s:
                raise Unavailable(OPEN_REASON)
            self._is_trying = True

    def succeeded(self) -> None:
        """The service answered, whatever it said."""
        if self._failures or self._opened_at is not None:
            with self._lock:
                self._failures, self._opened_at, self._is_trying = 0, None, False

    def failed(self) -> None:
        """The service did not answer."""
        with self._lock:
            self._failures += 1
            if self._is_trying or (self._opened_at is None and self._failures >= self.failures_max):
                self._opened_at, self._is_trying = self.clock(), False

    def abandoned(self) -> None:
        """The call ended without saying anything of the service; another may try in its place."""
        if self._is_trying:
            with self._lock:
                self._is_trying = False
