"""One command to one machine: everything that follows from it happens together, or nothing does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from processing.domain.statuses import PaymentStatus
from processing.ledger import book
from processing.machine import MachineChange, Machines
from processing.storage import events
from processing.storage.port import Database, Tx
from processing.workers import outbox
from tests.processing.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("both_databases")


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
