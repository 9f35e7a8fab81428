"""One bounded loop for all queues: claim due work, do it in a thread of its queue, say what became of it.

    Queue("delivery", handle=deliver, threads=8, lease=timedelta(seconds=60))

`handle(claim)` does the work outside any transaction and answers DONE, Later(due), or SETTLED when it has settled its
job itself, in a transaction of its own. An attempt is counted when the work is claimed, so one that kills its process
counts too. Work that keeps raising is tried again ever later, then quarantined; a person is told by an error line.

A stop claims nothing more, gives back what was not begun and waits for what was.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from processing.machine import LeaseLost
from processing.storage import jobs
from processing.storage.moments import whole_ms
from processing.storage.port import Conflict, Database, OutcomeUnknown, Unavailable
from settings.clock import Clock
from telemetry import log, metrics

DONE: Literal["done"] = "done"
SETTLED: Literal["settled"] = "settled"


@dataclass(frozen=True, slots=True)
class Later:
    """The work has to be done again at `due`. `error` says why, for whoever looks at the job."""

    due: datetime
    error: str | None = None


Result = Literal["done", "settled"] | Later
Handle = Callable[[jobs.Claim], Result]

CRASHES_MAX = 10
BACKOFF_FIRST = timedelta(seconds=0.5)
BACKOFF_MAX = timedelta(minutes=5)
POLL_S = 0.2
"""Longest sleep where nothing is known to come due; a commit of anybody ends it."""

RING_PAUSE_S = 0.005
"""Shortest time between two looks that commits of others cause: under load every commit would cause one."""

JOBS = metrics.counter("capi_jobs", "Pieces of background work by what became of them", ("queue", "outcome"))
DURATION = metrics.histogram("capi_job_duration_seconds", "Time to do one piece of background work", ("queue",))
LAG = metrics.gauge("capi_queue_lag_seconds", "How long the longest waiting work of a queue has been due", ("queue",))


@dataclass(frozen=True, slots=True)
class Queue:
    """`ahead`: how many pieces are claimed beyond those being done; only for work that is short.

    `on_quarantine(claim, error)` is asked first when work has crashed too often; True: it has settled the job.
    """

    name: str
    handle: Handle
    threads: int
    lease: timedelta
    ahead: int = 0
    on_quarantine: Callable[[jobs.Claim, str], bool] = lambda claim, error: False


def backoff(attempts: int) -> timedelta:
    """The wait after that many attempts that crashed: doubles from BACKOFF_FIRST to BACKOFF_MAX."""
    return min(BACKOFF_FIRST * 2 ** min(attempts - 1, 20), BACKOFF_MAX)


@dataclass(slots=True)
class Running:
    """A queue with its threads and what they have in hand."""

    queue: Queue
    pool: ThreadPoolExecutor
    in_hand: dict[Future, jobs.Claim] = field(default_factory=dict)

    @property
    def room(self) -> int:
        """How many more pieces may be claimed."""
        return self.queue.threads + self.queue.ahead - len(self.in_hand)

    @property
    def low_water(self) -> int:
        """With so many pieces left in hand it is time to claim more: several at once where some are held ahead."""
        return self.queue.threads if self.queue.ahead else self.queue.threads - 1


class Loop:
    """Works until `stop`. One dispatching thread claims; each queue has a pool of its own."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        queues: Sequence[Queue],
        *,
        claim_items_max: int = 32,
        poll_s: float = POLL_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._claim_items_max = claim_items_max
        self._poll_s = poll_s
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._running = [
            Running(queue, ThreadPoolExecutor(queue.threads, thread_name_prefix=queue.name)) for queue in queues
        ]

    def start(self) -> None:
        """Begins to work, in threads."""
        for target in (self._dispatch, self._listen):
            thread = threading.Thread(target=target, name=f"loop{target.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def is_alive(self) -> bool:
        """Whether work is being claimed."""
        is_running = bool(self._threads) and all(thread.is_alive() for thread in self._threads)
        return is_running and not self._stopping.is_set()

    def stop(self, timeout_s: float) -> bool:
        """Drains; False when some work was still under way after the timeout (its lease will run out)."""
        self._stopping.set()
        self._bell.set()
        for thread in self._threads:
            thread.join()
        for running in self._running:
            self._give_back(running)
        begun = [future for running in self._running for future in list(running.in_hand)]
        unfinished = wait_for(begun, timeout=timeout_s).not_done
        for running in self._running:
            running.pool.shutdown(wait=not unfinished, cancel_futures=True)
        return not unfinished

    # ------------------------------------------------------------------------------------------------ claiming

    def _listen(self) -> None:
        """Rings the bell when anybody commits."""
        while not self._stopping.is_set():
            try:
                watch = self._database.watch()
                while not self._stopping.is_set():
                    if watch.wait(self._poll_s):
                        self._bell.set()
                        self._stopping.wait(RING_PAUSE_S)
                watch.close()
            except Exception:
                log.error("workers.watch_failed", exc_info=True)
                self._stopping.wait(1)

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._bell.clear()
            try:
                wait_s = self._round()
            except (Conflict, Unavailable, OutcomeUnknown) as failure:
                log.warning("workers.claim_failed", reason=str(failure))
                wait_s = self._poll_s
            except Exception:
                log.error("workers.claim_failed", exc_info=True)
                wait_s = 1.0
            self._bell.wait(wait_s)

    def _round(self) -> float:
        """Claims what is due for queues that have room; returns how long there is nothing to do, in seconds."""
        now = self._now()
        with self._lock:
            having_room = [running for running in self._running if running.room > 0]
        with self._database.read() as tx:
            due = [(running, jobs.next_due(tx, running.queue.name)) for running in having_room]
        wait_s = self._poll_s
        for running, moment in due:
            if moment is None or moment > now:
                LAG.labels(running.queue.name).set(0)
                wait_s = min(wait_s, (moment - now).total_seconds() if moment else wait_s)
            else:
                LAG.labels(running.queue.name).set((now - moment).total_seconds())
                was_something = self._claim(running, now) > 0
                if running.room > 0:
                    wait_s = 0 if was_something else min(wait_s, RING_PAUSE_S)
        return wait_s

    def _claim(self, running: Running, now: datetime) -> int:
        """Claims and hands over; returns how many pieces it got."""
        queue = running.queue
        limit = min(running.room, self._claim_items_max)
        with self._database.transaction() as tx:
            claims = jobs.claim(tx, queue.name, now=now, lease=queue.lease, limit=limit)
        for claim in claims:
            with self._lock:
                future = running.pool.submit(self._do, running, claim)
                running.in_hand[future] = claim
            future.add_done_callback(lambda future, running=running: self._put_down(running, future))
        return len(claims)

    def _put_down(self, running: Running, future: Future) -> None:
        with self._lock:
            running.in_hand.pop(future, None)
            is_time = len(running.in_hand) == running.low_water
        if is_time:
            self._bell.set()

    def _give_back(self, running: Running) -> None:
        """Work that no thread has begun becomes anybody's again."""
        with self._lock:
            in_hand = list(running.in_hand.items())
        idle = [claim for future, claim in in_hand if future.cancel()]
        if idle:
            with self._database.transaction() as tx:
                for claim in idle:
                    jobs.give_back(tx, claim, now=self._now())

    # ------------------------------------------------------------------------------------------------- working

    def _do(self, running: Running, claim: jobs.Claim) -> None:
        queue, began = running.queue, time.perf_counter()
        named = {"queue": queue.name, "key": claim.key, "attempts": claim.attempts}
        with log.bound(trace_id=claim.trace_id):
            try:
                outcome = self._finish(queue, claim)
            except LeaseLost:
                outcome = "lease_lost"
            except Exception:
                outcome = "unsettled"
                log.error("job.unsettled", exc_info=True, **named)
            took_s = time.perf_counter() - began
            log.info("job", **named, outcome=outcome, duration_ms=round(took_s * 1000, 1))
        DURATION.labels(queue.name).observe(took_s)
        JOBS.labels(queue.name, outcome).inc()

    def _finish(self, queue: Queue, claim: jobs.Claim) -> str:
        """Does the work and settles its job; returns the outcome's name."""
        try:
            result = queue.handle(claim)
        except LeaseLost:
            raise
        except (Conflict, Unavailable, OutcomeUnknown) as failure:
            log.warning("job.storage_failed", queue=queue.name, key=claim.key, reason=str(failure))
            self._settle(claim, Later(self._now() + backoff(claim.attempts), str(failure)))
            return "storage_failed"
        except Exception as failure:
            log.error("job.crashed", exc_info=True, queue=queue.name, key=claim.key, attempts=claim.attempts)
            return self._crashed(queue, claim, f"{type(failure).__name__}: {failure}")
        if result != SETTLED:
            self._settle(claim, result)
        return "later" if isinstance(result, Later) else "done"

    def _settle(self, claim: jobs.Claim, result: Result) -> None:
        with self._database.transaction() as tx:
            if isinstance(result, Later):
                is_mine = jobs.postpone(tx, claim, whole_ms(result.due), error=result.error)
            else:
                is_mine = jobs.complete(tx, claim)
        if not is_mine:
            raise LeaseLost(claim.key)

    def _crashed(self, queue: Queue, claim: jobs.Claim, error: str) -> str:
        if claim.attempts < CRASHES_MAX:
            self._settle(claim, Later(self._now() + backoff(claim.attempts), error))
            return "crashed"
        if not queue.on_quarantine(claim, error):
            with self._database.transaction() as tx:
                jobs.quarantine(tx, claim, error, now=self._now())
            log.error("job.quarantined", queue=queue.name, key=claim.key, attempts=claim.attempts, reason=error)
        return "quarantined"

    def _now(self) -> datetime:
        return whole_ms(self._clock())
