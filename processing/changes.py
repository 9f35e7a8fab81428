"""What decisions about machines leave in the database, written together: records, ledger moves, timers, the outbox, the
search rows, of several machines in one transaction.

    write(tx, [decided, another], projections)

Everything that can show that somebody else was quicker is written first: then nothing else has been done for nothing.
Money is moved last, for everybody waits for the balances of a busy shop.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from processing.domain import snapshot
from processing.domain.errors import InsufficientAccountBalance
from processing.domain.events import Event
from processing.domain.ledger_moves import Commit, Hold, Move, Rollback, ledger_moves
from processing.domain.state import Invoice
from processing.domain.steps import RunSession, Step
from processing.ledger import book
from processing.ledger.errors import NotCovered
from processing.storage import events, jobs
from processing.storage.port import Tx

KIND = "invoice"
QUEUE = "machine"
"""Queue of the machines' timers; the key is the machine's id, the payload is empty."""

SNAPSHOT_EVERY_RECORDS = 24
"""Bounds what a load replays. A paid and refunded invoice stays below it and never needs a snapshot."""

SNAPSHOT_FORMAT = str(snapshot.FORMAT)
"""A snapshot of another format is ignored and made anew."""


class LeaseLost(Exception):
    """The work was given to somebody else meanwhile; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's right to act on a machine. It lasts `length` from the latest command under it."""

    claim: jobs.Claim
    length: timedelta


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
class Decided:
    """A decision on the machine as it was after `sequence`, to be written down.

    `body` is what happened as a record holds it, `step` what the machine wants next. Under a `lease` the machine's job
    is settled with it; `is_progress`: the attempts that were counted until now are forgotten. `alongside` writes what
    belongs to it elsewhere; what it raises undoes all.
    """

    machine_id: str
    sequence: int
    before: Invoice | None
    happened: tuple[Event, ...]
    states: tuple[Invoice, ...]
    body: str
    step: Step | None
    now: datetime
    trace_id: str
    lease: Lease | None = None
    is_progress: bool = True
    alongside: Callable[[Tx], None] | None = None

    def moves(self) -> list[Move]:
        """What happened, in money."""
        befores = (self.before, *self.states[:-1])
        told = zip(befores, self.happened, self.states, strict=True)
        return [move for before, event, after in told for move in ledger_moves(before, event, after)]


def write(
    tx: Tx, decisions: Sequence[Decided], projections: Iterable[Projection], snapshot_every: int
) -> list[events.Record]:
    """The records, in the order of the decisions. Raises Conflict, LeaseLost, InsufficientAccountBalance, or what a
    projection raises: then all of it has to be rolled back."""
    for decided in sorted(decisions, key=lambda decided: decided.machine_id):
        events.advance(tx, decided.machine_id, decided.sequence, KIND)
        set_job(tx, decided)
        if decided.alongside is not None:
            decided.alongside(tx)
    ids = tx.draw_each(events.COUNTER, len(decisions))
    records = [record_of(decided, number) for decided, number in zip(decisions, ids, strict=True)]
    for record in records:
        events.insert(tx, record)
    changes = [
        MachineChange(record, decided.happened, decided.before, decided.states)
        for decided, record in zip(decisions, records, strict=True)
    ]
    for project in projections:
        for change in changes:
            project(tx, change)
    for change in changes:
        note_stop(tx, change.before, change.after)
        if change.record.sequence % snapshot_every == 0:
            put_snapshot(tx, change.record, change.after)
    move_money(tx, decisions)
    return records


def record_of(decided: Decided, number: int) -> events.Record:
    """The record that the decision becomes."""
    return events.Record(
        number, decided.machine_id, decided.sequence + 1, decided.now, decided.trace_id, decided.body
    )  # fmt: skip


def move_money(tx: Tx, decisions: Iterable[Decided]) -> None:
    """Carries out what happened in the ledger; the balances that it needs are read and written once for all."""
    moves = [(decided, move) for decided in decisions for move in decided.moves()]
    if not moves:
        return
    plans = {plan_of(move) for _, move in moves}
    accounts = {account for _, move in moves for account in accounts_of(move)}
    with book.together(tx, plans, accounts):
        for decided, move in moves:
            execute_move(tx, move, decided.now)


def plan_of(move: Move) -> str:
    return move.plan_id if isinstance(move, Hold) else move.plan.id


def accounts_of(move: Move) -> set[int]:
    """The accounts that the move touches."""
    batches = (move.batch,) if isinstance(move, Hold) else move.plan.batches
    return {account for batch in batches for posting in batch.postings for account in (posting.from_id, posting.to_id)}


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


def lane_of(state: Invoice) -> str:
    """The bank that the machine waits upon: the provider of its newest payment that has a route."""
    return next((payment.route.provider for payment in reversed(state.payments) if payment.route), "")


def set_job(tx: Tx, decided: Decided) -> None:
    """The machine's job after the decision: the lease settled, or the timer set."""
    if decided.lease is None:
        set_timer(tx, decided.machine_id, decided.step, decided.now, decided.trace_id, lane_of(decided.states[-1]))
    elif not decided.is_progress:
        keep(tx, decided.lease, decided.now, reset_attempts=False)
    else:
        settle_lease(tx, decided.lease, decided.step, decided.now)


def set_timer(tx: Tx, machine_id: str, step: Step | None, now: datetime, trace_id: str, lane: str = "") -> None:
    """The machine's job for its next step. One that a worker holds is left to that worker to settle."""
    moment = due(step, now)
    if moment is None:
        jobs.clear(tx, QUEUE, machine_id, now=now)
    else:
        jobs.schedule(tx, QUEUE, machine_id, moment, now=now, trace_id=trace_id, lane=lane)


def is_due(step: Step | None, now: datetime) -> bool:
    """Whether the step is to be done now."""
    moment = due(step, now)
    return moment is not None and moment <= now


def settle_lease(tx: Tx, lease: Lease, step: Step | None, now: datetime) -> None:
    """Keeps the job when the step is due now, else releases it to the step's moment. Raises LeaseLost, here or when
    the transaction ends."""
    moment = due(step, now)
    if is_due(step, now):
        keep(tx, lease, now)
    elif moment is None:
        jobs.discard(tx, lease.claim, or_raise=LeaseLost(lease.claim.key))
    else:
        jobs.postpone(tx, lease.claim, moment, reset_attempts=True, or_raise=LeaseLost(lease.claim.key))


def keep(tx: Tx, lease: Lease, now: datetime, *, reset_attempts: bool = True) -> None:
    """The lease begins anew. An attempt that gets no further than announcing its call still counts."""
    until = now + lease.length
    jobs.renew(tx, lease.claim, until=until, reset_attempts=reset_attempts, or_raise=LeaseLost(lease.claim.key))


def put_snapshot(tx: Tx, record: events.Record, state: Invoice) -> None:
    """Keeps the state after the record."""
    body = snapshot.encode(state).decode()
    events.put_snapshot(tx, record.machine_id, events.Snapshot(record.sequence, SNAPSHOT_FORMAT, body))
