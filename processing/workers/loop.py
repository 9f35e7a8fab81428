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
from collections.abc import Sequence
from datetime import datetime, timedelta

from processing.machine import LeaseLost
from processing.storage import jobs
from processing.storage.moments import whole_ms
from processing.storage.port import Conflict, Database, OutcomeUnknown, Unavailable
from processing.workers.queues import DONE, SETTLED, Later, Queue, Result, Running
from settings.clock import Clock
from telemetry import log, metrics

__all__ = ["DONE", "SETTLED", "Later", "Loop", "Queue", "Result", "backoff"]

CRASHES_MAX = 10
BACKOFF_FIRST = timedelta(seconds=0.5)
BACKOFF_MAX = timedelta(minutes=5)
POLL_S = 0.2
"""Longest sleep where nothing is known to come due; a commit of anybody ends it."""

RING_PAUSE_S = 0.025
"""Shortest time between two looks that commits of others cause: under load every commit would cause one, and a look
costs about as much as a command."""

COMPARE_S = 0.5
"""How often our clock is compared with the database's."""

LEASE_SHARE = 3
"""Leases are made longer so often within the shortest of them: two failures in a row lose none."""

JOBS = metrics.counter("capi_jobs", "Pieces of background work by what became of them", ("queue", "outcome"))
DURATION = metrics.histogram("capi_job_duration_seconds", "Time to do one piece of background work", ("queue",))
LAG = metrics.gauge("capi_queue_lag_seconds", "How long the longest waiting work of a queue has been due", ("queue",))


def backoff(attempts: int) -> timedelta:
    """The wait after that many attempts that crashed: doubles from BACKOFF_FIRST to BACKOFF_MAX."""
    return min(BACKOFF_FIRST * 2 ** min(attempts - 1, 20), BACKOFF_MAX)


class Loop:
    """Works until `stop`. One thread claims, one keeps the leases; each queue has threads of its own."""

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
        self._put_down = threading.Condition(self._lock)
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._keeper: threading.Thread | None = None
        self._running = [Running(queue, LAG.labels(queue.name)) for queue in queues]

    def start(self) -> None:
        """Begins to work, in threads."""
        for running in self._running:
            names = [f"{running.queue.name}_{number}" for number in range(running.queue.threads)]
            running.threads += [
                threading.Thread(target=self._work, args=(running,), name=name, daemon=True) for name in names
            ]
            for thread in running.threads:
                thread.start()
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
        with self._lock:
            is_finished = self._put_down.wait_for(
                lambda: not any(running.doing for running in self._running), timeout_s
            )
        self._stopped.set()
        if self._keeper is not None:
            self._keeper.join()
        self._end_threads(is_finished)
        return is_finished

    def _end_threads(self, is_finished: bool) -> None:
        """Those that still work end with the process."""
        for running in self._running:
            for _ in running.threads:
                running.handed.put(None)
            for thread in running.threads if is_finished else ():
                thread.join()

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
                running.lag.set(0)
                wait_s = min(wait_s, (moment - now).total_seconds() if moment else wait_s)
            else:
                running.lag.set((now - moment).total_seconds())
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
            begun = self._begun(running)
        for claim in begun:
            running.handed.put(claim)

    def _begun(self, running: Running) -> list[jobs.Claim]:
        """What is begun now, under the lock."""
        return [] if self._stopping.is_set() or not self.is_on_time else running.begin_ready()

    def _next(self, running: Running, done: jobs.Claim) -> jobs.Claim | None:
        """Puts down what was done; the next piece for the same thread, if there is one."""
        with self._lock:
            was_full = running.is_full(done.lane)
            running.doing.discard(done)
            is_time = len(running.doing) + len(running.waiting) == running.low_water
            begun = self._begun(running)
            if self._stopping.is_set():
                self._put_down.notify_all()
        for claim in begun[1:]:
            running.handed.put(claim)
        if is_time or was_full:
            self._bell.set()
        return begun[0] if begun else None

    def _give_back(self, running: Running) -> None:
        """Work that no thread has begun becomes anybody's again."""
        with self._lock:
            idle, running.waiting = running.waiting, []
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

    def _work(self, running: Running) -> None:
        """A thread of the queue."""
        while (claim := running.handed.get()) is not None:
            while claim is not None:
                try:
                    self._do(running.queue, claim)
                except BaseException:
                    log.error("job.unsettled", exc_info=True, queue=running.queue.name, key=claim.key)
                claim = self._next(running, claim)

    def _do(self, queue: Queue, claim: jobs.Claim) -> None:
        began = time.perf_counter()
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
