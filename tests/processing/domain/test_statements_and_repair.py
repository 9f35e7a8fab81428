"""A bank's word out of turn, machines that stop, and operators who set them right."""

import pytest

from processing.domain import bank, commands, errors, failure
from processing.domain.statuses import BankVerdict, PaymentStatus, RefundStatus
from tests.processing.domain.shop import rub
from tests.processing.domain.world import (
    SILENT,
    START,
    TRANSACTION,
    Story,
    approves,
    cancel,
    capture,
    create_invoice,
    declines,
    held,
    invoice,
    paid,
    refund,
    refunded,
    sleeps,
    start_payment,
    suspends,
)

APPROVED, DECLINED, CAPTURED, VOIDED, REFUNDED = BankVerdict


def pending(*answers):
    story = Story(create_invoice(), start_payment())
    story.bank(*answers)
    return story


def cancelled():
    story = held()
    story.when(cancel())
    story.bank(approves())
    return story


def failed():
    return pending(declines())


def capturing():
    return pending(approves())


def cancelling():
    story = held()
    story.when(cancel())
    return story


SILENCE, STOP = [], ["machine_stopped"]
RETURNS = ["bank_statement_recorded", "payment_reversal_started", "session_started"]

# what is known, the operation, what the bank says of it, what happens
STATEMENTS = [
    (held, "inv.1", APPROVED, SILENCE),
    (held, "inv.1", DECLINED, STOP),
    (held, "inv.1", CAPTURED, STOP),
    (held, "inv.1", VOIDED, STOP),
    (capturing, "inv.1", APPROVED, SILENCE),
    (capturing, "inv.1", CAPTURED, SILENCE),
    (capturing, "inv.1", VOIDED, STOP),
    (capturing, "inv.1.capture", CAPTURED, SILENCE),
    (cancelling, "inv.1", VOIDED, SILENCE),
    (cancelling, "inv.1", CAPTURED, STOP),
    (paid, "inv.1", APPROVED, SILENCE),
    (paid, "inv.1", CAPTURED, SILENCE),
    (paid, "inv.1.capture", CAPTURED, SILENCE),
    (paid, "inv.1", DECLINED, STOP),
    (paid, "inv.1.capture", DECLINED, STOP),
    (paid, "inv.1", REFUNDED, STOP),
    (failed, "inv.1", DECLINED, SILENCE),
    (failed, "inv.1", VOIDED, SILENCE),
    (failed, "inv.1", APPROVED, RETURNS),
    (failed, "inv.1", CAPTURED, RETURNS),
    (cancelled, "inv.1.cancel", VOIDED, SILENCE),
    (cancelled, "inv.1.cancel", DECLINED, STOP),
    (cancelled, "inv.1", VOIDED, SILENCE),
    (cancelled, "inv.1", APPROVED, RETURNS),
    (lambda: refunded(paid(), 1_000, "r1"), "inv.1.refund.r1", REFUNDED, SILENCE),
    (lambda: refunded(paid(), 1_000, "r1"), "inv.1.refund.r1", DECLINED, STOP),
    (lambda: refunded(paid(), 1_000, "r1", declines()), "inv.1.refund.r1", DECLINED, SILENCE),
    (lambda: refunded(paid(), 1_000, "r1", declines()), "inv.1.refund.r1", REFUNDED, STOP),
    (lambda: refunded(paid(), None, "r1"), "inv.1", REFUNDED, SILENCE),
]


@pytest.mark.parametrize(("given", "reference", "verdict", "expected"), STATEMENTS)
def test_what_a_banks_word_does(given, reference, verdict, expected):
    assert given().bank_states(reference, verdict) == expected


@pytest.mark.parametrize("reference", ["inv.2", "other.1", "inv.1.capture", "inv.1.refund.r1", "inv", "garbage", ""])
def test_a_word_about_an_operation_that_is_not_ours_is_refused(reference):
    command = commands.BankStated(reference=reference, verdict=APPROVED)
    assert isinstance(held().refuses(command), errors.SessionNotFound)


