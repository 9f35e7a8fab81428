"""One command to one machine: everything that follows from it happens together, or nothing does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from msgspec.structs import replace

from processing import machine as engine
from processing.changes import SNAPSHOT_FORMAT
from processing.domain import charges, errors, invoice
from processing.domain.commands import (
    BeginSessionCall,
    Fulfill,
    RefundPayment,
    Repair,
    Rescind,
    Resume,
    StopMachine,
    TimerFired,
)
from processing.domain.state import Invoice
from processing.domain.statuses import InvoiceStatus, PaymentStatus
from processing.ledger import book
from processing.ledger.plans import Batch, Plan, Posting
from processing.machine import QUEUE, Lease, LeaseLost, MachineChange, Machines
from processing.remembered import Remembered
from processing.storage import events, jobs
from processing.storage.port import Database, Tx
from processing.workers import outbox
from tests.processing.sandbox import TRACE, Sandbox, approved, next_call

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def rescind(sandbox: Sandbox, invoice_id: str = "inv1") -> Rescind:
    machine = sandbox.machines.get(invoice_id)
    return Rescind(reason="no", facts=sandbox.facts.for_shop(machine.owner_id, machine.shop_id))


def claimed(sandbox: Sandbox, seconds: float = 60) -> Lease:
    with sandbox.database.transaction() as tx:
        length = timedelta(seconds=seconds)
        [claim] = jobs.claim(tx, QUEUE, now=sandbox.clock(), lease=length, limit=1)
    return Lease(claim, length)


def timer(sandbox: Sandbox) -> tuple | None:
    with sandbox.database.read() as tx:
        return tx.execute("SELECT due_at_ms, claim, trace_id FROM jobs WHERE queue = 'machine'").one()


# ---------------------------------------------------------------------------------------------------- creation


def test_a_created_machine_is_there_with_its_timer(sandbox: Sandbox):
    made = sandbox.invoice(due_s=100)
    assert sandbox.machines.get("inv1") == made
    due_at_ms, _, trace_id = timer(sandbox)
    assert due_at_ms == int((made.due.timestamp()) * 1000)
    assert trace_id == TRACE


def test_creating_a_machine_again_gives_the_first_one(sandbox: Sandbox):
    first = sandbox.invoice()
    sandbox.clock.forward(10)
    assert sandbox.machines.create(sandbox.create_invoice(), TRACE).state == first
    assert sandbox.count("events") == 1


def test_the_id_of_another_s_machine_cannot_be_used_again(sandbox: Sandbox):
    sandbox.invoice()
    with pytest.raises(errors.InvalidRequest):
        sandbox.machines.create(replace(sandbox.create_invoice(), owner_id="other"), TRACE)


def test_of_many_creations_at_once_one_makes_the_machine(sandbox: Sandbox):
    command = sandbox.create_invoice()
    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(lambda _: sandbox.machines.create(command, TRACE).state, range(12)))
    assert all(each == made[0] for each in made)
    assert sandbox.count("events") == 1


def test_a_machine_that_was_never_made_is_not_found(sandbox: Sandbox):
    with pytest.raises(errors.InvoiceNotFound):
        sandbox.machines.get("nobody")
    with pytest.raises(errors.InvoiceNotFound):
        sandbox.machines.execute("nobody", TimerFired(), TRACE)


# ---------------------------------------------------------------------------------------------------- commands


def test_a_command_leaves_one_record_with_its_trace(sandbox: Sandbox):
    sandbox.invoice()
    outcome = sandbox.machines.execute("inv1", rescind(sandbox), "another-trace")
    assert outcome.state.status is InvoiceStatus.CANCELLED
    with sandbox.database.read() as tx:
        stored = events.records(tx, "inv1")
    assert [(record.sequence, record.trace_id) for record in stored] == [(1, TRACE), (2, "another-trace")]


def test_a_refused_command_changes_nothing(sandbox: Sandbox):
    machine = sandbox.invoice()
    command = Fulfill(reason="done", facts=sandbox.facts.for_shop(machine.owner_id, machine.shop_id))
    with pytest.raises(errors.InvalidInvoiceStatus):
        sandbox.machines.execute("inv1", command, TRACE)
    assert sandbox.count("events") == 1
    assert sandbox.machines.get("inv1") == machine


def test_a_finished_machine_has_no_timer(sandbox: Sandbox):
    sandbox.invoice()
    sandbox.machines.execute("inv1", rescind(sandbox), TRACE)
    assert timer(sandbox) is None


def test_of_two_commands_at_once_the_second_sees_the_first(sandbox: Sandbox):
    """Both may decide on one state; the one that comes second finds another sequence and decides anew."""
    sandbox.invoice()
    command = rescind(sandbox)

    def run(_: int) -> str:
        try:
            sandbox.machines.execute("inv1", command, TRACE)
        except errors.InvalidInvoiceStatus:
            return "refused"
        return "done"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(run, range(8)))
    assert sorted(results) == ["done"] + ["refused"] * 7
    assert sandbox.count("events") == 2


def test_a_command_decided_on_an_old_state_is_decided_again(sandbox: Sandbox, tmp_path: Path):
    """The conflict is made on purpose: between reading and writing somebody else moves the machine on."""
    sandbox.invoice()
    loads: list[str] = []

    class Overtaken(Machines):
        def load(self, machine_id: str) -> Remembered:
            loaded = super().load(machine_id)
            loads.append(machine_id)
            if len(loads) == 1:
                sandbox.start_payment(loaded.state)
            return loaded

    with pytest.raises(errors.InvoicePaymentPending):
        Overtaken(sandbox.database, sandbox.clock).execute("inv1", rescind(sandbox), TRACE)
    assert len(loads) == 2


# ------------------------------------------------------------------------------------------------- all or none


class Crash(Exception):
    """The process ends here."""


def crash(*_: object, **__: object) -> None:
    raise Crash


class CrashingTx:
    """A transaction that ends with its process at one of its statements."""

    def __init__(self, tx: Tx, statements_left: int) -> None:
        self._tx = tx
        self._left = statements_left

    def execute(self, sql: str, params: Sequence = ()) -> object:
        return self._counted(self._tx.execute, sql, params)

    def execute_each(self, sql: str, rows: Iterable[Sequence]) -> None:
        self._counted(self._tx.execute_each, sql, rows)

    def later(self, *arguments: object, **named: object) -> None:
        self._counted(partial(self._tx.later, **named), *arguments)

    def soon(self, sql: str, params: Sequence = ()) -> object:
        return self._counted(self._tx.soon, sql, params)

    def draw_each(self, counter: str, count: int) -> list[int]:
        return self._counted(self._tx.draw_each, counter, count)

    def _counted(self, function: Callable, *arguments: object) -> object:
        if self._left == 0:
            raise Crash
        self._left -= 1
        return function(*arguments)

    def __getattr__(self, name: str) -> object:
        return getattr(self._tx, name)


class CrashingDatabase:
    """Reads as ever; every write ends with the process after so many statements."""

    def __init__(self, database: Database, statements: int) -> None:
        self._database = database
        self._statements = statements
        self.read, self.ask = database.read, database.ask

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        with self._database.transaction() as tx:
            yield CrashingTx(tx, self._statements)


def test_a_crash_at_any_statement_leaves_the_machine_as_it_was(tmp_path: Path):
    """Beginning a payment writes events, ledger, timer, outbox and snapshot: it is cut at each of its statements."""
    sandbox = Sandbox(tmp_path, projections=(outbox.stage,), snapshot_every_records=1)
    real, cuts = sandbox.machines, 0
    while True:
        machine = sandbox.invoice(f"inv{cuts}")
        before = {table: sandbox.count(table) for table in TABLES}
        crashing = CrashingDatabase(real.database, cuts)
        sandbox.machines = Machines(crashing, sandbox.clock, real.projections, snapshot_every_records=1)
        try:
            sandbox.start_payment(machine)
        except Crash:
            assert {table: sandbox.count(table) for table in TABLES} == before
            assert real.get(machine.id) == machine
        else:
            break
        finally:
            sandbox.machines = real
        assert sandbox.start_payment(machine).payments[0].status is PaymentStatus.PENDING
        cuts += 1
    assert cuts >= 11
    assert sandbox.money_is_sound()


TABLES = ("events", "machines", "ledger_entries", "ledger_plans", "snapshots", "jobs")


def test_a_projection_that_fails_takes_everything_back(tmp_path: Path):
    sandbox = Sandbox(tmp_path, projections=(crash,))
    with pytest.raises(Crash):
        sandbox.invoice()
    assert (sandbox.count("events"), sandbox.count("jobs"), sandbox.count("machines")) == (0, 0, 0)


def test_projections_see_the_change_in_its_transaction(tmp_path: Path):
    seen: list[MachineChange] = []

    def project(tx: Tx, change: MachineChange) -> None:
        assert events.record(tx, change.record.id) == change.record
        seen.append(change)

    sandbox = Sandbox(tmp_path, projections=(project,))
    machine = sandbox.paying_invoice()
    assert [change.before is None for change in seen] == [True, False]
    assert seen[-1].after == machine
    assert len(seen[-1].events) == len(seen[-1].states)


def test_money_is_held_with_the_payment_that_needs_it(sandbox: Sandbox):
    machine = sandbox.paying_invoice()
    with sandbox.database.read() as tx:
        held = book.get_account(tx, sandbox.shop.settlement)
    assert held.own_amount == 0
    assert held.max_available_amount == machine.payments[0].cost.amount - 280
    assert sandbox.money_is_sound()


def captured(sandbox: Sandbox, invoice_id: str) -> Invoice:
    machine = sandbox.paying_invoice(invoice_id)
    while machine.status is InvoiceStatus.UNPAID:
        begun = sandbox.machines.execute(machine.id, BeginSessionCall(payment_id="1"), TRACE).state
        machine = sandbox.machines.execute(machine.id, approved(next_call(begun), begun), TRACE).state
    return machine


def pay_out(sandbox: Sandbox, amount: int) -> None:
    """The shop's money leaves it."""
    with sandbox.database.transaction() as tx:
        till = book.create_account(tx, "RUB", "till", sandbox.clock())
        posting = Posting(
            from_id=sandbox.shop.settlement, to_id=till, amount=amount, currency="RUB", description="payout"
        )
        batch = Batch(id=1, postings=(posting,))
        book.hold(tx, "payout", batch, sandbox.clock())
        book.commit(tx, Plan(id="payout", batches=(batch,)), sandbox.clock())


