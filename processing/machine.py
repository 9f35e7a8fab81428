"""One command to one machine: load -> decide -> append with expected sequence, and everything that follows from it in
the same transaction (processing.changes).

State is read and the decision made before the write begins, so that writers wait for each other as shortly as can be;
whoever decided on an old state gets Conflict, which is retried here and nowhere else. A state that this process has
seen is remembered: a decision on it stands only if the machine is still there, and a refusal is looked at again with
the state of now. Decisions of several threads are written in one transaction (processing.storage.together).

Banks and webhooks are never called from here: what has to be called stands in a job when the transaction is over.
Knows the domain's functions, not its rules; knows no SQL and no Thrift.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from processing.changes import (
    KIND,
    QUEUE,
    SNAPSHOT_EVERY_RECORDS,
    SNAPSHOT_FORMAT,
    Decided,
    Lease,
    LeaseLost,
    MachineChange,
    Projection,
    due,
    is_due,
    settle_lease,
    write,
)
from processing.domain import events as domain_events
from processing.domain import invoice, snapshot
from processing.domain.commands import BeginSessionCall, Command, CreateInvoice
from processing.domain.errors import DomainError, InvoiceNotFound
from processing.domain.events import Event
from processing.domain.state import Invoice
from processing.domain.steps import RunSession
from processing.remembered import Remembered, States
from processing.storage import events, jobs
from processing.storage.moments import whole_ms
from processing.storage.port import Conflict, Database, OutcomeUnknown, Tx, Unavailable
from processing.storage.together import Together
from settings.clock import Clock

__all__ = ["KIND", "QUEUE", "Lease", "LeaseLost", "MachineChange", "Machines", "Outcome", "Projection", "due"]

CONFLICTS_MAX = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """`record` is None when the command changed nothing. `is_released`: the lease is over, the job rests or is gone.

    `begun` is the call of a bank that was announced with it.
    """

    state: Invoice
    record: events.Record | None
    is_released: bool = False
    begun: RunSession | None = None


NOTHING = Remembered(0, 0, None)
"""A machine that does not exist."""


class StoredEvent(msgspec.Struct):
    """An element of a record's body."""

    kind: str
    format: int
    event: msgspec.Raw


