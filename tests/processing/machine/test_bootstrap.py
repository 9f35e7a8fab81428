"""The composition root: everything that the rows of rpc/services.py promise of processing is served."""

from pathlib import Path

import pytest

from processing.bootstrap import Platform, build, handlers, is_ready, queues, services
from rpc.failures import Unexpected
from rpc.protocol import base, ledger
from rpc.server import rpc_app
from rpc.services import ALL
from settings import load
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import ToldClock


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    settings = load({"CAPI_STATE_DIRECTORY": str(tmp_path), "CAPI_RPC_SIGNATURES": "false"})
    return build(settings, clock=ToldClock())


def test_every_row_of_processing_has_its_handler(platform: Platform):
    assert set(handlers(platform)) == {row.name for row in ALL if row.upstream == "processing"}


def test_every_function_of_every_service_is_there(platform: Platform):
    served = services(platform)
    assert rpc_app(served).services == served


def test_a_platform_that_was_built_is_ready(platform: Platform):
    assert is_ready(platform) == {"database": True}
    assert [queue.name for queue in queues(platform)] == ["machine", "fanout", "delivery", "housekeeping"]


def test_a_second_start_keeps_what_the_first_one_made(platform: Platform):
    again = build(platform.settings, clock=platform.clock)
    assert again.configuration.head().version == 1


# --------------------------------------------------------------------------------------- the ledger's Thrift face


@pytest.fixture
def accounter(platform: Platform) -> Asked:
    return Asked(handlers(platform)["ledger"])


def plan(accounter: Asked, amount: int) -> ledger.Plan:
    first, second = (accounter.CreateAccount("RUB", name) for name in ("first", "second"))
    posting = ledger.Posting(from_id=first, to_id=second, amount=amount, currency="RUB", description="a test")
    return ledger.Plan(id="p", batches=[ledger.Batch(id=1, postings=[posting])])


def test_a_plan_is_held_committed_and_read_back(accounter: Asked):
    wanted = plan(accounter, 100)
    change = ledger.PlanChange(plan_id="p", batch=wanted.batches[0])
    assert accounter.Hold(change) == ledger.PlanState(plan=wanted, status=ledger.PlanStatus.HELD)
    assert accounter.CommitPlan(wanted).status == ledger.PlanStatus.COMMITTED
    assert accounter.GetPlan("p") == ledger.PlanState(plan=wanted, status=ledger.PlanStatus.COMMITTED)
    assert accounter.GetAccount(wanted.batches[0].postings[0].to_id).own_amount == 100
    assert all(total.own_amount == 0 for total in accounter.Verify())


def test_refusals_of_the_ledger_are_those_of_the_idl(accounter: Asked):
    wanted = plan(accounter, 100)
    with pytest.raises(ledger.PlanNotFound):
        accounter.GetPlan("p")
    with pytest.raises(ledger.AccountNotFound) as refusal:
        accounter.GetAccount(999)
    assert refusal.value.account_id == 999
    accounter.Hold(ledger.PlanChange(plan_id="p", batch=wanted.batches[0]))
    accounter.RollbackPlan(wanted)
    with pytest.raises(base.InvalidRequest):
        accounter.CommitPlan(wanted)


def test_merchants_have_no_business_with_the_ledger(accounter: Asked):
    with pytest.raises(Unexpected):
        accounter.by(as_party("demo")).Verify()