def at_once(sandbox: Sandbox, refunds: list[tuple[str, RefundPayment]]) -> list[str]:
    """All of them were decided upon before the first was made; what became of each."""
    together = Barrier(len(refunds))

    def ask(wanted: tuple[str, RefundPayment]) -> str:
        together.wait()
        try:
            sandbox.machines.execute(wanted[0], wanted[1], TRACE)
        except errors.DomainError as refusal:
            return type(refusal).__name__
        return "begun"

    with ThreadPoolExecutor(len(refunds)) as pool:
        return sorted(pool.map(ask, refunds))


def refund(sandbox: Sandbox, machine: Invoice, refund_id: str, amount: int) -> tuple[str, RefundPayment]:
    """With the balance as it is now among its facts."""
    facts = sandbox.facts.for_money(machine, "1", None)
    return machine.id, RefundPayment(id=refund_id, payment_id="1", amount=amount, facts=facts)


def available(sandbox: Sandbox) -> int:
    with sandbox.database.read() as tx:
        return book.get_account(tx, sandbox.shop.settlement).min_available_amount


@pytest.mark.parametrize("left", [24_999, 20_000, 10_000, 9_999])
def test_refunds_of_many_invoices_at_once_never_overdraw_their_shop(sandbox: Sandbox, left: int):
    """Each sees a balance that would do for it alone; together they would take three times what is there."""
    machines = [captured(sandbox, f"inv{n}") for n in range(8)]
    pay_out(sandbox, sandbox.settled_amount() - left)
    wanted = [refund(sandbox, machine, "r1", 10_000) for machine in machines]
    fee = taken_by(wanted[0], machines[0], sandbox) - 10_000
    fitting = left // (10_000 + fee)
    assert at_once(sandbox, wanted) == ["InsufficientAccountBalance"] * (8 - fitting) + ["begun"] * fitting
    assert available(sandbox) == left - fitting * (10_000 + fee) >= 0
    assert sandbox.money_is_sound()


