"""Things that happen in an order nobody wanted: money is neither taken twice, nor kept, nor given back twice.

Each row is a story: what was, what happens now, what becomes of it.
"""

from datetime import timedelta

import pytest

from processing.domain import bank, commands, errors, failure
from processing.domain.payer import RecurrentParent, RecurrentPayer
from processing.domain.statuses import BankVerdict, InvoiceStatus, PaymentStatus, TimeoutBehaviour
from tests.processing.domain.shop import FACTS, SETTLEMENT
from tests.processing.domain.world import (
    DUE,
    HOLD_OR_CAPTURE,
    PAYER,
    SILENT,
    START,
    TRANSACTION,
    UNREACHABLE,
    Story,
    approves,
    cancel,
    capture,
    chargeback,
    create_invoice,
    declines,
    held,
    invoice,
    paid,
    refund,
    refunded,
    replace,
    sleeps,
    start_payment,
    suspends,
)

FEE, REFUND_FEE = 280, 50
HELD_UNTIL = START + timedelta(days=5)
OF_THE_SECOND = bank.TransactionInfo(id="trx-2")


def started(flow=None, **fields):
    return Story(create_invoice(**fields), start_payment(**({"flow": flow} if flow else {})))


def capturing(amount=None):
    story = held()
    story.when(capture(amount))
    return story


def capture_refused():
    story = capturing()
    story.bank(declines("authorization_failed:unknown"))
    return story


# ------------------------------------------------------------------------------------------ a capture that is refused

GIVEN_BACK_BY_ITSELF = ["session_finished", "payment_status_changed", "payment_reversal_started", "session_started"]

CAPTURES = [
    ("a hold", capturing),
    ("a part of a hold", lambda: capturing(4_000)),
    ("a hold that ran out", lambda: hold_ran_out(HOLD_OR_CAPTURE)),
    ("an instant payment", lambda: approved_instant()),
]


def hold_ran_out(flow):
    story = held(flow)
    story.wakes()
    return story


def approved_instant():
    story = started()
    story.bank(approves())
    return story


@pytest.mark.parametrize("given", [given for _, given in CAPTURES], ids=[name for name, _ in CAPTURES])
def test_when_the_bank_refuses_a_capture_the_hold_is_released_by_itself(given):
    story = given()
    assert story.bank(declines("authorization_failed:unknown")) == GIVEN_BACK_BY_ITSELF
    assert story.payment.status is PaymentStatus.FAILED
    assert story.ledger.named("held") == set()
    story.wait(seconds=0)
    step = story.begins_call()
    assert (step.target, step.reference) == ("cancelled", "inv.1.reversal")
    story.when(commands.SessionAnswered(payment_id="1", attempt=step.attempt, result=approves()))
    assert story.payment.reversal.is_finished
    assert story.payment.status is PaymentStatus.FAILED


def test_while_the_refused_hold_is_released_the_payer_may_pay_again():
    story = capture_refused()
    story.when(start_payment("2"))
    story.bank(approves(), approves(OF_THE_SECOND), approves(OF_THE_SECOND))
    assert [payment.status.value for payment in story.state.payments] == ["failed", "captured"]
    assert story.state.payments[0].reversal.is_finished
    assert story.ledger.own(SETTLEMENT) == 10_000 - FEE


@pytest.mark.parametrize("answer", [SILENT, UNREACHABLE])
def test_the_release_of_a_refused_hold_is_tried_until_the_bank_says_something(answer):
    story = capture_refused()
    for _ in range(12):
        story.bank(answer)
        story.wakes()
    story.bank(approves())
    assert story.payment.reversal.is_finished


def test_a_bank_that_refuses_the_capture_and_the_release_stops_the_machine():
    assert capture_refused().bank(declines()) == ["machine_stopped"]


def test_an_operator_who_fails_a_capture_has_the_hold_released_too():
    story = capturing()
    story.begins_call()
    story.when(commands.StopMachine(reason="garbage", payment_id="1"))
    scenario = commands.FailSession(failure=failure.parse("authorization_failed:unknown"))
    kinds = story.when(commands.Repair(scenario=scenario, operator_note="the bank says no"))
    assert kinds == ["machine_repaired", *GIVEN_BACK_BY_ITSELF]


