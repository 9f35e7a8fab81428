"""Queue `machine`: a payment goes from its start to the money without anybody asking."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from processing.domain import failure
from processing.domain.bank import Finish, ProxyResult, Success, TransactionInfo
from processing.domain.commands import CapturePayment, Command, Repair, Resume, StopMachine
from processing.domain.payer import HoldFlow
from processing.domain.state import Invoice
from processing.domain.statuses import InvoiceStatus, OnHoldExpiration, PaymentStatus
from processing.domain.steps import RunSession
from processing.domain_config import repository
from processing.domain_config.objects import Kind, Ref
from processing.domain_config.repository import Commit, Insert, Update
from processing.domain_config.seeding import as_object
from processing.machine import QUEUE, LeaseLost
from processing.storage import jobs
from processing.workers.loop import DONE, SETTLED, Loop
from processing.workers.timers import Timers
from settings import load
from tests.processing.sandbox import (
    CARD,
    NOW,
    TRACE,
    Sandbox,
    ScriptedBank,
    answered,
    approved,
    sleeping,
    unreachable,
)

pytestmark = pytest.mark.usefixtures("both_databases")

LEASE = timedelta(seconds=60)
MASTERCARD = msgspec.structs.replace(CARD, payment_system="mastercard", bin="555555", last_digits="4444")


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def work(sandbox: Sandbox, bank: ScriptedBank, lease: timedelta = LEASE) -> list[str]:
    """Does everything that is due; the outcomes of the claims."""
    timers, outcomes = Timers(sandbox.machines, bank, lease), []
    while found := claim(sandbox, lease):
        outcomes += [timers.handle(each) for each in found]
    return outcomes


def claim(sandbox: Sandbox, lease: timedelta = LEASE) -> list[jobs.Claim]:
    with sandbox.database.transaction() as tx:
        return jobs.claim(tx, QUEUE, now=sandbox.clock(), lease=lease, limit=10)


def refused(step: RunSession, machine: Invoice) -> Command:
    """The bank says no."""
    return answered(step, ProxyResult(intent=Finish(status=failure.parse("authorization_failed:unknown"))))


def test_a_payment_is_driven_to_the_money(sandbox: Sandbox):
    sandbox.paying_invoice()
    bank = ScriptedBank()
    assert work(sandbox, bank) == [SETTLED]
    machine = sandbox.machines.get("inv1")
    assert machine.status is InvoiceStatus.PAID
    assert [step.target.value for _, step in bank.calls] == ["processed", "captured"]
    assert sandbox.settled_amount() == 10_000 - 280
    assert sandbox.money_is_sound()
    assert sandbox.count("jobs") == 0


def test_the_bank_is_called_under_the_trace_of_whoever_began(sandbox: Sandbox):
    sandbox.paying_invoice()
    bank = ScriptedBank()
    work(sandbox, bank)
    assert bank.traces == {TRACE}
    with sandbox.database.read() as tx:
        assert {trace for (trace,) in tx.execute("SELECT trace_id FROM events").all()} == {TRACE}


def test_each_call_is_announced_before_it_is_made(sandbox: Sandbox):
    sandbox.paying_invoice()
    announced: list[int] = []

    def look(step: RunSession, machine: Invoice) -> Command:
        announced.append(sandbox.machines.get("inv1").payments[0].session.attempt)
        return approved(step, machine)

    work(sandbox, ScriptedBank(look, look))
    assert announced == [1, 1]


def test_a_machine_is_nobody_elses_while_its_bank_is_called(sandbox: Sandbox):
    sandbox.paying_invoice()
    found: list[list[jobs.Claim]] = []

    def look(step: RunSession, machine: Invoice) -> Command:
        found.append(claim(sandbox))
        return approved(step, machine)

    work(sandbox, ScriptedBank(look, look))
    assert found == [[], []]


def test_a_bank_that_asks_for_patience_is_called_again(sandbox: Sandbox):
    sandbox.paying_invoice()
    bank = ScriptedBank(sleeping)
    work(sandbox, bank)
    assert len(bank.calls) == 1
    sandbox.clock.forward(4.9)
    assert work(sandbox, bank) == []
    sandbox.clock.forward(0.1)
    work(sandbox, bank)
    assert sandbox.machines.get("inv1").status is InvoiceStatus.PAID


def test_a_bank_that_cannot_be_reached_is_tried_again(sandbox: Sandbox):
    sandbox.paying_invoice()
    bank = ScriptedBank(unreachable)
    work(sandbox, bank)
    assert sandbox.machines.get("inv1").payments[0].status is PaymentStatus.PENDING
    sandbox.clock.forward(5)
    work(sandbox, bank)
    assert sandbox.machines.get("inv1").status is InvoiceStatus.PAID


def test_an_unpaid_invoice_is_cancelled_when_its_time_is_over(sandbox: Sandbox):
    sandbox.invoice(due_s=60)
    assert work(sandbox, ScriptedBank()) == []
    sandbox.clock.forward(60)
    work(sandbox, ScriptedBank())
    machine = sandbox.machines.get("inv1")
    assert (machine.status, machine.status_reason) == (InvoiceStatus.CANCELLED, "overdue")


def test_an_answer_outside_the_protocol_stops_the_machine(sandbox: Sandbox):
    sandbox.paying_invoice()
    garbage = ScriptedBank(lambda step, machine: StopMachine(reason="garbage", payment_id=step.payment_id))
    work(sandbox, garbage)
    assert sandbox.machines.stopped(10) == ["inv1"]
    assert sandbox.count("jobs") == 0


def test_an_answer_that_breaks_a_rule_stops_the_machine(sandbox: Sandbox):
    """The bank's transaction id changes between two answers."""
    sandbox.paying_invoice()

    def other_id(step: RunSession, machine: Invoice) -> Command:
        return answered(step, ProxyResult(intent=Finish(status=Success()), transaction=TransactionInfo(id="other")))

    work(sandbox, ScriptedBank(approved, other_id))
    machine = sandbox.machines.get("inv1")
    assert machine.stop is not None
    assert machine.payments[0].status is PaymentStatus.PROCESSED
    assert sandbox.money_is_sound()