@pytest.mark.parametrize("answer", [SILENT, sleeps(3600), suspends()])
@pytest.mark.parametrize("verdict", [APPROVED, DECLINED])
def test_a_word_about_an_open_operation_makes_us_ask_the_bank_at_once(answer, verdict):
    story = pending(answer)
    assert story.bank_states("inv.1", verdict) == ["bank_statement_recorded", "session_activated"]
    assert story.bank_states("inv.1", verdict) == []
    assert story.begins_call().attempt == 2
    assert story.bank_states("inv.1", verdict) == []


def test_a_late_success_of_a_failed_payment_is_given_back():
    story = failed()
    story.bank_states("inv.1", APPROVED, transaction=TRANSACTION)
    assert (story.payment.status, story.payment.transaction) == (PaymentStatus.FAILED, TRANSACTION)
    step = story.begins_call()
    assert (step.target, step.reference) == ("cancelled", "inv.1.reversal")
    answer = commands.SessionAnswered(payment_id="1", attempt=step.attempt, result=approves())
    assert story.when(answer) == ["session_finished", "payment_reversal_finished"]
    assert story.payment.reversal.is_finished
    assert story.payment.status is PaymentStatus.FAILED
    assert story.bank_states("inv.1", APPROVED) == []
    assert story.bank_states("inv.1.reversal", VOIDED) == []


def test_money_on_its_way_back_does_not_stand_in_the_way_of_another_payment():
    story = failed()
    story.bank_states("inv.1", APPROVED)
    story.when(start_payment("2"))
    story.bank(approves(), approves(), approves(bank.TransactionInfo(id="trx-2")))
    assert story.payment.status in (PaymentStatus.PROCESSED, PaymentStatus.CAPTURED)
    assert story.state.payments[0].reversal.is_finished


def test_a_reversal_that_the_bank_refuses_stops_the_machine():
    story = failed()
    story.bank_states("inv.1", APPROVED)
    assert story.bank(declines()) == ["machine_stopped"]


def test_a_word_about_another_transaction_stops_the_machine():
    assert held().bank_states("inv.1", APPROVED, transaction=bank.TransactionInfo(id="trx-2")) == STOP


def test_a_word_about_another_amount_stops_the_machine():
    assert held().bank_states("inv.1", APPROVED, cash=rub(10_000)) == SILENCE
    assert held().bank_states("inv.1", APPROVED, cash=rub(9_999)) == STOP


def test_a_word_about_a_capture_in_part_may_name_either_amount():
    story = held()
    story.when(capture(4_000))
    story.bank(approves())
    assert story.bank_states("inv.1.capture", CAPTURED, cash=rub(4_000)) == SILENCE
    assert story.bank_states("inv.1", APPROVED, cash=rub(10_000)) == SILENCE
    assert story.bank_states("inv.1", APPROVED, cash=rub(4_000)) == STOP


# stopping and repairing


def stop(**ids):
    return commands.StopMachine(reason="garbage from the bank", **ids)


def repair(scenario):
    return commands.Repair(scenario=scenario, operator_note="called the bank")


REASON = failure.parse("authorization_failed:unknown")
RESUME = repair(commands.Resume())
BEFORE = repair(commands.FailPreProcessing(failure=REASON))
FAIL = repair(commands.FailSession(failure=REASON))
FULFILL = repair(commands.FulfillSession(transaction=TRANSACTION))


def stopped_in_call():
    story = pending()
    story.begins_call()
    story.when(stop(payment_id="1"))
    return story


def test_a_stopped_machine_does_nothing_and_refuses_everything_but_repair():
    story = stopped_in_call()
    assert invoice.next_step(story.state, story.now) is None
    assert invoice.activity(story.state) == "payment 1: session processed"
    for command in (start_payment("2"), commands.TimerFired(), stop(), commands.BeginSessionCall(payment_id="1")):
        assert story.refuses(command).reason == "garbage from the bank"


