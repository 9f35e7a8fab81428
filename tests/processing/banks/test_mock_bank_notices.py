"""The mock bank's calls to a merchant: when, how often, how signed."""

import pytest

from processing.banks.mock.notices import SIGNATURE_HEADER, sign
from tests.processing.banks.foreign_bank import MERCHANT, NOTICE_KEY, SHORT, BankInMemory, order

CALLS_BACK, TWICE, LATE = "4000010300000032", "4000010500000014", "4000010500000022"
BEFORE_ANSWER, CONTRADICTING = "4000010500000030", "4000010500000048"


@pytest.fixture
def bank() -> BankInMemory:
    return BankInMemory()


def test_an_ordinary_payment_is_not_called_back_about(bank: BankInMemory):
    bank.authorise()
    bank.let_pass(60_000)
    assert bank.told == []


def test_a_pending_payment_is_called_back_about_when_it_is_decided(bank: BankInMemory):
    bank.authorise(pan=CALLS_BACK)
    bank.let_pass(SHORT.pending_ms - 1)
    assert bank.told == []
    bank.let_pass(1)
    (told,) = bank.told
    assert told.url == "http://shop.test/notices"
    assert (told.json["event"], told.json["reference"], told.json["result"]) == ("AUTHORISATION", "r1", "APPROVED")
    assert told.json["merchant"] == MERCHANT


def test_a_pending_payment_may_be_declined_in_its_notice(bank: BankInMemory):
    bank.authorise(pan="4000010300000057")
    bank.let_pass(SHORT.pending_ms)
    assert bank.told[0].json["code"] == "05"


def test_a_notice_is_signed_over_its_exact_bytes_and_the_moment_of_the_attempt(bank: BankInMemory):
    bank.authorise(pan=CALLS_BACK)
    bank.let_pass(SHORT.pending_ms)
    now_s = int(bank.clock().timestamp())
    told = bank.told[0]
    assert told.headers[SIGNATURE_HEADER] == f"t={now_s}, hmac={sign(told.body, now_s, NOTICE_KEY)}"
    assert sign(told.body + b" ", now_s, NOTICE_KEY) != sign(told.body, now_s, NOTICE_KEY)


def test_the_merchants_correlation_id_comes_back_with_the_notice(bank: BankInMemory):
    bank.call("POST", "/gateway/v1/authorisations", order("r1", CALLS_BACK), x_correlation_id="chain-7")
    bank.let_pass(SHORT.pending_ms)
    assert bank.told[0].headers["x-correlation-id"] == "chain-7"


def test_the_duplicating_card_sends_the_same_notice_twice(bank: BankInMemory):
    bank.authorise(pan=TWICE)
    bank.let_pass(SHORT.pending_ms)
    assert len(bank.told) == 2
    assert bank.told[0].body == bank.told[1].body


def test_the_late_card_calls_back_when_all_is_over(bank: BankInMemory):
    assert bank.authorise(pan=LATE).json["result"] == "APPROVED"
    bank.let_pass(SHORT.late_ms - 1)
    assert bank.told == []
    bank.let_pass(1)
    assert bank.told[0].json["result"] == "APPROVED"


def test_the_early_card_calls_back_before_it_answers(bank: BankInMemory):
    answer = bank.authorise(pan=BEFORE_ANSWER).json
    assert bank.told[0].json["txn"] == answer["txn"]
    assert answer["result"] == "APPROVED"


def test_the_contradicting_card_declines_and_takes_the_money_later(bank: BankInMemory):
    assert bank.authorise(pan=CONTRADICTING).json["result"] == "DECLINED"
    assert bank.books()["totals"]["643"]["taken"] == 0
    bank.let_pass(SHORT.late_ms)
    assert bank.told[0].json["result"] == "APPROVED"
    assert bank.look_up("r1").json["result"] == "APPROVED"
    assert bank.books()["totals"]["643"]["taken"] == 1000


def test_a_chargeback_is_told_to_the_merchant(bank: BankInMemory):
    txn = bank.authorise().json["txn"]
    dispute = {
        "merchant": MERCHANT, "txn": txn, "amount": "7.00", "levy": "1.50", "currency": "643", "reason": "not received",
    }  # fmt: skip
    opened = bank.call("POST", "/operator/chargebacks", dispute).json
    bank.let_pass(0)
    told = bank.told[0].json
    assert (told["event"], told["dispute"], told["amount"], told["levy"]) == (
        "DISPUTE",
        opened["dispute"],
        "7.00",
        "1.50",
    )


def test_an_unanswered_notice_is_repeated_with_growing_pauses_and_given_up(bank: BankInMemory):
    bank.notify_status = 500
    bank.authorise(pan=CALLS_BACK)
    bank.let_pass(SHORT.pending_ms)
    for attempt in range(1, 12):
        pause = SHORT.notice_retry_ms << min(attempt - 1, 6)
        bank.let_pass(pause - 1)
        assert len(bank.told) == attempt
        bank.let_pass(1)
        assert len(bank.told) == attempt + 1
    assert bank.books()["notices"][0]["outcome"] == "GIVEN UP"
    assert len({told.json["notice"] for told in bank.told}) == 1


def test_a_delivered_notice_is_not_sent_again(bank: BankInMemory):
    bank.authorise(pan=CALLS_BACK)
    bank.let_pass(SHORT.pending_ms)
    bank.let_pass(600_000)
    assert len(bank.told) == 1
    assert bank.books()["notices"][0]["outcome"] == "DELIVERED"


def test_a_notice_that_was_not_sent_goes_out_after_a_restart(tmp_path):
    first = BankInMemory(tmp_path / "books.sqlite")
    first.authorise(pan=CALLS_BACK)
    first.bank.books.close()
    second = BankInMemory(tmp_path / "books.sqlite")
    second.let_pass(SHORT.pending_ms)
    assert second.told[0].json["result"] == "APPROVED"


def test_without_a_notify_address_nothing_is_queued(bank: BankInMemory):
    bank.authorise(pan=CALLS_BACK, notifyUrl=None)
    bank.let_pass(SHORT.pending_ms)
    assert bank.books()["notices"] == []
