"""Refunds asked for at the same moment take no more than there is: of a shop, and of a payment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from msgspec.structs import replace

from processing.domain import charges, errors, invoice
from processing.domain.commands import BeginSessionCall, RefundPayment
from processing.domain.state import Invoice
from processing.domain.statuses import InvoiceStatus
from processing.ledger import book
from processing.ledger.plans import Batch, Plan, Posting
from tests.processing.sandbox import TRACE, Sandbox, approved, next_call

pytestmark = pytest.mark.usefixtures("both_databases")


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
