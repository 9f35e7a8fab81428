"""One command to one machine: load -> decide -> append with expected sequence, and everything that follows from it in
the same transaction: ledger moves, the next timer, the outbox row, the search rows.

State is read and the decision made before the write begins, so that writers wait for each other as shortly as can be;
whoever decided on an old state gets Conflict, which is retried here and nowhere else. Banks and webhooks are never
called from here: what has to be called stands in a job when the transaction is over.

Knows the domain's functions, not its rules; knows no SQL and no Thrift.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from processing.domain import events as domain_events
from processing.domain import invoice, snapshot
from processing.domain.commands import BeginSessionCall, Command, CreateInvoice
from processing.domain.errors import InsufficientAccountBalance, InvoiceNotFound
from processing.domain.events import Event
from processing.domain.ledger_moves import Commit, Hold, Move, Rollback, ledger_moves
from processing.domain.state import Invoice
from processing.domain.steps import RunSession, Step
from processing.ledger import book
from processing.ledger.errors import NotCovered
from processing.storage import events, jobs
from processing.storage.moments import whole_ms
from processing.storage.port import Conflict, Database, Tx, Unavailable
from settings.clock import Clock

KIND = "invoice"
QUEUE = "machine"
"""Queue of the machines' timers; the key is the machine's id, the payload is empty."""

SNAPSHOT_EVERY_RECORDS = 24
"""Bounds what a load replays. A paid and refunded invoice stays below it and never needs a snapshot."""

SNAPSHOT_FORMAT = str(snapshot.FORMAT)
"""A snapshot of another format is ignored and made anew."""

CONFLICTS_MAX = 20


class LeaseLost(Exception):
    """The work was given to somebody else meanwhile; nothing was changed."""


@dataclass(frozen=True, slots=True)
class MachineChange:
    """What one transaction did to one machine. `states[n]` is the machine after `events[n]`."""

    record: events.Record
    events: tuple[Event, ...]
    before: Invoice | None
    states: tuple[Invoice, ...]

    @property
    def after(self) -> Invoice:
        return self.states[-1]


Projection = Callable[[Tx, MachineChange], None]
"""Writes rows that follow from a change, in its transaction."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's right to act on a machine. It lasts `length` from the latest command under it."""

    claim: jobs.Claim
    length: timedelta


@dataclass(frozen=True, slots=True)
class Outcome:
    """`record` is None when the command changed nothing. `is_released`: the lease is over, the job rests or is gone."""

    state: Invoice
    record: events.Record | None
    is_released: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """A machine as it was read: sequence 0 and no state when it does not exist."""

    sequence: int
    state: Invoice | None


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

    def get(self, machine_id: str) -> Invoice:
        """The machine's state now. Raises InvoiceNotFound."""
        state = self.load(machine_id).state
        if state is None:
            raise InvoiceNotFound
        return state

    def load(self, machine_id: str) -> Loaded:
        """The machine's state and sequence."""
        with self.database.read() as tx:
            found = events.head(tx, machine_id)
            history = found and events.load(tx, found, SNAPSHOT_FORMAT)
        return Loaded(found.sequence, replay(history)) if history else Loaded(0, None)

    def stopped(self, limit: int) -> list[str]:
        """Ids of the machines that wait for an operator, the longest first."""
        with self.database.read() as tx:
            return [found.machine_id for found in events.stopped(tx, limit)]

    def create(self, command: CreateInvoice, trace_id: str) -> Outcome:
        """Makes the machine `command.id`. If it is there already nothing happens: creation is idempotent by id.

        Raises InvalidRequest when that id is another shop's invoice.
        """
        return self.execute(command.id, command, trace_id)

    def execute(self, machine_id: str, command: Command, trace_id: str, lease: Lease | None = None) -> Outcome:
        """What the command does, done. Raises InvoiceNotFound, domain errors (nothing done), storage Unavailable and
        OutcomeUnknown; under a lease also LeaseLost.

        Under a lease the machine's job is settled with the change: it stays with the worker while a bank is called or
        the next step is due now, and is released to its next moment otherwise.
        """
        for _ in range(CONFLICTS_MAX):
            loaded = self.load(machine_id)
            now = self.now()
            happened = invoice.decide(loaded.state, command, now)
            if not happened:
                return self.settle(machine_id, lease) if lease else Outcome(loaded.state, None)
            try:
                return self._commit(machine_id, loaded, happened, command, trace_id, lease, now)
            except Conflict:
                time.sleep(random.uniform(0, 0.005))  # noqa: S311 - lets the other one finish
        raise Unavailable(f"machine {machine_id} is too busy")

    def now(self) -> datetime:
        """The present moment as it is stored."""
        return whole_ms(self.clock())

    def release(self, lease: Lease) -> None:
        """Lets others go on with the machine's next step. Raises LeaseLost."""
        with self.database.transaction() as tx:
            require(jobs.postpone(tx, lease.claim, self.now(), reset_attempts=True), lease)

    def settle(self, machine_id: str, lease: Lease) -> Outcome:
        """Releases the machine's job to its next moment, or keeps it when that is now. Raises LeaseLost."""
        now = self.now()
        with self.database.transaction() as tx:
            found = events.head(tx, machine_id, lock=True)
            if found is None:
                raise InvoiceNotFound
            state = replay(events.load(tx, found, SNAPSHOT_FORMAT))
            is_released = settle_lease(tx, lease, invoice.next_step(state, now), now)
        return Outcome(state, None, is_released)

    def _commit(
        self,
        machine_id: str,
        loaded: Loaded,
        happened: list[Event],
        command: Command,
        trace_id: str,
        lease: Lease | None,
        now: datetime,
    ) -> Outcome:
        states = fold(loaded.state, happened)
        after = states[-1]
        step = invoice.next_step(after, now)
        body = encode(happened)
        with self.database.transaction() as tx:
            record = events.append(tx, machine_id, loaded.sequence, body, kind=KIND, trace_id=trace_id, now=now)
            move_money(tx, loaded.state, happened, states, now)
            note_stop(tx, loaded.state, after)
            is_released = False
            if lease is None:
                set_timer(tx, machine_id, step, now, trace_id)
            elif isinstance(command, BeginSessionCall):
                keep(tx, lease, now, reset_attempts=False)
            else:
                is_released = settle_lease(tx, lease, step, now)
            change = MachineChange(record, tuple(happened), loaded.state, states)
            for project in self.projections:
                project(tx, change)
            if record.sequence % self._snapshot_every_records == 0:
                put_snapshot(tx, record, after)
        return Outcome(after, record, is_released)


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