def test_a_machine_that_works_needs_no_repair():
    assert story_errors(held(), RESUME) == ["no need to repair: the machine works"]


def story_errors(story, command):
    refusal = story.refuses(command)
    assert isinstance(refusal, errors.InvalidRequest)
    return refusal.errors


def test_a_resumed_machine_asks_the_bank_again():
    story = stopped_in_call()
    assert story.when(RESUME) == ["machine_repaired", "session_activated"]
    assert story.begins_call().attempt == 2
    assert story.session().maybe_sent


def test_the_answer_of_a_call_that_was_under_way_when_the_machine_stopped_is_not_taken():
    story = stopped_in_call()
    story.when(RESUME)
    assert story.when(commands.SessionAnswered(payment_id="1", attempt=1, result=approves())) == []


def test_before_the_bank_was_called_a_payment_can_be_failed():
    story = pending()
    story.when(stop())
    assert story.when(BEFORE) == ["machine_repaired", "session_finished", "payment_status_changed"]
    assert story.payment.failure == REASON


def test_after_the_bank_was_called_that_scenario_does_not_fit():
    assert story_errors(stopped_in_call(), BEFORE) == ["the bank was called already, or no payment is pending"]


def test_the_operator_knows_that_the_bank_said_no():
    story = stopped_in_call()
    story.when(FAIL)
    assert (story.payment.status, story.payment.failure) == (PaymentStatus.FAILED, REASON)
    story.when(start_payment("2"))


def test_the_operator_knows_that_the_bank_did_it_and_the_machine_goes_on():
    story = stopped_in_call()
    story.when(FULFILL)
    assert story.payment.status is PaymentStatus.PROCESSED
    story.bank(approves())
    assert story.state.status == "paid"


def test_a_processed_payment_needs_the_banks_transaction():
    command = repair(commands.FulfillSession())
    assert story_errors(stopped_in_call(), command) == ["a processed payment needs the bank's transaction"]


def test_an_operator_cannot_change_a_transaction_either():
    story = pending(approves())
    story.when(stop(payment_id="1"))
    command = repair(commands.FulfillSession(transaction=bank.TransactionInfo(id="trx-2")))
    assert story_errors(story, command) == ["the bank's transaction id was trx-1 and is now trx-2"]


def test_of_two_refunds_under_way_the_one_that_stopped_the_machine_is_repaired():
    story = paid()
    story.when(refund(1_000, "r1"))
    story.when(refund(2_000, "r2"))
    story.when(stop(payment_id="1", refund_id="r2"))
    story.when(FAIL)
    assert [back.status for back in story.payment.refunds] == [RefundStatus.PENDING, RefundStatus.FAILED]


def test_when_it_is_not_known_which_session_is_meant_none_is_touched():
    story = paid()
    story.when(refund(1_000, "r1"))
    story.when(refund(2_000, "r2"))
    story.when(stop())
    assert story_errors(story, FAIL) == ["no session was running that this could be said of"]
    assert story.when(RESUME) == ["machine_repaired"]


def test_a_release_that_the_bank_refused_can_be_settled_by_hand():
    for scenario, status in ((FULFILL, PaymentStatus.CANCELLED), (FAIL, PaymentStatus.FAILED)):
        story = held()
        story.when(cancel())
        story.bank(declines())
        story.when(scenario)
        assert story.payment.status is status


def test_a_contradiction_with_nothing_under_way_can_only_be_noted():
    story = paid()
    story.bank_states("inv.1", DECLINED)
    assert story_errors(story, FULFILL) == ["no session was running that this could be said of"]
    assert story.when(RESUME) == ["machine_repaired"]
    assert story.state.stop is None


def test_due_timers_go_on_after_a_repair():
    story = Story(create_invoice())
    story.when(stop())
    story.now = story.state.due
    story.when(RESUME)
    assert story.wakes() == ["invoice_status_changed"]
    assert story.now > START
