"""Payments at banks that cannot be reached, do not answer, are late, or answer what nobody foresaw."""

from datetime import timedelta

import pytest

from processing.domain import bank, commands, errors, failure
from processing.domain.session import ORPHAN_PATIENCE
from processing.domain.statuses import PaymentStatus, TimeoutBehaviour
from tests.processing.domain.shop import CATALOGUE, FACTS, SETTLEMENT, rub
from tests.processing.domain.world import (
    OUT_OF_ORDER,
    SILENT,
    START,
    TRANSACTION,
    UNREACHABLE,
    approves,
    cancel,
    declines,
    held,
    invoice,
    replace,
    sleeps,
    started,
    suspends,
)

# banks that cannot be reached, and banks that do not answer


def test_a_bank_out_of_reach_is_tried_for_a_minute_and_a_half_then_the_payment_fails():
    story = started()
    waits = []
    while story.payment.status is PaymentStatus.PENDING:
        story.bank(UNREACHABLE)
        if story.payment.status is PaymentStatus.PENDING:
            waits.append((story.waits_until() - story.now).total_seconds())
            story.wakes()
    assert waits == [1, 2, 4, 8, 16, 32]
    assert failure.text(story.payment.failure) == "authorization_failed:temporarily_unavailable"


def test_an_unknown_outcome_is_never_a_failure_and_the_bank_is_asked_with_back_off():
    story = started()
    waits = []
    for _ in range(9):
        story.bank(SILENT)
        waits.append((story.waits_until() - story.now).total_seconds())
        story.wakes()
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert story.payment.status is PaymentStatus.PENDING
    story.bank(approves())
    assert story.payment.status is PaymentStatus.PROCESSED


def test_a_bank_out_of_reach_after_an_unknown_outcome_fails_nothing():
    story = started()
    story.bank(SILENT)
    for _ in range(8):
        story.wakes()
        story.bank(UNREACHABLE)
    assert story.payment.status is PaymentStatus.PENDING


def test_an_outage_of_our_own_does_not_use_up_the_bank_s_half_minute():
    """The adapters could not be reached for minutes: that says nothing of the bank, and fails nobody's payment."""
    story = started()
    for _ in range(60):
        story.bank(OUT_OF_ORDER)
        story.wakes()
    story.bank(UNREACHABLE)
    assert story.payment.status is PaymentStatus.PENDING


def test_a_crash_in_the_middle_of_a_call_is_seen_as_another_attempt():
    story = started()
    assert story.begins_call().attempt == 1
    assert story.waits_until() == START + ORPHAN_PATIENCE
    command = commands.BeginSessionCall(payment_id="1")
    assert isinstance(story.refuses(command), errors.StepObsolete)
    story.wakes()
    assert story.begins_call().attempt == 2
    assert story.session().maybe_sent


def test_an_answer_to_an_older_attempt_changes_nothing():
    story = started()
    story.begins_call()
    story.wakes()
    story.begins_call()
    late = commands.SessionAnswered(payment_id="1", attempt=1, result=declines())
    assert story.when(late) == []
    assert story.when(commands.SessionCallFailed(payment_id="1", attempt=1, is_unknown=True, reason="late")) == []
    story.when(commands.SessionAnswered(payment_id="1", attempt=2, result=approves()))
    assert story.payment.status is PaymentStatus.PROCESSED


@pytest.mark.parametrize("answer", [UNREACHABLE, SILENT])
def test_a_capture_is_tried_until_the_bank_says_something(answer):
    story = started()
    story.bank(approves())
    for _ in range(12):
        story.bank(answer)
        story.wakes()
    assert story.payment.status is PaymentStatus.PROCESSED
    story.bank(approves())
    assert story.payment.status is PaymentStatus.CAPTURED


def test_a_sleeping_session_is_called_again_with_the_adapters_state():
    story = started()
    story.bank(replace(sleeps(3), next_state=b"polling"))
    assert story.waits_until() == START + timedelta(seconds=3)
    story.wakes()
    assert story.session().state == b"polling"
    assert story.begins_call().attempt == 2