def move_money(
    tx: Tx, before: Invoice | None, happened: Sequence[Event], states: Sequence[Invoice], now: datetime
) -> None:
    """Carries out what each event means in the ledger."""
    for event, after in zip(happened, states, strict=True):
        for move in ledger_moves(before, event, after):
            execute_move(tx, move, now)
        before = after


def execute_move(tx: Tx, move: Move, now: datetime) -> None:
    """One move of the ledger. What it refuses rolls everything back.

    A balance that another command used up since the decision was made is a refusal of this one; anything else is a
    mistake of ours.
    """
    match move:
        case Hold():
            try:
                book.hold(tx, move.plan_id, move.batch, now, covered=move.covered)
            except NotCovered:
                raise InsufficientAccountBalance from None
        case Commit():
            book.commit(tx, move.plan, now)
        case Rollback():
            book.rollback(tx, move.plan, now)


def note_stop(tx: Tx, before: Invoice | None, after: Invoice) -> None:
    """Keeps the list of stopped machines."""
    was_stopped = before is not None and before.stop is not None
    if after.stop is not None and not was_stopped:
        events.set_stopped(tx, after.id, after.stop.at, after.stop.reason)
    elif was_stopped and after.stop is None:
        events.set_stopped(tx, after.id, None, None)


def due(step: Step | None, now: datetime) -> datetime | None:
    """When a step has to be done; None when there is none."""
    if step is None:
        return None
    return now if isinstance(step, RunSession) else step.at


def set_timer(tx: Tx, machine_id: str, step: Step | None, now: datetime, trace_id: str) -> None:
    """The machine's job for its next step. One that a worker holds is left to that worker to settle."""
    moment = due(step, now)
    if moment is None:
        jobs.clear(tx, QUEUE, machine_id, now=now)
    else:
        jobs.schedule(tx, QUEUE, machine_id, moment, now=now, trace_id=trace_id)


def settle_lease(tx: Tx, lease: Lease, step: Step | None, now: datetime) -> bool:
    """Keeps the job when the step is due now, else releases it to the step's moment; True when it was released."""
    moment = due(step, now)
    if moment is not None and moment <= now:
        keep(tx, lease, now)
        return False
    if moment is None:
        require(jobs.discard(tx, lease.claim), lease)
    else:
        require(jobs.postpone(tx, lease.claim, moment, reset_attempts=True), lease)
    return True


def keep(tx: Tx, lease: Lease, now: datetime, *, reset_attempts: bool = True) -> None:
    """The lease begins anew. An attempt that gets no further than announcing its call still counts."""
    require(jobs.renew(tx, lease.claim, until=now + lease.length, reset_attempts=reset_attempts), lease)


def require(is_mine: bool, lease: Lease) -> None:
    """Raises LeaseLost, which rolls back the transaction of whoever came too late."""
    if not is_mine:
        raise LeaseLost(lease.claim.key)


def put_snapshot(tx: Tx, record: events.Record, state: Invoice) -> None:
    """Keeps the state after the record."""
    body = snapshot.encode(state).decode()
    events.put_snapshot(tx, record.machine_id, events.Snapshot(record.sequence, SNAPSHOT_FORMAT, body))
