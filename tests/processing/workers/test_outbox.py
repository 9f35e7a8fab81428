"""Queue `fanout`: what was committed is told once and in order, what was rolled back never."""

from datetime import timedelta
from pathlib import Path

import pytest

from processing.domain.commands import Rescind, StopMachine
from processing.storage import events, jobs
from processing.storage.port import Tx
from processing.workers import outbox
from processing.workers.outbox import QUEUE, Outbox
from tests.processing.sandbox import PARTY, TRACE, Sandbox

pytestmark = pytest.mark.usefixtures("both_databases")

LEASE = timedelta(seconds=30)
HOOK = (
    "INSERT INTO webhooks (id, party_id, topic, event_types, url, public_key, private_key, created_at_ms)"
    " VALUES (1, ?, 'invoices', '', '', '', '', 0)"
)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    sandbox = Sandbox(tmp_path, projections=(outbox.stage,))
    with sandbox.database.transaction() as tx:
        tx.execute(HOOK, (PARTY,))
    return sandbox


class Spread:
    """Remembers what it was told, and may fail."""

    def __init__(self) -> None:
        self.told: list[events.Record] = []

    def __call__(self, tx: Tx, record: events.Record) -> None:
        self.told.append(record)


def claim(sandbox: Sandbox) -> list[jobs.Claim]:
    with sandbox.database.transaction() as tx:
        return jobs.claim(tx, QUEUE, now=sandbox.clock(), lease=LEASE, limit=10)


def rescinded(sandbox: Sandbox, invoice_id: str) -> None:
    machine = sandbox.invoice(invoice_id)
    facts = sandbox.facts.for_shop(machine.owner_id, machine.shop_id)
    sandbox.machines.execute(invoice_id, Rescind(reason="no", facts=facts), TRACE)


def test_events_of_one_machine_are_told_in_order(sandbox: Sandbox):
    spread = Spread()
    handler = Outbox(sandbox.database, spread)
    for machine in ("inv1", "inv2"):
        rescinded(sandbox, machine)
    while found := claim(sandbox):
        assert len({each.key for each in found}) == len(found)
        for each in found:
            handler.handle(each)
    for machine in ("inv1", "inv2"):
        assert [record.sequence for record in spread.told if record.machine_id == machine] == [1, 2]
    assert {record.trace_id for record in spread.told} == {TRACE}


def test_a_row_carries_the_trace_of_its_command(sandbox: Sandbox):
    sandbox.invoice()
    assert [each.trace_id for each in claim(sandbox)] == [TRACE]


def test_who_lost_the_lease_tells_nobody(sandbox: Sandbox):
    sandbox.invoice()
    [late] = claim(sandbox)
    sandbox.clock.forward(31)
    [current] = claim(sandbox)
    spread = Spread()
    handler = Outbox(sandbox.database, spread)
    handler.handle(late)
    assert spread.told == []
    handler.handle(current)
    assert len(spread.told) == 1


def test_telling_that_fails_is_done_again(sandbox: Sandbox):
    sandbox.invoice()
    [mine] = claim(sandbox)

    def fail(tx: Tx, record: events.Record) -> None:
        tx.execute("INSERT INTO counters (name, value) VALUES ('told', 1)")
        raise KeyError(record.id)

    with pytest.raises(KeyError):
        Outbox(sandbox.database, fail).handle(mine)
    with sandbox.database.read() as tx:
        assert tx.settled("told") == 0
    spread = Spread()
    Outbox(sandbox.database, spread).handle(mine)
    assert len(spread.told) == 1


def test_a_step_that_merchants_are_not_told_of_leaves_no_row(sandbox: Sandbox):
    sandbox.invoice()
    before = sandbox.count("jobs")
    sandbox.machines.execute("inv1", StopMachine(reason="an operator"), TRACE)
    with sandbox.database.read() as tx:
        assert tx.execute("SELECT COUNT(*) FROM jobs WHERE queue = ?", (QUEUE,)).one() == (1,)
    assert before == 2


def test_of_a_party_that_listens_to_nothing_nothing_is_kept_to_be_told(sandbox: Sandbox):
    with sandbox.database.transaction() as tx:
        tx.execute("UPDATE webhooks SET is_deleted = 1")
    sandbox.invoice()
    assert claim(sandbox) == []
