"""Payments held: captured whole or in part, cancelled, or left to run out."""

from datetime import timedelta

import pytest

from processing.domain import errors
from processing.domain.statuses import PaymentStatus
from processing.domain.terms import HoldTerms
from tests.processing.domain.shop import FACTS, SETTLEMENT, SHOP, TERMS, rub
from tests.processing.domain.world import (
    HOLD_OR_CANCEL,
    HOLD_OR_CAPTURE,
    START,
    approves,
    cancel,
    capture,
    held,
    invoice,
    replace,
    started,
)


def test_held_money_waits_for_the_merchant_no_longer_than_shop_and_bank_allow():
    story = held()
    assert story.payment.flow.held_until == START + timedelta(days=5)
    assert story.waits_until() == START + timedelta(days=5)
    assert invoice.activity(story.state) == "payment 1: flow waiting"


def test_a_hold_captured_whole_posts_the_plan_that_was_held():
    story = held()
    assert story.when(capture()) == ["payment_capture_started", "session_started"]
    story.bank(approves())
    assert (story.payment.status, story.payment.status_reason) == (PaymentStatus.CAPTURED, "shipped")
    assert story.ledger.named("committed") == {"inv.1"}


def test_a_hold_captured_in_part_releases_the_rest_at_once():
    story = held()
    assert story.when(capture(4_000)) == ["payment_capture_started", "payment_cash_flow_built", "session_started"]
    assert story.ledger.named("rolled_back") == {"inv.1"}
    story.bank(approves())
    assert (story.payment.cost, story.payment.captured_cost, story.payment.fee) == (rub(10_000), rub(4_000), rub(112))
    assert story.ledger.own(SETTLEMENT) == 4_000 - 112
    assert story.ledger.named("committed") == {"inv.1.capture"}


def test_a_hold_is_captured_once():
    story = held()
    story.when(capture(4_000))
    assert story.refuses(capture(1_000)).status is PaymentStatus.PROCESSED
    story.bank(approves())
    assert story.refuses(capture(1_000)).status is PaymentStatus.CAPTURED


CAPTURES_REFUSED = [
    (capture(10_001), errors.AmountExceededCaptureBalance),
    (capture(0), errors.InvalidRequest),
    (capture(currency="EUR"), errors.InconsistentCaptureCurrency),
    (capture(4_000, cart=()), errors.InvalidInvoiceCart),
    (capture(payment_id="2"), errors.PaymentNotFound),
    (capture(facts=replace(FACTS, shop=replace(SHOP, is_party_suspended=True))), errors.InvalidPartyStatus),
    (
        capture(1, facts=replace(FACTS, terms=replace(TERMS, holds=HoldTerms(allowed=True, partial_captures=False)))),
        errors.OperationNotPermitted,
    ),
]


@pytest.mark.parametrize(("command", "refusal"), CAPTURES_REFUSED)
def test_a_capture_that_cannot_be_is_refused(command, refusal):
    assert isinstance(held().refuses(command), refusal)


def test_the_refusal_of_a_capture_names_what_is_possible():
    assert held().refuses(capture(10_001)).maximum == rub(10_000)
    assert held().refuses(capture(1, currency="EUR")).currency == "RUB"


def test_a_cancelled_hold_holds_nothing():
    story = held()
    assert story.when(cancel()) == ["payment_cancel_started", "session_started"]
    assert story.bank(approves()) == ["session_finished", "payment_status_changed"]
    assert (story.payment.status, story.payment.status_reason) == (PaymentStatus.CANCELLED, "out of stock")
    assert story.ledger.named("rolled_back") == {"inv.1"}
    assert story.refuses(capture()).status is PaymentStatus.CANCELLED


@pytest.mark.parametrize("command", [capture(), cancel()])
def test_an_instant_payment_is_neither_captured_nor_cancelled_by_hand(command):
    story = started()
    assert story.refuses(command).status is PaymentStatus.PENDING
    story.bank(approves())
    assert isinstance(story.refuses(command), errors.OperationNotPermitted)
    story.bank(approves())
    assert story.refuses(command).status is PaymentStatus.CAPTURED


@pytest.mark.parametrize(
    ("flow", "started_by_timer", "status"),
    [
        (HOLD_OR_CANCEL, "payment_cancel_started", PaymentStatus.CANCELLED),
        (HOLD_OR_CAPTURE, "payment_capture_started", PaymentStatus.CAPTURED),
    ],
)
def test_a_hold_that_runs_out_follows_the_merchants_rule(flow, started_by_timer, status):
    story = held(flow)
    assert story.wakes() == [started_by_timer, "session_started"]
    assert story.bank(approves())[-1] in ("payment_status_changed", "invoice_status_changed")
    assert (story.payment.status, story.payment.status_reason) == (status, "hold expired")