class Machines:
    """All machines of a database. `projections` run in their order, after the ledger."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        projections: Sequence[Projection] = (),
        snapshot_every_records: int = SNAPSHOT_EVERY_RECORDS,
    ) -> None:
        self.database = database
        self.clock = clock
        self.projections = tuple(projections)
        self._snapshot_every_records = snapshot_every_records
        self._states = States()
        self._commits = Together(database, self._write, key=lambda decided: decided.machine_id)

    def get(self, machine_id: str) -> Invoice:
        """The machine's state now. Raises InvoiceNotFound."""
        state = self.load(machine_id).state
        if state is None:
            raise InvoiceNotFound
        return state

    def seen(self, machine_id: str) -> Invoice:
        """The machine as it was some time ago, for who needs only what never changes. Raises InvoiceNotFound."""
        known = self._states.get(machine_id)
        return known.state if known is not None and known.state is not None else self.get(machine_id)

    def load(self, machine_id: str) -> Remembered:
        """The machine's state and sequence now; sequence 0 and no state when it does not exist."""
        known = self._states.get(machine_id)
        if known is not None:
            pieces = events.since(self.database, machine_id, events.Piece(known.record_id, known.sequence, ""))
            if pieces is not None:
                return self._remember(machine_id, known, pieces)
            self._states.forget(machine_id)
        return self._remember(machine_id, NOTHING, events.whole(self.database, machine_id, SNAPSHOT_FORMAT))

    def stopped(self, limit: int) -> list[str]:
        """Ids of the machines that wait for an operator, the longest first."""
        with self.database.read() as tx:
            return [found.machine_id for found in events.stopped(tx, limit)]

    def create(self, command: CreateInvoice, trace_id: str) -> Outcome:
        """Makes the machine `command.id`. If it is there already nothing happens: creation is idempotent by id.

        Raises InvalidRequest when that id is another shop's invoice.
        """
        return self.execute(command.id, command, trace_id)

    def execute(
        self,
        machine_id: str,
        command: Command,
        trace_id: str,
        lease: Lease | None = None,
        *,
        announces: bool = False,
        alongside: Callable[[Tx], None] | None = None,
    ) -> Outcome:
        """What the command does, done. Raises InvoiceNotFound, domain errors (nothing done), storage Unavailable and
        OutcomeUnknown; under a lease also LeaseLost.

        Under a lease the machine's job is settled with the change: it stays with the worker while a bank is called or
        the next step is due now, and is released to its next moment otherwise. `announces`: a call of a bank that is
        due now is announced with the change that made it due, and is the caller's to make. `alongside` writes in the
        same transaction, perhaps more than once; what it raises is raised here, nothing done.
        """
        known = self._states.get(machine_id) or (NOTHING if isinstance(command, CreateInvoice) else None)
        for _ in range(CONFLICTS_MAX):
            is_certain = known is None
            seen = known or self.load(machine_id)
            known = None
            now = self.now()
            try:
                happened = invoice.decide(seen.state, command, now)
            except DomainError:
                if is_certain:
                    raise
                continue
            if not happened and not is_certain:
                continue
            if not happened:
                return self.settle(machine_id, lease) if lease else Outcome(seen.state, None)
            try:
                return self._commit(machine_id, seen, happened, command, trace_id, lease, now, announces, alongside)
            except Conflict:
                time.sleep(random.uniform(0, 0.005))  # noqa: S311 - lets the other one finish
        raise Unavailable(f"machine {machine_id} is too busy")

    def now(self) -> datetime:
        """The present moment as it is stored."""
        return whole_ms(self.clock())

    def release(self, lease: Lease) -> None:
        """Lets others go on with the machine's next step. Raises LeaseLost."""
        with self.database.transaction() as tx:
            jobs.postpone(tx, lease.claim, self.now(), reset_attempts=True, or_raise=LeaseLost(lease.claim.key))

    def settle(self, machine_id: str, lease: Lease) -> Outcome:
        """Releases the machine's job to its next moment, or keeps it when that is now. Raises LeaseLost."""
        now = self.now()
        with self.database.transaction() as tx:
            found = events.head(tx, machine_id, lock=True)
            if found is None:
                raise InvoiceNotFound
            state = replay(events.load(tx, found, SNAPSHOT_FORMAT))
            step = invoice.next_step(state, now)
            settle_lease(tx, lease, step, now)
        return Outcome(state, None, is_released=not is_due(step, now))

    def _remember(self, machine_id: str, known: Remembered, pieces: list[events.Piece]) -> Remembered:
        """What is known, brought up to now."""
        if not pieces:
            return known
        state = known.state
        for piece in pieces:
            if piece.id == 0:
                state = snapshot.decode(piece.body)
                continue
            for event in decode(piece.body):
                state = invoice.apply(state, event)
        return self._states.put(machine_id, Remembered(pieces[-1].id, pieces[-1].sequence, state))

    def _commit(
        self,
        machine_id: str,
        seen: Remembered,
        happened: list[Event],
        command: Command,
        trace_id: str,
        lease: Lease | None,
        now: datetime,
        announces: bool,
        alongside: Callable[[Tx], None] | None,
    ) -> Outcome:
        states = fold(seen.state, happened)
        step = invoice.next_step(states[-1], now)
        begun = None
        is_announcement = isinstance(command, BeginSessionCall)
        if announces and isinstance(step, RunSession) and not is_announcement:
            happened = [*happened, *announced(states[-1], step, now)]
            states = fold(seen.state, happened)
            begun = step
        decided = Decided(
            machine_id=machine_id,
            sequence=seen.sequence,
            before=seen.state,
            happened=tuple(happened),
            states=states,
            body=encode(happened),
            step=step,
            now=now,
            trace_id=trace_id,
            lease=lease,
            is_progress=not is_announcement,
            alongside=alongside,
        )
        try:
            record = self._commits.write(decided)
        except (Conflict, OutcomeUnknown):
            self._states.forget(machine_id)
            raise
        self._states.put(machine_id, Remembered(record.id, record.sequence, states[-1]))
        is_kept = is_announcement or is_due(step, now)
        return Outcome(states[-1], record, is_released=lease is not None and not is_kept, begun=begun)

    def _write(self, tx: Tx, decisions: Sequence[Decided]) -> list[events.Record]:
        return write(tx, decisions, self.projections, self._snapshot_every_records)


def announced(state: Invoice, step: RunSession, now: datetime) -> list[Event]:
    """What announces the call of a bank."""
    return invoice.decide(state, BeginSessionCall(payment_id=step.payment_id, refund_id=step.refund_id), now)


def encode(happened: Sequence[Event]) -> str:
    """A record's body: kind, format and content of each event."""
    stored = []
    for event in happened:
        kind, format_number, body = domain_events.encode(event)
        stored.append(StoredEvent(kind, format_number, msgspec.Raw(body)))
    return msgspec.json.encode(stored).decode()


def decode(body: str) -> list[Event]:
    """The events of a record, of any format ever written."""
    stored = msgspec.json.decode(body, type=list[StoredEvent])
    return [domain_events.decode(each.kind, each.format, bytes(each.event)) for each in stored]


def replay(history: events.History) -> Invoice:
    """The state that a history adds up to."""
    state = snapshot.decode(history.snapshot.body) if history.snapshot else None
    for record in history.records:
        for event in decode(record.body):
            state = invoice.apply(state, event)
    return state


def fold(state: Invoice | None, happened: Sequence[Event]) -> tuple[Invoice, ...]:
    """The state after each event."""
    states = []
    for event in happened:
        state = invoice.apply(state, event)
        states.append(state)
    return tuple(states)
