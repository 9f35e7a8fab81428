"""One bounded loop for all queues: claim due work, do it in a thread of its queue, say what became of it.

    Queue("delivery", handle=deliver, threads=8, lease=timedelta(seconds=60))

`handle(claim)` does the work outside any transaction and answers DONE, Later(due), or SETTLED when it has settled its
job itself, in a transaction of its own. An attempt is counted when the work is claimed, so one that kills its process
counts too. Work that keeps raising is tried again ever later, then quarantined; a person is told by an error line.

Leases are short, so that the work of a process that was killed does not rest for long; a keeper makes longer those of
work in hand, as long as the process lives. Whoever was too slow for that writes nothing: every write names the claim.

Work of one lane (a bank) gets no more than `lane_threads` of a queue's threads at a time, and a like share of what is
claimed ahead: what hangs there keeps nobody else waiting.

A stop claims nothing more, gives back what was not begun and waits for what was.
"""

import threading
import time
from collections import Counter
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

RING_PAUSE_S = 0.015
"""Shortest time between two looks that commits of others cause: under load every commit would cause one, and a look
costs about as much as a command."""

COMPARE_S = 0.5
"""How often our clock is compared with the database's."""

LEASE_SHARE = 3
"""Leases are made longer so often within the shortest of them: two failures in a row lose none."""

JOBS = metrics.counter("capi_jobs", "Pieces of background work by what became of them", ("queue", "outcome"))
DURATION = metrics.histogram("capi_job_duration_seconds", "Time to do one piece of background work", ("queue",))
LAG = metrics.gauge("capi_queue_lag_seconds", "How long the longest waiting work of a queue has been due", ("queue",))


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


def backoff(attempts: int) -> timedelta:
    """The wait after that many attempts that crashed: doubles from BACKOFF_FIRST to BACKOFF_MAX."""
    return min(BACKOFF_FIRST * 2 ** min(attempts - 1, 20), BACKOFF_MAX)


@dataclass(slots=True)
class Running:
    """A queue with its threads and what they have in hand: `waiting` for a thread, or being done."""

    queue: Queue
    pool: ThreadPoolExecutor
    waiting: list[jobs.Claim] = field(default_factory=list)
    doing: dict[Future, jobs.Claim] = field(default_factory=dict)

    @property
    def in_hand(self) -> list[jobs.Claim]:
        return [*self.doing.values(), *self.waiting]

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

    def ready(self) -> list[jobs.Claim]:
        """Takes out of `waiting` what may be begun now: a thread is free, and its lane has not got its share yet."""
        found = []
        busy = Counter(claim.lane for claim in self.doing.values())
        for claim in list(self.waiting):
            if len(self.doing) + len(found) >= self.queue.threads:
                break
            if self.queue.lane_threads is None or not claim.lane or busy[claim.lane] < self.queue.lane_threads:
                busy[claim.lane] += 1
                found.append(claim)
                self.waiting.remove(claim)
        return found


