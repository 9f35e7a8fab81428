"""Queue `housekeeping`: forgets what was kept for its time, a little at a time, every hour.

A row of CHORES for each thing that is forgotten; its key has one job, which is put there at the start of the workers
and comes due again after each round. Sooner than that where a round did not get to the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from processing import idempotency_keys, party_events, usage
from processing.machine import LeaseLost
from processing.storage import jobs
from processing.storage.moments import whole_ms
from processing.storage.port import Database, Tx
from processing.webhooks import deliveries
from processing.workers.loop import SETTLED, Queue, Result
from settings import Settings
from settings.clock import Clock
from telemetry import log

QUEUE = "housekeeping"
EVERY = timedelta(hours=1)
ROWS_AT_ONCE = 500
"""In one transaction: short enough to be in nobody's way."""

ROUNDS_MAX = 20
PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Chore:
    """`forget(tx, before, limit)` removes what is older than the moment and returns how much it was."""

    name: str
    forget: Callable[[Tx, datetime, int], int]
    kept_days: Callable[[Settings], int]


CHORES: tuple[Chore, ...] = (
    Chore("idempotency_keys", idempotency_keys.purge, lambda settings: settings.idempotency.kept_days),
    Chore("party_events", party_events.purge, lambda settings: settings.webhooks.events_kept_days),
    Chore("webhook_deliveries", deliveries.purge, lambda settings: settings.webhooks.deliveries_kept_days),
    Chore("usage", usage.purge, lambda settings: settings.processing.usage_kept_days),
)


class Housekeeping:
    """The handler of the queue."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._chores = {chore.name: chore for chore in CHORES}

    def queue(self, lease: timedelta) -> Queue:
        """The queue as the loop wants it."""
        return Queue(QUEUE, self.handle, 1, lease)

    def begin(self) -> None:
        """Every chore has its job; one that has it already keeps its time."""
        now = self._clock()
        with self._database.transaction() as tx:
            for chore in CHORES:
                jobs.enqueue(tx, QUEUE, chore.name, now, payload="", position=1)

    def handle(self, claim: jobs.Claim) -> Result:
        """Up to ROUNDS_MAX transactions; then others have their turn."""
        chore = self._chores[claim.key]
        before = self._clock() - timedelta(days=chore.kept_days(self._settings))
        forgotten, last = 0, ROWS_AT_ONCE
        for _ in range(ROUNDS_MAX):
            with self._database.transaction() as tx:
                last = chore.forget(tx, before, ROWS_AT_ONCE)
            forgotten += last
            if last < ROWS_AT_ONCE:
                break
        if forgotten:
            log.info("housekeeping", chore=chore.name, forgotten=forgotten)
        self._rest(claim, EVERY if last < ROWS_AT_ONCE else PAUSE)
        return SETTLED

    def _rest(self, claim: jobs.Claim, pause: timedelta) -> None:
        """The job for the next round, as if this were the first: attempts are counted within a round."""
        due = whole_ms(self._clock() + pause)
        with self._database.transaction() as tx:
            if not jobs.postpone(tx, claim, due, reset_attempts=True):
                raise LeaseLost(claim.key)
