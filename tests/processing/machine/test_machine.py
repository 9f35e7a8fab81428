"""One command to one machine: creation, commands, histories, leases, stopping."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from processing import machine as engine
from processing.changes import SNAPSHOT_FORMAT
from processing.domain import errors, invoice
from processing.domain.commands import BeginSessionCall, Fulfill, Repair, Rescind, Resume, StopMachine, TimerFired
from processing.domain.statuses import InvoiceStatus
from processing.machine import QUEUE, Lease, LeaseLost, Machines
from processing.remembered import Remembered
from processing.storage import events, jobs
from tests.processing.sandbox import TRACE, Sandbox, approved, next_call

pytestmark = pytest.mark.usefixtures("both_databases")


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
