"""What a process remembers of a machine may be old, and nobody ever notices but by the time it takes."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest

from processing import ids
from processing.domain import errors
from processing.domain.commands import Fulfill, Rescind, StartPayment
from processing.domain.payer import ContactInfo, InstantFlow, PaymentResourcePayer
from processing.domain.state import Invoice
from processing.domain.statuses import InvoiceStatus
from processing.machine import QUEUE, Machines
from processing.remembered import Remembered, States
from processing.storage import jobs
from processing.workers.timers import Timers
from tests.processing.sandbox import CARD, PARTY, SHOP, TRACE, Sandbox, ScriptedBank

pytestmark = pytest.mark.usefixtures("both_databases")

LEASE = timedelta(seconds=60)
SEQUENCE = "payments/inv1/demo"


@pytest.fixture
def elsewhere(sandbox: Sandbox) -> Machines:
    """The same machines in another process."""
    return Machines(sandbox.database, sandbox.clock)


def rescind(sandbox: Sandbox) -> Rescind:
    return Rescind(reason="no", facts=sandbox.facts.for_shop(PARTY, SHOP))


def payment(sandbox: Sandbox, machine: Invoice, number: int) -> StartPayment:
    payer = PaymentResourcePayer(payment_tool=CARD, contact_info=ContactInfo(email="payer@example.com"))
    facts = sandbox.facts.for_payment(machine, payer)
    return StartPayment(id=str(number), payer=payer, flow=InstantFlow(), facts=facts)


def test_a_reader_sees_what_another_process_did(sandbox: Sandbox, elsewhere: Machines):
    sandbox.invoice()
    elsewhere.execute("inv1", rescind(sandbox), TRACE)
    assert sandbox.machines.get("inv1").status is InvoiceStatus.CANCELLED


def test_a_command_that_was_possible_when_the_machine_was_last_seen_is_refused(sandbox: Sandbox, elsewhere: Machines):
    sandbox.invoice()
    elsewhere.execute("inv1", rescind(sandbox), TRACE)
    with pytest.raises(errors.InvalidInvoiceStatus):
        sandbox.machines.execute("inv1", rescind(sandbox), TRACE)
    assert sandbox.count("events") == 2


def test_a_command_that_the_state_seen_last_forbids_is_carried_out_when_the_machine_has_moved_on(
    sandbox: Sandbox, elsewhere: Machines
):
    machine = sandbox.invoice()
    elsewhere.execute("inv1", payment(sandbox, machine, 1), TRACE)
    with sandbox.database.transaction() as tx:
        [claim] = jobs.claim(tx, QUEUE, now=sandbox.clock(), lease=LEASE, limit=1)
    Timers(elsewhere, ScriptedBank(), LEASE).handle(claim)
    fulfil = Fulfill(reason="sent", facts=sandbox.facts.for_shop(PARTY, SHOP))
    assert sandbox.machines.execute("inv1", fulfil, TRACE).state.status is InvoiceStatus.FULFILLED


def test_a_machine_whose_records_are_gone_is_forgotten(sandbox: Sandbox):
    """As after a failover to a server that had not got everything."""
    sandbox.invoice()
    machines = Machines(sandbox.database, sandbox.clock)
    machines._states.put("lost", Remembered(99, 3, sandbox.machines.get("inv1")))
    with pytest.raises(errors.InvoiceNotFound):
        machines.get("lost")


def test_only_so_many_are_remembered_and_never_an_older_one_over_a_newer():
    states = States(states_max=2)
    states.put("a", Remembered(5, 2, None))
    states.put("a", Remembered(4, 1, None))
    assert states.get("a").sequence == 2
    states.put("b", Remembered(6, 1, None))
    states.get("a")
    states.put("c", Remembered(7, 1, None))
    assert states.get("b") is None
    assert states.get("a") is not None


def test_a_number_is_taken_with_what_it_numbers_or_not_at_all(sandbox: Sandbox):
    machine = sandbox.invoice()
    number = ids.following(sandbox.database, SEQUENCE)
    command = payment(sandbox, machine, number)
    sandbox.machines.execute(
        "inv1", command, TRACE, alongside=lambda tx: ids.take(tx, sequence=SEQUENCE, number=number)
    )
    assert ids.following(sandbox.database, SEQUENCE) == 2
    with pytest.raises(errors.InvoicePaymentPending):
        sandbox.machines.execute(
            "inv1", payment(sandbox, machine, 2), TRACE, alongside=lambda tx: ids.take(tx, sequence=SEQUENCE, number=2)
        )
    assert ids.following(sandbox.database, SEQUENCE) == 2


def test_a_number_that_somebody_was_given_meanwhile_is_not_taken_again(sandbox: Sandbox):
    machine = sandbox.invoice()
    with sandbox.database.transaction() as tx:
        ids.next_number(tx, SEQUENCE)
    with pytest.raises(ids.NumberTaken):
        sandbox.machines.execute(
            "inv1", payment(sandbox, machine, 1), TRACE, alongside=lambda tx: ids.take(tx, sequence=SEQUENCE, number=1)
        )
    assert sandbox.machines.get("inv1").payments == ()


def test_commands_to_many_machines_at_once_share_the_disk_and_nothing_else(sandbox: Sandbox):
    names = [f"inv{number}" for number in range(12)]
    commands = [sandbox.create_invoice(name) for name in names]
    ready = Barrier(len(names))

    def create(command) -> None:
        ready.wait(5)
        machine = sandbox.machines.create(command, TRACE).state
        sandbox.start_payment(machine)

    threads = [Thread(target=create, args=(command,)) for command in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [len(sandbox.machines.get(name).payments) for name in names] == [1] * len(names)
    assert sandbox.money_is_sound()
