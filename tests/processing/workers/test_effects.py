"""One call of an adapter, over the real wire: what the adapter is given, and what its outcome is as a command."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from processing.banks.gate import BEFORE_START, UNDER_WAY
from processing.domain import commands
from processing.domain.bank import Finish
from processing.domain.session import CALL_PATIENCE, CALL_TIMEOUT
from processing.domain.state import Invoice
from processing.domain.statuses import Target
from processing.domain.steps import RunSession
from processing.effects import Effects, NotNow
from rpc.client import BlockingClient
from rpc.context import Context
from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.protocol import bank_adapter, domain
from rpc.server import rpc_app
from rpc.signature import STALE
from settings.clock import system_clock
from tests.fakes.loopback import listening
from tests.processing.sandbox import TRACE, Sandbox

MINUTES = timedelta(minutes=3)
SECRET = b"a secret of internal calls, 32 bytes or more"


class Adapter:
    """Serves bank_adapter.ProviderProxy: answers as it is told to, notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Context, bank_adapter.PaymentContext]] = []
        self.answer: Callable[[], bank_adapter.ProxyResult] = approval

    def ProcessPayment(self, context: Context, payment: bank_adapter.PaymentContext) -> bank_adapter.ProxyResult:
        self.asked.append((context, payment))
        return self.answer()

    def HandlePaymentCallback(self, *_: object) -> bank_adapter.CallbackResult:
        raise NotImplementedError


def approval(moment: str | None = None) -> bank_adapter.ProxyResult:
    status = bank_adapter.FinishStatus(success=bank_adapter.Success())
    transaction = domain.TransactionInfo(id="bank-1", timestamp=moment)
    return bank_adapter.ProxyResult(
        intent=bank_adapter.Intent(finish=bank_adapter.Finish(status=status)), transaction=transaction
    )


@pytest.fixture
def adapter() -> Adapter:
    return Adapter()


@pytest.fixture
def effects(adapter: Adapter) -> Iterator[Effects]:
    with listening(rpc_app({"/v1/proxy/mock": (bank_adapter.ProviderProxy, adapter)}, secret=SECRET)) as url:
        yield Effects(BlockingClient({"vault": url}, SECRET, "test"))


@pytest.fixture
def begun(tmp_path: Path) -> Invoice:
    """A payment whose call was announced just now."""
    sandbox = Sandbox(tmp_path)
    sandbox.clock.now = system_clock()
    sandbox.paying_invoice()
    return sandbox.machines.execute("inv1", commands.BeginSessionCall(payment_id="1"), TRACE).state


def step(attempt: int = 1) -> RunSession:
    return RunSession(payment_id="1", target=Target.PROCESSED, attempt=attempt, reference="inv1.1")


def test_the_adapter_is_told_the_session_and_by_when_it_has_to_be_done(
    effects: Effects, adapter: Adapter, begun: Invoice
):
    """The time counts from the announcement, as that of the next attempt does, however long the writing of it took."""
    answer = effects.run_session(step(), begun, TRACE)
    [(context, payment)] = adapter.asked
    assert isinstance(answer.result.intent, Finish)
    assert (payment.reference, payment.session.attempt, context.trace_id) == ("inv1.1", 1, TRACE)
    assert context.deadline.at == begun.payments[0].session.begun_at + CALL_TIMEOUT
    assert CALL_TIMEOUT + timedelta(seconds=5) < CALL_PATIENCE


def test_a_call_that_was_announced_too_long_ago_is_not_made(effects: Effects, adapter: Adapter, tmp_path: Path):
    sandbox = Sandbox(tmp_path)
    sandbox.clock.now = system_clock() - CALL_TIMEOUT
    sandbox.paying_invoice()
    begun = sandbox.machines.execute("inv1", commands.BeginSessionCall(payment_id="1"), TRACE).state
    answer = effects.run_session(step(), begun, TRACE)
    assert (answer.is_unknown, adapter.asked) == (False, [])


@pytest.mark.parametrize("reason", [STALE, UNDER_WAY, BEFORE_START])
def test_a_refusal_at_our_own_door_is_no_trouble_of_the_bank_s(
    effects: Effects, adapter: Adapter, begun: Invoice, reason: str
):
    """A wrong clock or a lost lease of ours must not use up the bank's half minute and fail the payment."""
    adapter.answer = failing(Unavailable(reason))
    with pytest.raises(NotNow):
        effects.run_session(step(), begun, TRACE)


def test_a_worker_whose_clock_is_wrong_fails_no_payment(adapter: Adapter, begun: Invoice):
    with listening(rpc_app({"/v1/proxy/mock": (bank_adapter.ProviderProxy, adapter)}, secret=SECRET)) as url:
        wrong = Effects(BlockingClient({"vault": url}, SECRET, "test", clock=lambda: system_clock() - MINUTES))
        with pytest.raises(NotNow):
            wrong.run_session(step(), begun, TRACE)
    assert adapter.asked == []


def test_who_cannot_reach_the_adapter_says_so_and_nothing_of_the_bank(begun: Invoice):
    away = Effects(BlockingClient({"vault": "http://127.0.0.1:1"}, SECRET, "test"))
    answer = away.run_session(step(), begun, TRACE)
    assert (answer.is_unknown, answer.is_ours) == (False, True)


def test_a_bank_that_its_adapter_cannot_reach_is_the_bank_s_trouble(effects: Effects, adapter: Adapter, begun: Invoice):
    adapter.answer = failing(Unavailable("no connection to the bank"))
    answer = effects.run_session(step(), begun, TRACE)
    assert (answer.is_unknown, answer.is_ours) == (False, False)


def failing(failure: Exception) -> Callable[[], bank_adapter.ProxyResult]:
    def answer() -> bank_adapter.ProxyResult:
        raise failure

    return answer


OUTCOMES = [
    (Unavailable("no connection"), False),
    (Unknown("no answer"), True),
]


@pytest.mark.parametrize(("failure", "is_unknown"), OUTCOMES)
def test_a_call_that_failed_surely_did_nothing_or_perhaps_did(
    effects: Effects, adapter: Adapter, begun: Invoice, failure: Exception, is_unknown: bool
):
    adapter.answer = failing(failure)
    answer = effects.run_session(step(), begun, TRACE)
    assert isinstance(answer, commands.SessionCallFailed)
    assert (answer.attempt, answer.is_unknown) == (1, is_unknown)


@pytest.mark.parametrize("answer", [failing(Unexpected("garbage")), lambda: approval("yesterday")])
def test_an_answer_outside_the_protocol_stops_the_machine(
    effects: Effects, adapter: Adapter, begun: Invoice, answer: Callable[[], bank_adapter.ProxyResult]
):
    adapter.answer = answer
    stop = effects.run_session(step(), begun, TRACE)
    assert isinstance(stop, commands.StopMachine)
    assert (stop.payment_id, stop.refund_id) == ("1", None)
    assert stop.reason.startswith("processed session: ")


def test_an_unreachable_adapter_is_surely_not_done(begun: Invoice):
    effects = Effects(BlockingClient({"vault": "http://127.0.0.1:1"}, SECRET, "test"))
    answer = effects.run_session(step(), begun, TRACE)
    assert isinstance(answer, commands.SessionCallFailed)
    assert not answer.is_unknown