def taken_by(wanted: tuple[str, RefundPayment], machine: Invoice, sandbox: Sandbox) -> int:
    """Minor units that a refund takes of its shop."""
    plenty = replace(wanted[1], facts=replace(wanted[1].facts, available=None))
    [started, *_] = invoice.decide(machine, plenty, sandbox.clock())
    return charges.outflow(started.refund.cash_flow, sandbox.shop.settlement)


def test_refunds_of_one_payment_at_once_give_back_no_more_than_was_paid(sandbox: Sandbox):
    """The shop could bear them all; the payment cannot."""
    captured(sandbox, "another")
    machine = captured(sandbox, "inv1")
    wanted = [refund(sandbox, machine, f"r{n}", 3_000) for n in range(6)]
    assert at_once(sandbox, wanted) == ["PaymentAmountExceeded"] * 3 + ["begun"] * 3
    assert sum(back.cash.amount for back in sandbox.machines.get("inv1").payments[0].refunds) == 9_000
    assert sandbox.money_is_sound()


# --------------------------------------------------------------------------------------------------- histories


def test_a_machine_is_what_its_records_say(sandbox: Sandbox):
    machine = sandbox.paying_invoice()
    with sandbox.database.read() as tx:
        happened = [event for record in events.records(tx, "inv1") for event in engine.decode(record.body)]
    assert invoice.replay(happened) == machine


