"""A queue as the loop is told of it, what became of a piece of its work, and what a process has in hand of it."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Any, Literal

from processing.storage import jobs

DONE: Literal["done"] = "done"
SETTLED: Literal["settled"] = "settled"


@dataclass(frozen=True, slots=True)
class Later:
    """The work has to be done again at `due`. `error` says why, for whoever looks at the job."""

    due: datetime
    error: str | None = None


Result = Literal["done", "settled"] | Later
Handle = Callable[[jobs.Claim], Result]


@dataclass(frozen=True, slots=True)
class Queue:
    """`ahead`: how many pieces are claimed beyond those being done; only for work that is short.

    `lease`: how long the work of a process that was killed rests. `lane_threads`: of one lane so many pieces at a time.
    `on_quarantine(claim, error)` is asked first when work has crashed too often; True: it has settled the job.
    """

    name: str
    handle: Handle
    threads: int
    lease: timedelta
    ahead: int = 0
    lane_threads: int | None = None
    on_quarantine: Callable[[jobs.Claim, str], bool] = lambda claim, error: False


@dataclass(slots=True)
class Running:
    """A queue with its threads and what they have in hand: `waiting` for a thread, or being done.

    `handed` brings work to threads that rest. One that has done its piece takes the next by itself: to wake a thread
    costs 20 us of processor time, a future of concurrent.futures as much again. `lag`: the gauge of the queue.
    """

    queue: Queue
    lag: Any
    waiting: list[jobs.Claim] = field(default_factory=list)
    doing: set[jobs.Claim] = field(default_factory=set)
    handed: SimpleQueue[jobs.Claim | None] = field(default_factory=SimpleQueue)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def in_hand(self) -> list[jobs.Claim]:
        return [*self.doing, *self.waiting]

    @property
    def room(self) -> int:
        """How many more pieces may be claimed."""
        return self.queue.threads + self.queue.ahead - len(self.doing) - len(self.waiting)

    @property
    def low_water(self) -> int:
        """With so many pieces left in hand it is time to claim more: several at once where some are held ahead."""
        return self.queue.threads if self.queue.ahead else self.queue.threads - 1

    @property
    def lanes(self) -> jobs.Lanes | None:
        """What may be claimed of each lane: as large a share of what is held ahead as of the threads."""
        if self.queue.lane_threads is None:
            return None
        share = self.queue.lane_threads * (self.queue.threads + self.queue.ahead) // self.queue.threads
        return jobs.Lanes(max(share, 1), Counter(claim.lane for claim in self.in_hand if claim.lane))

    def is_full(self, lane: str) -> bool:
        """Whether nothing more of the lane may be claimed."""
        lanes = self.lanes if lane else None
        return lanes is not None and lanes.room(lane) <= 0

    def begin_ready(self) -> list[jobs.Claim]:
        """Moves from `waiting` what may be begun now: a thread is free, and its lane has not got its share yet."""
        found: list[jobs.Claim] = []
        if not self.waiting or len(self.doing) >= self.queue.threads:
            return found
        busy = Counter(claim.lane for claim in self.doing)
        for claim in list(self.waiting):
            if len(self.doing) >= self.queue.threads:
                break
            if self.queue.lane_threads is None or not claim.lane or busy[claim.lane] < self.queue.lane_threads:
                busy[claim.lane] += 1
                found.append(claim)
                self.doing.add(claim)
                self.waiting.remove(claim)
        return found
