"""The mock bank's adapter and the bank's answers: late, lost, noticed, of another shape, and about something else."""

import orjson
import pytest

from processing.banks import protocol
from processing.banks.mock import cards, money
from processing.banks.mock_adapter import answers, wire
from processing.banks.protocol import Proxy, Target
from rpc.failures import Unexpected
from rpc.protocol import domain
from tests.processing.banks.adapter_bench import COST, Bench, Payment
from tests.processing.banks.foreign_bank import BankInMemory, BankProcess
from tests.processing.banks.mock_bench import RunningClock, TestCards, adapter_at, paying

# ---------------------------------------------------------------- timing, notices


def test_an_answer_beyond_the_time_limit_is_unknown_and_found_later(
    bench: Bench, bank_process: BankProcess, vault_cards: TestCards, clock: RunningClock
):
    bench.proxy = Proxy("mock", adapter_at(bank_process.url, bank_process, vault_cards, clock, timeout_ms=100))
    payment = paying(bench, "4000010300000016")
    assert payment.step().intent.sleep is not None
    assert payment.drive().succeeded
    assert bench.requests(payment.reference) == 1


@pytest.mark.parametrize("number", ["4000010400000049", "4000010400000056", "4000010400000064"])
def test_however_the_answer_is_lost_the_payment_succeeds_with_one_charge(bench: Bench, number: str):
    payment = paying(bench, number)
    assert payment.step().intent.sleep is not None
    assert payment.drive().succeeded
    assert (bench.requests(payment.reference), bench.taken(payment.reference)) == (1, COST.amount)


@pytest.mark.parametrize("number", ["4000010300000032", "4000010300000040", "4000010500000014"])
def test_a_pending_payment_waits_under_its_notice_tag(bench: Bench, number: str):
    payment = paying(bench, number)
    payment.step()
    assert payment.suspension.tag == answers.notice_tag(payment.reference)
    assert payment.suspension.user_interaction is None


def notice(result: str) -> bytes:
    return orjson.dumps({"kind": "notice", "result": result})


def test_a_notice_makes_the_adapter_ask_and_finish(bench: Bench):
    payment = paying(bench, "4000010300000040")
    payment.step()
    while bench.taken(payment.reference) == 0:
        payment.step()
    payment.state = answers.Memory(answers.PENDING, 1).pack()
    payment.call_back(notice("APPROVED"))
    assert payment.succeeded


def test_a_notice_of_what_is_still_pending_changes_nothing(bench: Bench):
    payment = paying(bench, "4000010300000040")
    payment.step()
    assert payment.call_back(notice("APPROVED")).result is None


def test_a_notice_that_contradicts_the_banks_books_is_unexpected(bench: Bench):
    payment = paying(bench, "4242424242424242").drive()
    with pytest.raises(Unexpected):
        payment.call_back(notice("DECLINED"))


def test_a_notice_while_the_bank_is_out_of_reach_leaves_the_session_suspended(bench: Bench):
    payment = paying(bench, "4000010300000040")
    payment.step()
    bench.proxy = bench.unreachable
    assert payment.call_back(notice("APPROVED")).result is None


# ---------------------------------------------------------------- wire


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [(1, "RUB", "0.01"), (100, "RUB", "1.00"), (1234567, "USD", "12345.67"), (5, "JPY", "5"), (1, "KWD", "0.001")],
)
def test_amounts_go_out_with_the_decimals_of_their_currency_and_come_back_exact(
    amount: int, currency: str, written: str
):
    out = wire.money(domain.Cash(amount=amount, currency=currency))
    assert out["amount"] == written
    assert wire.cash_of(out) == (amount, currency)


def test_both_sides_agree_on_every_currency_of_ours():
    assert all(money.DECIMALS[number] == decimals for number, decimals in wire.CURRENCIES.values())


def test_a_currency_without_an_account_is_declined_before_anything_is_sent(bench: Bench):
    payment = paying(bench, "4242424242424242")
    payment._info = protocol.bank_adapter.PaymentInfo(
        **{name: getattr(payment._info, name) for name in payment._info.__struct_fields__}
        | {"cost": domain.Cash(amount=100, currency="XTS")}
    )
    assert payment.drive().failure == "authorization_failed:operation_blocked"
    assert bench.requests(payment.reference) == 0


GOOD = BankInMemory().authorise("r1").json


@pytest.mark.parametrize(
    "changes",
    [
        {"result": "MAYBE"},
        {"result": None},
        {"code": 0},
        {"amount": "10"},
        {"amount": "ten"},
        {"currency": "999"},
        {"currency": None},
        {"authorisation": {"state": "LOST"}},
        {"authorisation": "TAKEN"},
        {"result": "CHALLENGE"},
        {"result": "CHALLENGE", "challenge": {"method": "DELETE", "url": "x"}},
        {"result": "CHALLENGE", "challenge": {"method": "POST", "url": "x", "fields": {"a": 1}}},
        {"txn": 7},
    ],
)
def test_a_receipt_of_another_shape_is_unexpected(changes: dict):
    assert wire.receipt(GOOD).result == "APPROVED"
    with pytest.raises(Unexpected):
        wire.receipt(GOOD | changes)


@pytest.mark.parametrize(
    ("about", "changes"),
    [
        ("reference", {"reference": "another"}),
        ("operation", {"operation": "REFUND"}),
        ("amount", {"amount": "10.01"}),
        ("currency", {"currency": "840"}),
        ("missing transaction", {"txn": None}),
        ("missing amount", {"amount": None}),
    ],
)
def test_an_answer_about_something_else_is_unexpected(bench: Bench, about: str, changes: dict):
    payment = Payment(bench, "approved").context()
    cash = domain.Cash(amount=1000, currency="RUB")
    answers.verify(payment, wire.receipt(GOOD), "AUTHORISATION", "r1", cash)
    with pytest.raises(Unexpected, match=about):
        answers.verify(payment, wire.receipt(GOOD | changes), "AUTHORISATION", "r1", cash)


def test_another_transaction_id_for_a_known_payment_is_unexpected(bench: Bench):
    payment = Payment(bench, "approved").drive()
    payment.begin(Target.CAPTURED, "x.capture")
    payment.transaction = domain.TransactionInfo(id="T-other")
    receipt = wire.receipt(GOOD)
    with pytest.raises(Unexpected, match="transaction"):
        answers.verify(payment.context(), receipt, "AUTHORISATION", "r1", None)


@pytest.mark.parametrize("number", [c.number for c in cards.TABLE if c.behaviour.delivery.startswith("other")])
def test_lying_answers_are_unexpected(bench: Bench, number: str):
    with pytest.raises(Unexpected):
        paying(bench, number).step()


def test_after_a_repair_the_truth_behind_a_lying_answer_is_asked_for(bench: Bench):
    payment = paying(bench, "4000010400000072")
    with pytest.raises(Unexpected):
        payment.step()
    assert payment.step().intent.finish is not None
    assert payment.succeeded
    assert bench.requests(payment.reference) == 1