def test_an_answer_to_a_machine_that_was_stopped_meanwhile_waits_for_the_operator(sandbox: Sandbox):
    """The call is made again after the repair, as a further attempt: the adapter asks the bank what it did."""
    sandbox.paying_invoice()

    def stopped(step: RunSession, machine: Invoice) -> Command:
        sandbox.machines.execute(machine.id, StopMachine(reason="looked suspicious", payment_id="1"), TRACE)
        return approved(step, machine)

    bank = ScriptedBank(stopped)
    assert work(sandbox, bank) == [SETTLED]
    assert sandbox.count("jobs") == 0
    sandbox.machines.execute("inv1", Repair(scenario=Resume(), operator_note="it was fine"), TRACE)
    work(sandbox, bank)
    assert [(step.target.value, step.attempt) for _, step in bank.calls] == [
        ("processed", 1),
        ("processed", 2),
        ("captured", 1),
    ]
    assert sandbox.machines.get("inv1").status is InvoiceStatus.PAID


def test_work_that_crashes_too_often_stops_the_machine(sandbox: Sandbox):
    sandbox.paying_invoice()
    timers = Timers(sandbox.machines, ScriptedBank(), LEASE)
    [mine] = claim(sandbox)
    assert timers.give_up(mine, "KeyError: 'x'")
    assert sandbox.machines.get("inv1").stop.reason == "KeyError: 'x'"
    assert sandbox.count("jobs") == 0


class Crash(BaseException):
    """The process ends here."""


def killed(step: RunSession, machine: Invoice) -> Command:
    raise Crash