class Loop:
    """Works until `stop`. One thread claims, one keeps the leases; each queue has a pool of its own."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        queues: Sequence[Queue],
        *,
        claim_items_max: int = 32,
        poll_s: float = POLL_S,
        clock_wrong_max: timedelta | None = None,
    ) -> None:
        """`clock_wrong_max`: with a clock that differs more from the database's, nothing is claimed, begun or kept."""
        self._database = database
        self._clock = clock
        self._claim_items_max = claim_items_max
        self._poll_s = poll_s
        self._clock_wrong_max = clock_wrong_max
        self._compared_at = 0.0
        self.is_on_time = True
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._keeper: threading.Thread | None = None
        self._running = [
            Running(queue, ThreadPoolExecutor(queue.threads, thread_name_prefix=queue.name)) for queue in queues
        ]

    def start(self) -> None:
        """Begins to work, in threads."""
        for target in (self._dispatch, self._listen):
            thread = threading.Thread(target=target, name=f"loop{target.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)
        self._keeper = threading.Thread(target=self._keep, name="loop_keep", daemon=True)
        self._keeper.start()

    def is_alive(self) -> bool:
        """Whether work is being claimed."""
        threads = [*self._threads, self._keeper]
        is_running = all(thread is not None and thread.is_alive() for thread in threads)
        return is_running and not self._stopping.is_set()

    def stop(self, timeout_s: float) -> bool:
        """Drains; False when some work was still under way after the timeout (its lease will run out)."""
        self._stopping.set()
        self._bell.set()
        for thread in self._threads:
            thread.join()
        for running in self._running:
            self._give_back(running)
        begun = [future for running in self._running for future in list(running.doing)]
        unfinished = wait_for(begun, timeout=timeout_s).not_done
        self._stopped.set()
        if self._keeper is not None:
            self._keeper.join()
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
        if not self._compare_clocks():
            return self._poll_s
        now = self._now()
        with self._lock:
            having_room = [(running, running.lanes) for running in self._running if running.room > 0]
        due = jobs.next_due(self._database, [(running.queue.name, lanes) for running, lanes in having_room])
        wait_s = self._poll_s
        for running, _ in having_room:
            moment = due.get(running.queue.name)
            if moment is None or moment > now:
                LAG.labels(running.queue.name).set(0)
                wait_s = min(wait_s, (moment - now).total_seconds() if moment else wait_s)
            else:
                LAG.labels(running.queue.name).set((now - moment).total_seconds())
                self._claim(running, now)
                if running.room > 0:
                    wait_s = min(wait_s, RING_PAUSE_S)
        return wait_s

    def _claim(self, running: Running, now: datetime) -> None:
        """Claims and hands over."""
        queue = running.queue
        with self._lock:
            limit, lanes = min(running.room, self._claim_items_max), running.lanes
        with self._database.transaction() as tx:
            claims = jobs.claim(tx, queue.name, now=now, lease=queue.lease, limit=limit, lanes=lanes)
        with self._lock:
            running.waiting += claims
        self._begin_ready(running)

    def _compare_clocks(self) -> bool:
        """Whether our time is the database's, looked at now and then. What is written at a wrong time rests until then,
        and leases of others seem to be over."""
        is_time = time.monotonic() - self._compared_at > COMPARE_S
        if self._clock_wrong_max is not None and is_time:
            wrong = abs(self._now() - self._database.clock())
            was_on_time, self.is_on_time = self.is_on_time, wrong <= self._clock_wrong_max
            self._compared_at = time.monotonic()
            if self.is_on_time != was_on_time:
                write = log.warning if self.is_on_time else log.error
                write("workers.clock", is_on_time=self.is_on_time, wrong_s=wrong.total_seconds())
                for running in self._running:
                    self._begin_ready(running)
        return self.is_on_time

    def _begin_ready(self, running: Running) -> None:
        with self._lock:
            if self._stopping.is_set() or not self.is_on_time:
                return
            begun = []
            for claim in running.ready():
                future = running.pool.submit(self._do, running, claim)
                running.doing[future] = claim
                begun.append(future)
        for future in begun:
            future.add_done_callback(lambda future, running=running: self._put_down(running, future))

    def _put_down(self, running: Running, future: Future) -> None:
        with self._lock:
            lanes = running.lanes
            claim = running.doing.pop(future, None)
            is_time = len(running.doing) + len(running.waiting) == running.low_water
            was_full = claim is not None and lanes is not None and claim.lane in lanes.full
        self._begin_ready(running)
        if is_time or was_full:
            self._bell.set()

    def _give_back(self, running: Running) -> None:
        """Work that no thread has begun becomes anybody's again."""
        with self._lock:
            idle = running.waiting + [claim for future, claim in list(running.doing.items()) if future.cancel()]
            running.waiting.clear()
        if idle:
            with self._database.transaction() as tx:
                for claim in idle:
                    jobs.give_back(tx, claim, now=self._now())

    def _keep(self) -> None:
        """Makes the leases of all that is in hand longer, also while the loop is being stopped."""
        pause_s = min(running.queue.lease for running in self._running).total_seconds() / LEASE_SHARE
        while not self._stopped.wait(pause_s):
            try:
                self._keep_once()
            except (Conflict, Unavailable, OutcomeUnknown) as failure:
                log.warning("workers.keep_failed", reason=str(failure))
            except Exception:
                log.error("workers.keep_failed", exc_info=True)

    def _keep_once(self) -> None:
        if not self.is_on_time:
            return
        now = self._now()
        with self._lock:
            aging = [
                (running.queue.lease, claim)
                for running in self._running
                for claim in running.in_hand
                if claim.lease_until - now < running.queue.lease * (1 - 1 / LEASE_SHARE)
            ]
        if aging:
            with self._database.transaction() as tx:
                for lease, claim in aging:
                    jobs.keep(tx, [claim], until=now + lease)

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
