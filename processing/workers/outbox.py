"""Queue `fanout`: tells the rest of the platform what happened, after the commit and once for each event.

A row is staged in the transaction of the change (`stage` is a projection of the machines), so nothing that was
committed is forgotten and nothing that was rolled back is told. Rows of one machine are told in order. What is told,
and to whom, is the business of `spread`, given at the start.
"""

from collections.abc import Callable
from datetime import timedelta

from processing.domain.events import Event
from processing.domain.public_changes import public_changes, webhook_event_type
from processing.machine import MachineChange
from processing.storage import events, jobs
from processing.storage.port import Database, Tx
from processing.webhooks.public_events import event_type
from processing.workers.loop import SETTLED, Queue, Result

QUEUE = "fanout"

HAS_HOOKS = "SELECT 1 FROM webhooks WHERE party_id = ? AND is_deleted = 0"

Spread = Callable[[Tx, events.Record], None]
"""Writes what has to be delivered because of the record, in the transaction that completes the row."""


def stage(tx: Tx, change: MachineChange) -> None:
    """A row for a change that merchants may be told of, where the party has anybody to be told."""
    if any(is_public(event) for event in change.events):
        record = change.record
        jobs.enqueue(
            tx,
            QUEUE,
            record.machine_id,
            record.created_at,
            payload=str(record.id),
            trace_id=record.trace_id,
            position=record.id,
            only_where=(HAS_HOOKS, change.after.owner_id),
        )


def is_public(event: Event) -> bool:
    """Whether merchants may be told of the event."""
    return event_type(event) is not None or any(
        webhook_event_type(change) is not None for change in public_changes(event)
    )


class Outbox:
    """The handler of the queue."""

    def __init__(self, database: Database, spread: Spread) -> None:
        self._database = database
        self._spread = spread

    def queue(self, lease: timedelta, threads: int = 1) -> Queue:
        """The queue as the loop wants it."""
        return Queue(QUEUE, self.handle, threads, lease, ahead=8)

    def handle(self, claim: jobs.Claim) -> Result:
        """Spreads the record and completes the row in one transaction; nothing when the lease was lost."""
        with self._database.transaction() as tx:
            if jobs.complete(tx, claim):
                self._spread(tx, events.record(tx, int(claim.payload)))
        return SETTLED