def test_a_snapshot_changes_nothing_but_what_is_read(tmp_path: Path):
    sandbox = Sandbox(tmp_path, snapshot_every_records=2)
    machine = sandbox.paying_invoice()
    with sandbox.database.read() as tx:
        history = events.load(tx, events.head(tx, "inv1"), SNAPSHOT_FORMAT)
    assert (history.snapshot.sequence, history.records) == (2, [])
    assert sandbox.machines.get("inv1") == machine


def test_a_snapshot_of_another_release_is_passed_over(sandbox: Sandbox):
    machine = sandbox.paying_invoice()
    with sandbox.database.transaction() as tx:
        events.put_snapshot(tx, "inv1", events.Snapshot(2, "of another release", "{}"))
    assert sandbox.machines.get("inv1") == machine


# ------------------------------------------------------------------------------------------------------ leases


def test_a_lease_lasts_while_the_next_step_is_due_now(sandbox: Sandbox):
    sandbox.paying_invoice()
    lease = claimed(sandbox)
    begun = sandbox.machines.execute("inv1", BeginSessionCall(payment_id="1"), TRACE, lease)
    assert not begun.is_released
    processed = sandbox.machines.execute("inv1", approved(next_call(begun.state), begun.state), TRACE, lease)
    assert not processed.is_released
    begun = sandbox.machines.execute("inv1", BeginSessionCall(payment_id="1"), TRACE, lease)
    captured = sandbox.machines.execute("inv1", approved(next_call(begun.state), begun.state), TRACE, lease)
    assert captured.is_released
    assert captured.state.status is InvoiceStatus.PAID
    assert timer(sandbox) is None


def test_who_lost_the_lease_changes_nothing(sandbox: Sandbox):
    sandbox.paying_invoice()
    late = claimed(sandbox)
    sandbox.clock.forward(61)
    current = claimed(sandbox)
    with pytest.raises(LeaseLost):
        sandbox.machines.execute("inv1", BeginSessionCall(payment_id="1"), TRACE, late)
    assert sandbox.count("events") == 2
    with pytest.raises(LeaseLost):
        sandbox.machines.settle("inv1", late)
    assert sandbox.machines.execute("inv1", BeginSessionCall(payment_id="1"), TRACE, current).record is not None


def test_a_late_answer_of_who_lost_the_lease_moves_no_money(sandbox: Sandbox):
    sandbox.paying_invoice()
    late = claimed(sandbox)
    begun = sandbox.machines.execute("inv1", BeginSessionCall(payment_id="1"), TRACE, late).state
    sandbox.clock.forward(61)
    claimed(sandbox)
    with pytest.raises(LeaseLost):
        sandbox.machines.execute("inv1", approved(next_call(begun), begun), TRACE, late)
    assert sandbox.machines.get("inv1") == begun
    assert sandbox.settled_amount() == 0


def test_a_command_from_outside_leaves_the_lease_to_its_worker(sandbox: Sandbox):
    sandbox.paying_invoice()
    lease = claimed(sandbox)
    sandbox.machines.execute("inv1", StopMachine(reason="the operator said so"), TRACE)
    assert timer(sandbox)[1] == lease.claim.name
    assert sandbox.machines.settle("inv1", lease).is_released
    assert timer(sandbox) is None


# ----------------------------------------------------------------------------------------------------- stopping


def test_stopped_machines_are_listed_until_they_are_repaired(sandbox: Sandbox):
    sandbox.paying_invoice("inv1")
    sandbox.paying_invoice("inv2")
    sandbox.machines.execute("inv1", StopMachine(reason="garbage", payment_id="1"), TRACE)
    assert sandbox.machines.stopped(10) == ["inv1"]
    with pytest.raises(errors.MachineStopped):
        sandbox.machines.execute("inv1", rescind(sandbox), TRACE)
    repaired = sandbox.machines.execute("inv1", Repair(scenario=Resume(), operator_note="looked at"), TRACE)
    assert repaired.state.stop is None
    assert sandbox.machines.stopped(10) == []
    assert timer(sandbox) is not None