# deadlines


DEADLINE = START + timedelta(minutes=30)


@pytest.mark.parametrize("answers", [[], [suspends(seconds=3600)]])
def test_a_payment_that_waits_for_its_payer_or_was_never_sent_fails_at_its_deadline(answers):
    story = started(processing_deadline=DEADLINE)
    story.bank(*answers)
    story.now = DEADLINE
    assert story.wakes() == ["session_finished", "payment_status_changed"]
    assert failure.text(story.payment.failure) == "authorization_failed:processing_deadline_reached"


def test_a_payment_whose_outcome_is_unknown_at_its_deadline_is_stuck_and_asked_about_further():
    story = started(processing_deadline=DEADLINE)
    story.bank(SILENT)
    story.now = DEADLINE
    assert story.wakes() == ["payment_stuck"]
    assert invoice.is_stuck(story.state)
    story.bank(SILENT)
    assert story.wakes() == []
    assert story.payment.status is PaymentStatus.PENDING
    story.bank(approves())
    assert (story.payment.status, invoice.is_stuck(story.state)) == (PaymentStatus.PROCESSED, False)


@pytest.mark.parametrize("answer", [sleeps(3600), suspends(seconds=3600, behaviour=TimeoutBehaviour.CALL_ADAPTER)])
def test_a_payment_that_the_bank_works_on_at_its_deadline_is_asked_about_at_once(answer):
    story = started(processing_deadline=DEADLINE)
    story.bank(answer)
    assert story.waits_until() == DEADLINE
    assert story.wakes() == ["payment_stuck", "session_activated"]
    story.bank(declines("authorization_failed:processing_deadline_reached"))
    assert (story.payment.status, invoice.is_stuck(story.state)) == (PaymentStatus.FAILED, False)


def test_a_call_under_way_at_the_deadline_is_waited_for():
    story = started(processing_deadline=START + timedelta(seconds=5))
    step = story.begins_call()
    assert story.wait(seconds=10) == []
    story.when(commands.SessionAnswered(payment_id="1", attempt=step.attempt, result=approves()))
    assert story.payment.status is PaymentStatus.PROCESSED


# answers nobody foresaw


def test_a_transaction_id_that_changes_stops_the_machine():
    story = started()
    story.bank(approves(), approves(bank.TransactionInfo(id="trx-2")))
    assert story.state.stop.reason == "the bank's transaction id was trx-1 and is now trx-2"
    assert story.state.stop.activity == "payment 1: session captured"
    assert isinstance(story.refuses(cancel()), errors.MachineStopped)
    assert story.waits_until() is None


def test_details_of_a_transaction_may_become_known_later():
    story = started()
    story.bank(approves(), approves(replace(TRANSACTION, approval_code="OK1")))
    assert story.payment.transaction == replace(TRANSACTION, approval_code="OK1")


def test_an_approval_without_a_transaction_stops_the_machine():
    story = started()
    assert story.bank(approves(transaction=None)) == ["machine_stopped"]


def test_another_amount_than_was_asked_stops_the_machine():
    story = started()
    assert story.bank(approves(cost=rub(9_000))) == ["machine_stopped"]
    assert story.payment.status is PaymentStatus.PENDING


def test_another_amount_is_taken_where_the_providers_terms_allow_it():
    provider = CATALOGUE.providers["bank"]
    provider = replace(provider, terms=replace(provider.terms, changed_cost_allowed=True))
    story = started(facts=replace(FACTS, catalogue=replace(CATALOGUE, providers={"bank": provider})))
    kinds = story.bank(approves(cost=rub(9_000)), approves())
    assert kinds[1:3] == ["payment_cost_changed", "payment_cash_flow_built"]
    assert (story.payment.captured_cost, story.ledger.own(SETTLEMENT)) == (rub(9_000), 9_000 - 252)


def test_a_bank_that_refuses_to_release_money_stops_the_machine():
    story = held()
    story.when(cancel())
    assert story.bank(declines("authorization_failed:unknown")) == ["machine_stopped"]