def test_after_the_due_date_a_refused_capture_cancels_the_invoice_and_still_releases_the_hold():
    story = capturing()
    story.now = DUE
    assert story.bank(declines()) == GIVEN_BACK_BY_ITSELF
    assert story.wait(seconds=0) == ["invoice_status_changed"]
    assert (story.state.status, story.state.status_reason) == (InvoiceStatus.CANCELLED, "overdue")
    story.bank(approves())
    assert story.payment.reversal.is_finished


# ------------------------------------------------------------------- payments that we gave up, not the bank

WAITS_TO_FAIL = replace(suspends(seconds=600, behaviour=TimeoutBehaviour.FAIL), transaction=TRANSACTION)


def given_up_at_its_deadline():
    story = Story(create_invoice(), start_payment(processing_deadline=START + timedelta(minutes=5)))
    story.bank(WAITS_TO_FAIL)
    return story


def given_up_at_a_timeout():
    story = started()
    story.bank(WAITS_TO_FAIL)
    return story


@pytest.mark.parametrize("given", [given_up_at_its_deadline, given_up_at_a_timeout])
def test_what_the_bank_may_still_approve_is_called_off_when_we_give_up(given):
    story = given()
    assert story.wakes() == GIVEN_BACK_BY_ITSELF
    assert story.payment.status is PaymentStatus.FAILED
    story.bank(approves())
    assert story.payment.reversal.is_finished


def test_without_a_transaction_there_is_nothing_to_call_off():
    story = started()
    story.bank(suspends())
    assert story.wakes() == ["session_finished", "payment_status_changed"]


# ------------------------------------------------------------------------------------------------ one capture, once


def held_or_captured():
    return held(HOLD_OR_CAPTURE)


# given, at which moment, what is asked, what comes of it
ENDS_OF_A_HOLD = [
    ("captured twice", lambda: capturing(), None, capture(1_000), errors.InvalidPaymentStatus),
    ("captured, then cancelled", lambda: capturing(), None, cancel(), errors.InvalidPaymentStatus),
    ("captured after its time", held, HELD_UNTIL, capture(), errors.InvalidPaymentStatus),
    ("captured in part after its time", held_or_captured, HELD_UNTIL, capture(1), errors.InvalidPaymentStatus),
    ("cancelled after its time", held_or_captured, HELD_UNTIL, cancel(), errors.InvalidPaymentStatus),
    ("captured in the last second", held, HELD_UNTIL - timedelta(seconds=1), capture(), "payment_capture_started"),
    ("refunded while it is held", held, None, refund(1), errors.InvalidPaymentStatus),
    ("refunded while it is captured", lambda: capturing(), None, refund(1), errors.InvalidPaymentStatus),
    ("disputed while it is captured", lambda: capturing(), None, chargeback(1), errors.InvalidPaymentStatus),
    ("refunded after a refused capture", capture_refused, None, refund(1), errors.InvalidPaymentStatus),
    ("captured after a refused capture", capture_refused, None, capture(), errors.InvalidPaymentStatus),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "at", "command", "expected"), [row[1:] for row in ENDS_OF_A_HOLD], ids=[row[0] for row in ENDS_OF_A_HOLD]
)
def test_a_hold_ends_once(given, at, command, expected):
    story = given()
    story.now = at or story.now
    if isinstance(expected, str):
        assert expected in story.when(command)
    else:
        assert isinstance(story.refuses(command), expected)


@pytest.mark.parametrize("command", [capture(4_000), cancel()])
def test_a_hold_whose_end_was_asked_for_does_not_run_out_beside_it(command):
    story = held(HOLD_OR_CAPTURE)
    story.when(command)
    story.bank(SILENT)
    assert story.wait(days=6) == []
    assert story.session().reference in ("inv.1.capture", "inv.1.cancel")


# ----------------------------------------------------------------------------------------------- late words of the bank

LATE = [
    ("failed", lambda: declined_in(started())),
    ("failed, and the invoice is overdue", lambda: overdue(declined_in(started()))),
    ("failed, and the invoice was rescinded", lambda: rescinded(declined_in(started()))),
    ("failed, and the invoice was paid otherwise", lambda: paid_otherwise(declined_in(started()))),
    ("cancelled by the merchant", lambda: cancelled()),
]


