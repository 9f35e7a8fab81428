"""A platform for tests: a real database in a temporary folder, the seeded configuration, a shop, a clock that is told
what time it is, and a bank whose answers are scripted. No process, no network."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from processing import parties
from processing.domain import bank, commands
from processing.domain.bank import Finish, ProxyResult, Success, TransactionInfo
from processing.domain.cart import InvoiceDetails
from processing.domain.commands import Command, CreateInvoice, SessionAnswered, StartPayment
from processing.domain.payer import ContactInfo, InstantFlow, PaymentFlow, PaymentResourcePayer
from processing.domain.payment_tool import BankCard
from processing.domain.state import Invoice
from processing.domain.steps import RunSession
from processing.domain.values import Content
from processing.domain_config.configuration import Configuration
from processing.domain_config.seeding import seed
from processing.ledger import book
from processing.machine import Machines, Projection
from processing.services.facts import FactsReader
from processing.storage.migrations import migrate
from processing.storage.port import Database
from processing.storage.sqlite import SqliteDatabase

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PARTY, SHOP, CONTRACT = "demo", "TESTSHOP", "default"
TRACE = "trace-of-the-test"
CARD = BankCard(token="card-1", payment_system="visa", bin="424242", last_digits="4242")


def open_below(folder: Path) -> Database:
    """The database of a sandbox; the fixture `both_databases` puts another in its place."""
    return SqliteDatabase(folder / "processing.sqlite")


class ToldClock:
    """Says the time that it was told last."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class Sandbox:
    """The parts that a test of machines and workers needs."""

    def __init__(
        self,
        folder: Path,
        projections: Sequence[Projection] = (),
        database: Database | None = None,
        **machines: int,
    ) -> None:
        self.clock = ToldClock()
        self.database = database or open_below(folder)
        migrate(self.database, NOW)
        seed(self.database, NOW)
        self.configuration = Configuration(self.database)
        self.machines = Machines(self.database, self.clock, projections, **machines)
        self.facts = FactsReader(self.machines, self.configuration)
        with self.database.transaction() as tx:
            parties.create(tx, PARTY, None, NOW)
            new = parties.NewShop(SHOP, "RUB", 1, "https://shop.example.com", "Test shop", None, CONTRACT)
            self.shop = parties.create_shop(tx, PARTY, new, NOW)

    def create_invoice(self, invoice_id: str = "inv1", amount: int = 10_000, due_s: int = 3600) -> CreateInvoice:
        """The command, not carried out."""
        return CreateInvoice(
            id=invoice_id,
            owner_id=PARTY,
            shop_id=SHOP,
            details=InvoiceDetails(product="Tea"),
            currency="RUB",
            amount=amount,
            due=self.clock() + timedelta(seconds=due_s),
            context=Content(type="application/json", data=b"{}"),
            facts=self.facts.for_invoice(PARTY, SHOP, None),
        )

    def invoice(self, invoice_id: str = "inv1", amount: int = 10_000, due_s: int = 3600) -> Invoice:
        """An unpaid invoice."""
        return self.machines.create(self.create_invoice(invoice_id, amount, due_s), TRACE).state

    def start_payment(self, machine: Invoice, payment_id: str = "1", flow: PaymentFlow | None = None) -> Invoice:
        """The invoice with a payment that waits for the bank."""
        payer = PaymentResourcePayer(payment_tool=CARD, contact_info=ContactInfo(email="payer@example.com"))
        command = StartPayment(
            id=payment_id, payer=payer, flow=flow or InstantFlow(), facts=self.facts.for_payment(machine, payer)
        )
        return self.machines.execute(machine.id, command, TRACE).state

    def paying_invoice(self, invoice_id: str = "inv1") -> Invoice:
        """An invoice whose payment waits for the bank."""
        return self.start_payment(self.invoice(invoice_id))

    def money_is_sound(self) -> bool:
        """The ledger sums to 0 in every currency and every balance is what its entries say."""
        with self.database.read() as tx:
            return all(total.own_amount == total.pending_amount == 0 for total in book.verify(tx))

    def settled_amount(self) -> int:
        """What the shop has earned."""
        with self.database.read() as tx:
            return book.get_account(tx, self.shop.settlement).own_amount

    def count(self, table: str) -> int:
        """Rows of a table."""
        with self.database.read() as tx:
            return tx.execute(f"SELECT COUNT(*) FROM {table}").one()[0]


Answer = Callable[[RunSession, Invoice], Command]


def approved(step: RunSession, machine: Invoice) -> Command:
    """The bank does what it is asked."""
    transaction = TransactionInfo(id=f"bank-{machine.id}")
    return answered(step, ProxyResult(intent=Finish(status=Success()), transaction=transaction))


def sleeping(step: RunSession, machine: Invoice, seconds: int = 5) -> Command:
    """The bank asks for patience."""
    return answered(step, ProxyResult(intent=bank.Sleep(timer=bank.Timer(timeout_s=seconds))))


def next_call(machine: Invoice) -> RunSession:
    """The call of the first payment's session that is under way."""
    session = machine.payments[0].session
    return RunSession(
        payment_id=machine.payments[0].id, target=session.target, attempt=session.attempt, reference=session.reference
    )


def answered(step: RunSession, result: ProxyResult) -> Command:
    return SessionAnswered(payment_id=step.payment_id, refund_id=step.refund_id, attempt=step.attempt, result=result)


def unreachable(step: RunSession, machine: Invoice) -> Command:
    """No connection: surely not done."""
    return commands.SessionCallFailed(
        payment_id=step.payment_id, refund_id=step.refund_id, attempt=step.attempt, is_unknown=False, reason="refused"
    )


class ScriptedBank:
    """Plays the part of `effects.Effects`: answers in the order given, then approves everything."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self._lock = threading.Lock()
        self.calls: list[tuple[str, RunSession]] = []
        self.traces: set[str] = set()

    def run_session(self, step: RunSession, machine: Invoice, trace_id: str) -> Command:
        with self._lock:
            self.calls.append((machine.id, step))
            self.traces.add(trace_id)
            answer = self._answers.pop(0) if self._answers else approved
        return answer(step, machine)
