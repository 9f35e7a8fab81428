"""When a failed call may be made again, and after which wait. Rows choose; the default is never."""

import random
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


NEVER = Retry()
READ = Retry(attempts_max=3, after=(Unavailable, Unknown))
