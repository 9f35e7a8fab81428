"""The rows of the search follow every change of a machine, in its transaction, and say what merchants see."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from processing.domain import commands
from processing.domain.bank import TransactionInfo
from processing.domain.state import Invoice, Payment, Refund
from processing.domain.statuses import InvoiceStatus, PaymentStatus
from processing.machine import QUEUE, MachineChange
from processing.search import projection
from processing.services.wire.invoicing import invoice_to_thrift, payment_to_thrift, refund_to_thrift
from processing.storage import jobs
from processing.storage.port import Tx
from processing.workers.timers import Timers
from tests.processing.sandbox import TRACE, Sandbox, ScriptedBank
from tests.processing.search.shelf import Shelf, rub

pytestmark = pytest.mark.usefixtures("both_databases")

LEASE = timedelta(seconds=60)


def work(sandbox: Sandbox) -> None:
    timers = Timers(sandbox.machines, ScriptedBank(), LEASE)
    while True:
        with sandbox.database.transaction() as tx:
            claims = jobs.claim(tx, QUEUE, now=sandbox.clock(), lease=LEASE, limit=10)
        if not claims:
            return
        for claim in claims:
            timers.handle(claim)


def stored(sandbox: Sandbox, table: str, kind: type) -> list:
    with sandbox.database.read() as tx:
        return [msgspec.json.decode(body, type=kind) for (body,) in tx.execute(f"SELECT body FROM {table}").all()]


def test_after_a_whole_story_the_rows_say_what_the_machine_says(tmp_path: Path):
    """Invoice, payment and refund read from a row are the same to a merchant as those read from the machine."""
    sandbox = Sandbox(tmp_path, [projection.project])
    machine = sandbox.paying_invoice()
    work(sandbox)
    facts = sandbox.facts.for_money(machine, "1", None)
    refund = commands.RefundPayment(id="r1", payment_id="1", amount=100, facts=facts)
    sandbox.machines.execute("inv1", refund, TRACE)
    work(sandbox)
    machine = sandbox.machines.get("inv1")
    payment = machine.payments[0]
    assert payment.refunds[0].status == "succeeded"
    assert [invoice_to_thrift(row) for row in stored(sandbox, "search_invoices", Invoice)] == [
        invoice_to_thrift(machine)
    ]
    assert [payment_to_thrift(row) for row in stored(sandbox, "search_payments", Payment)] == [
        payment_to_thrift(payment)
    ]
    assert [refund_to_thrift(row) for row in stored(sandbox, "search_refunds", Refund)] == [
        refund_to_thrift(payment.refunds[0])
    ]


def test_the_rows_hold_nothing_of_the_machines_own_business(tmp_path: Path):
    sandbox = Sandbox(tmp_path, [projection.project])
    sandbox.paying_invoice()
    work(sandbox)
    [payment] = stored(sandbox, "search_payments", Payment)
    assert (payment.route, payment.session, payment.cash_flow, payment.accounts, payment.fees) == (
        None,
        None,
        (),
        {},
        (),
    )
    [invoice] = stored(sandbox, "search_invoices", Invoice)
    assert invoice.payments == ()


def test_a_row_is_written_only_when_its_object_looks_different(tmp_path: Path):
    """Most records of a payment are steps between the platform and the bank."""
    writes: list[str] = []

    class Counting:
        def __init__(self, tx: Tx) -> None:
            self.tx = tx

        def later(self, sql: str, params: tuple) -> None:
            writes.append(sql.split()[2])
            self.tx.later(sql, params)

    def project(tx: Tx, change: MachineChange) -> None:
        projection.project(Counting(tx), change)

    sandbox = Sandbox(tmp_path, [project])
    sandbox.paying_invoice()
    work(sandbox)
    assert (writes.count("search_invoices"), writes.count("search_payments")) == (2, 3)
    assert sandbox.count("events") == 5


def test_a_change_that_is_rolled_back_leaves_no_row(tmp_path: Path):
    def fails(tx: Tx, change: MachineChange) -> None:
        raise RuntimeError

    sandbox = Sandbox(tmp_path, [projection.project, fails])
    with pytest.raises(RuntimeError):
        sandbox.invoice()
    assert sandbox.count("search_invoices") == 0


def test_projecting_a_change_again_changes_nothing(shelf: Shelf):
    model = shelf.put_invoice("once")
    shelf.change(replace(model, id="thrice"), times=3)
    once, thrice = (row[1:-1] for row in shelf.rows("search_invoices"))
    assert once == thrice
    shelf.put_payment("once")
    shelf.put_refund("once", "r1")
    shelf.change_payment(replace(shelf.state("once").payments[0], status=PaymentStatus.FAILED))
    before = shelf.rows("search_payments"), shelf.rows("search_refunds")
    shelf.change(shelf.state("once"), times=3)
    assert (shelf.rows("search_payments"), shelf.rows("search_refunds")) == before
    assert [len(rows) for rows in before] == [1, 1]


def test_a_payments_amount_is_what_was_captured(shelf: Shelf):
    shelf.put_invoice("inv1")
    payment = shelf.put_payment("inv1", amount=1000)
    shelf.change_payment(replace(payment, status=PaymentStatus.CAPTURED, captured_cost=rub(400)))
    shelf.change(replace(shelf.state("inv1"), status=InvoiceStatus.PAID))
    with shelf.database.read() as tx:
        assert tx.execute("SELECT status, amount FROM search_payments").all() == [("captured", 400)]
        assert tx.execute("SELECT status, amount FROM search_invoices").all() == [("paid", 1000)]


def test_a_bank_reference_that_becomes_known_later_reaches_payment_and_refund(shelf: Shelf):
    shelf.put_invoice("inv1")
    shelf.put_payment("inv1")
    shelf.put_refund("inv1", "r1")
    transaction = TransactionInfo(id="b", rrn="123456789012", approval_code="A1")
    shelf.change_payment(replace(shelf.state("inv1").payments[0], transaction=transaction))
    with shelf.database.read() as tx:
        assert tx.execute("SELECT rrn, approval_code FROM search_payments").all() == [("123456789012", "A1")]
        assert tx.execute("SELECT rrn, payment_rrn, payment_approval_code FROM search_refunds").all() == [
            (None, "123456789012", "A1")
        ]


def test_another_payments_step_writes_no_row_of_this_one(shelf: Shelf):
    shelf.put_invoice("inv1")
    shelf.put_payment("inv1", "1")
    with shelf.database.transaction() as tx:
        tx.execute("UPDATE search_payments SET payer_ip = 'untouched'")
    shelf.put_payment("inv1", "2")
    with shelf.database.read() as tx:
        assert tx.execute("SELECT payment_id, payer_ip FROM search_payments ORDER BY 1").all() == [
            ("1", "untouched"),
            ("2", None),
        ]