def declined_in(story):
    story.bank(declines())
    return story


def overdue(story):
    story.now = DUE
    story.wakes()
    assert story.state.status is InvoiceStatus.CANCELLED
    return story


def rescinded(story):
    story.when(commands.Rescind(reason="no", facts=FACTS))
    return story


def paid_otherwise(story):
    story.when(start_payment("2"))
    story.bank(approves(OF_THE_SECOND), approves(OF_THE_SECOND))
    return story


def cancelled():
    story = held()
    story.when(cancel())
    story.bank(approves())
    return story


@pytest.mark.parametrize("given", [given for _, given in LATE], ids=[name for name, _ in LATE])
def test_a_late_approval_is_given_back_once_whatever_became_of_the_invoice(given):
    story = given()
    before, earned = story.state.status, story.ledger.own(SETTLEMENT)
    kinds = story.bank_states("inv.1", BankVerdict.APPROVED, transaction=TRANSACTION)
    assert kinds[-2:] == ["payment_reversal_started", "session_started"]
    assert story.bank_states("inv.1", BankVerdict.APPROVED, transaction=TRANSACTION) == []
    story.bank(approves(TRANSACTION))
    assert story.state.payments[0].reversal.is_finished
    assert story.bank_states("inv.1", BankVerdict.APPROVED, transaction=TRANSACTION) == []
    assert (story.state.status, story.ledger.own(SETTLEMENT)) == (before, earned)


def test_an_invoice_that_is_due_while_its_payment_is_under_way_waits_for_the_payment():
    story = started()
    story.bank(SILENT)
    assert story.wait(days=3) == []
    story.bank(approves(), approves())
    assert story.state.status is InvoiceStatus.PAID


def test_an_invoice_that_was_due_while_its_payment_was_under_way_is_cancelled_with_the_payments_failure():
    story = started()
    story.bank(SILENT)
    story.wait(days=3)
    story.bank(declines())
    assert story.wakes() == ["invoice_status_changed"]
    assert story.state.status is InvoiceStatus.CANCELLED


# ------------------------------------------------------------------------------------------------- moments in the past

IN_THE_PAST = [
    bank.Timer(timeout_s=0),
    bank.Timer(timeout_s=-600),
    bank.Timer(deadline=START - timedelta(days=1)),
    bank.Timer(),
]


@pytest.mark.parametrize("timer", IN_THE_PAST)
def test_an_adapter_that_names_a_moment_in_the_past_is_not_called_without_a_pause(timer):
    for wait in (
        bank.Sleep(timer=timer),
        bank.Suspend(tag="t", timeout=timer, timeout_behaviour=TimeoutBehaviour.CALL_ADAPTER),
    ):
        story = started()
        story.bank(bank.ProxyResult(intent=wait))
        assert story.waits_until() == story.now + timedelta(seconds=1)


def test_a_deadline_that_passes_while_nobody_looks_is_kept_when_somebody_does():
    story = Story(create_invoice(), start_payment(processing_deadline=START + timedelta(minutes=1)))
    story.bank(sleeps(5))
    assert story.wait(days=1) == ["payment_stuck"]
    assert invoice.is_stuck(story.state)
    story.bank(declines("authorization_failed:processing_deadline_reached"))
    assert story.wait(seconds=0) == []
    assert story.payment.status is PaymentStatus.FAILED


def test_a_hold_that_ran_out_while_the_machine_stood_still_runs_out_after_the_repair():
    story = held()
    story.when(commands.StopMachine(reason="x"))
    story.now = HELD_UNTIL + timedelta(days=1)
    story.when(commands.Repair(scenario=commands.Resume(), operator_note="x"))
    assert story.wait(seconds=0) == ["payment_cancel_started", "session_started"]


# ---------------------------------------------------------------------------------------------------- agreed repeats


def test_money_that_went_back_is_no_parent_of_another_payment():
    parent = replace(refunded(paid(), None, "r1").payment, make_recurrent=True)
    repeat = RecurrentPayer(parent=RecurrentParent(invoice_id="inv", payment_id="1"), contact_info=PAYER.contact_info)
    refusal = Story(create_invoice()).refuses(start_payment(payer=repeat, facts=replace(FACTS, parent=parent)))
    assert isinstance(refusal, errors.InvalidRecurrentParent)