def test_a_worker_that_dies_while_it_calls_leaves_a_further_attempt(sandbox: Sandbox):
    sandbox.paying_invoice()
    with pytest.raises(Crash):
        work(sandbox, ScriptedBank(killed))
    bank = ScriptedBank()
    assert work(sandbox, bank) == []
    for _ in range(4):
        sandbox.clock.forward(60)
        work(sandbox, bank)
    assert [(step.target.value, step.attempt) for _, step in bank.calls] == [("processed", 2), ("captured", 1)]
    assert sandbox.settled_amount() == 10_000 - 280
    assert sandbox.money_is_sound()


def test_after_the_death_of_a_worker_its_payments_go_on_within_seconds(sandbox: Sandbox):
    """With the lease of the default profile: nobody has to wait until the dead one's call must have ended."""
    lease = timedelta(seconds=load({}).workers.lease_s)
    sandbox.paying_invoice()
    with pytest.raises(Crash):
        work(sandbox, ScriptedBank(killed), lease)
    bank, seconds = ScriptedBank(), 0
    while not bank.calls:
        seconds = (sandbox.clock.forward(1) - NOW).total_seconds()
        work(sandbox, bank, lease)
    assert seconds <= lease.total_seconds() + 1
    assert sandbox.machines.get("inv1").status is InvoiceStatus.PAID


def test_a_payment_waits_in_the_lane_of_its_bank(sandbox: Sandbox):
    sandbox.paying_invoice()
    sandbox.invoice("inv2")
    with sandbox.database.read() as tx:
        assert tx.execute("SELECT key, lane FROM jobs ORDER BY key").all() == [("inv1", "mock"), ("inv2", "")]


def test_a_call_whose_outcome_cannot_be_read_stops_the_machine(sandbox: Sandbox):
    """A mistake of ours, perhaps, but the bank may have taken the money: no further call before somebody has looked."""
    sandbox.paying_invoice()

    def unreadable(step: RunSession, machine: Invoice) -> Command:
        raise KeyError("rrn")

    bank = ScriptedBank(unreadable)
    assert work(sandbox, bank) == [SETTLED]
    assert sandbox.machines.get("inv1").stop.reason == "KeyError: 'rrn'"
    sandbox.machines.execute("inv1", Repair(scenario=Resume(), operator_note="mended"), TRACE)
    work(sandbox, bank)
    assert [(step.target.value, step.attempt) for _, step in bank.calls[1:]] == [("processed", 2), ("captured", 1)]


def test_money_whose_capture_the_bank_refuses_is_released_by_itself(sandbox: Sandbox):
    flow = HoldFlow(on_hold_expiration=OnHoldExpiration.CANCEL)
    sandbox.start_payment(sandbox.invoice(), flow=flow)
    bank = ScriptedBank(approved, refused)
    work(sandbox, bank)
    machine = sandbox.machines.get("inv1")
    facts = sandbox.facts.for_money(machine, "1", None)
    sandbox.machines.execute("inv1", CapturePayment(payment_id="1", reason="shipped", facts=facts), TRACE)
    work(sandbox, bank)
    [payment] = sandbox.machines.get("inv1").payments
    assert [step.reference for _, step in bank.calls] == ["inv1.1", "inv1.1.capture", "inv1.1.reversal"]
    assert (payment.status, payment.reversal.is_finished) == (PaymentStatus.FAILED, True)
    assert sandbox.settled_amount() == 0
    assert sandbox.money_is_sound()


def test_the_late_answer_of_a_worker_that_slept_through_its_lease_counts_for_nothing(sandbox: Sandbox):
    sandbox.paying_invoice()
    second = ScriptedBank(sleeping)

    def slow(step: RunSession, machine: Invoice) -> Command:
        sandbox.clock.forward(61)
        work(sandbox, second)
        return approved(step, machine)

    with pytest.raises(LeaseLost):
        work(sandbox, ScriptedBank(slow))
    payment = sandbox.machines.get("inv1").payments[0]
    assert (payment.status, payment.session.attempt) == (PaymentStatus.PENDING, 2)


def test_a_job_without_its_machine_is_done_with(sandbox: Sandbox):
    with sandbox.database.transaction() as tx:
        jobs.schedule(tx, QUEUE, "nobody", NOW, now=NOW)
    assert work(sandbox, ScriptedBank()) == [DONE]


def test_two_workers_pay_many_invoices_each_once(tmp_path: Path):
    """Two loops over one database, as two processes have it: every machine is driven by one at a time."""
    sandbox, invoices = Sandbox(tmp_path), 24
    active: set[str] = set()
    clashes: list[str] = []
    lock = threading.Lock()

    def careful(step: RunSession, machine: Invoice) -> Command:
        with lock:
            clashes.extend({machine.id} & active)
            active.add(machine.id)
        time.sleep(0.001)
        with lock:
            active.discard(machine.id)
        return approved(step, machine)

    bank = ScriptedBank(*[careful] * invoices * 2)
    for n in range(invoices):
        sandbox.paying_invoice(f"inv{n}")
    queue = Timers(sandbox.machines, bank, LEASE).queue(threads=3)
    loops = [Loop(sandbox.database, sandbox.clock, [queue]) for _ in range(2)]
    for loop in loops:
        loop.start()
    until(lambda: sandbox.count("jobs") == 0)
    assert all(loop.stop(5) for loop in loops)
    assert clashes == []
    assert len(bank.calls) == invoices * 2
    assert all(sandbox.machines.get(f"inv{n}").status is InvoiceStatus.PAID for n in range(invoices))
    assert sandbox.settled_amount() == invoices * (10_000 - 280)
    assert sandbox.money_is_sound()


def with_a_second_bank(sandbox: Sandbox) -> None:
    """Mastercards go to a bank of their own."""

    def plain(kind: Kind, name: str) -> dict:
        with sandbox.database.read() as tx:
            return msgspec.json.decode(repository.checkout_object(tx, repository.head(tx), Ref(kind, name)).data.json)

    provider = {**plain(Kind.PROVIDER, "mock"), "id": "second"}
    terminal = {**plain(Kind.TERMINAL, "mock-cards"), "id": "second-cards", "provider": "second"}
    routes = plain(Kind.ROUTING, "default")
    to_second = {"terminal": "second-cards", "allowed": {"payment_system_is": "mastercard"}}
    changed = {**routes, "candidates": [to_second, *routes["candidates"]]}
    operations = (
        Insert(as_object(Kind.PROVIDER, provider)),
        Insert(as_object(Kind.TERMINAL, terminal)),
        Update(as_object(Kind.ROUTING, routes), as_object(Kind.ROUTING, changed)),
    )
    with sandbox.database.transaction() as tx:
        repository.commit(tx, repository.head(tx), Commit(operations, "test", "a second bank"), NOW)


def test_payments_at_another_bank_go_on_while_one_bank_hangs(sandbox: Sandbox, monkeypatch):
    """Thirty payments at the bank that hangs are due before the first of the other."""
    with_a_second_bank(sandbox)
    release = threading.Event()

    def hang_at_the_first(step: RunSession, machine: Invoice) -> Command:
        if machine.payments[0].route.provider == "mock":
            release.wait(20)
        return approved(step, machine)

    for n in range(30):
        sandbox.paying_invoice(f"a{n}")
    monkeypatch.setattr("tests.processing.sandbox.CARD", MASTERCARD)
    for n in range(10):
        sandbox.paying_invoice(f"b{n}")
    bank = ScriptedBank(*[hang_at_the_first] * 100)
    loop = Loop(sandbox.database, sandbox.clock, [Timers(sandbox.machines, bank, LEASE).queue(4, bank_threads=3)])
    loop.start()
    until(lambda: all(sandbox.machines.get(f"b{n}").status is InvoiceStatus.PAID for n in range(10)))
    assert {sandbox.machines.get(f"a{n}").status for n in range(30)} == {InvoiceStatus.UNPAID}
    release.set()
    until(lambda: sandbox.count("jobs") == 0)
    assert loop.stop(5)
    assert sandbox.money_is_sound()


def until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
