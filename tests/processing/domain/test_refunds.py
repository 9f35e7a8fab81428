"""Refunds: whole, in part, several, never more than is there."""

from datetime import timedelta

import pytest

from processing.domain import errors, failure
from processing.domain.ledger_moves import ledger_moves
from processing.domain.statuses import PaymentStatus, RefundStatus
from processing.domain.terms import AllocationTerms, RefundTerms
from tests.processing.domain.shop import BANK, CATALOGUE, FACTS, SETTLEMENT, SHOP, SYSTEM, TERMS, rub
from tests.processing.domain.world import (
    CART,
    SILENT,
    TRANSACTION,
    UNREACHABLE,
    approves,
    chargeback,
    declines,
    held,
    invoice,
    paid,
    refund,
    refunded,
    replace,
)

FEE, REFUND_FEE, BANK_FEE = 280, 50, 180


def terms(**fields):
    return replace(FACTS, terms=replace(TERMS, refunds=replace(TERMS.refunds, **fields)))


def test_a_whole_refund_gives_all_back_and_the_payment_is_refunded():
    story = paid()
    assert story.when(refund()) == ["refund_started", "session_started"]
    assert story.payment.refunds[0].cash == rub(10_000)
    assert story.bank(approves()) == [
        "session_transaction_bound",
        "session_finished",
        "refund_status_changed",
        "payment_status_changed",
    ]
    assert story.payment.status is PaymentStatus.REFUNDED
    assert story.ledger.own(SETTLEMENT) == -FEE - REFUND_FEE
    assert story.ledger.own(BANK) == BANK_FEE
    assert story.ledger.own(SYSTEM) == FEE + REFUND_FEE - BANK_FEE
    assert story.waits_until() is None


def test_a_refund_in_part_leaves_the_payment_captured():
    story = refunded(paid(), 4_000, "r1")
    assert story.payment.status is PaymentStatus.CAPTURED
    assert story.payment.refunds[0].status is RefundStatus.SUCCEEDED


def test_several_refunds_that_give_all_back_refund_the_payment():
    story = refunded(refunded(paid(), 4_000, "r1"), 6_000, "r2")
    assert story.payment.status is PaymentStatus.REFUNDED


def test_without_an_amount_all_that_is_left_is_given_back():
    story = refunded(refunded(paid(), 4_000, "r1"), None, "r2")
    assert story.payment.refunds[1].cash == rub(6_000)


def test_money_on_its_way_back_cannot_be_given_back_again():
    story = paid()
    story.when(refund(7_000, "r1"))
    assert story.refuses(refund(3_001, "r2")).maximum == rub(3_000)
    story.when(refund(3_000, "r2"))
    assert story.refuses(refund(None, "r3")).maximum == rub(0)


def test_two_refunds_under_way_end_each_by_itself():
    story = paid()
    story.when(refund(7_000, "r1"))
    story.when(refund(3_000, "r2"))
    story.bank(approves())
    assert story.payment.status is PaymentStatus.CAPTURED
    story.bank(approves())
    assert story.payment.status is PaymentStatus.REFUNDED


def test_a_refund_that_the_bank_refuses_releases_its_money():
    story = refunded(paid(), 7_000, "r1", declines("authorization_failed:unknown"))
    assert story.payment.refunds[0].status is RefundStatus.FAILED
    assert failure.text(story.payment.refunds[0].failure) == "authorization_failed:unknown"
    assert story.ledger.own(SETTLEMENT) == 10_000 - FEE
    refunded(story, 10_000, "r2")
    assert story.payment.status is PaymentStatus.REFUNDED


@pytest.mark.parametrize("answer", [SILENT, UNREACHABLE])
def test_a_refund_is_tried_until_the_bank_says_something(answer):
    story = paid()
    story.when(refund())
    for _ in range(12):
        story.bank(answer)
        story.wakes()
    assert story.payment.refunds[0].status is RefundStatus.PENDING
    story.bank(approves())
    assert story.payment.refunds[0].status is RefundStatus.SUCCEEDED


def test_the_same_refund_twice_is_one_refund():
    story = paid()
    story.when(refund(1_000))
    assert story.when(refund(1_000)) == []


def test_a_refund_has_its_own_name_at_the_bank_and_its_own_transaction():
    story = paid()
    story.when(refund())
    assert story.begins_call().reference == "inv.1.refund.r1"
    assert invoice.activity(story.state) == "payment 1: refund r1: session refunded"
    story.wakes()
    story.bank(approves(TRANSACTION))
    assert story.payment.refunds[0].transaction == TRANSACTION


REFUSED = [
    (refund(10_001), errors.PaymentAmountExceeded),
    (refund(0), errors.InvalidRequest),
    (refund(refund_id="a.b"), errors.InvalidRequest),
    (refund(currency="EUR"), errors.InconsistentRefundCurrency),
    (refund(9_999, cart=CART), errors.InvalidInvoiceCart),
    (refund(cart=CART, allocation=()), errors.RefundCartConflict),
    (refund(payment_id="2"), errors.PaymentNotFound),
    (refund(facts=terms(allowed=False)), errors.OperationNotPermitted),
    (refund(1, facts=terms(partial=False)), errors.OperationNotPermitted),
    (refund(facts=replace(FACTS, available=10_049)), errors.InsufficientAccountBalance),
    (refund(facts=replace(FACTS, shop=replace(SHOP, is_contract_active=False))), errors.InvalidContractStatus),
    (refund(facts=replace(FACTS, shop=replace(SHOP, is_blocked=True))), errors.InvalidShopStatus),
    (refund(facts=replace(FACTS, catalogue=replace(CATALOGUE, providers={}))), errors.Misconfiguration),
    (refund(allocation=()), errors.InvalidAllocation),
    (
        refund(allocation=(), facts=replace(FACTS, terms=replace(TERMS, allocations=AllocationTerms(allowed=False)))),
        errors.AllocationNotPermitted,
    ),
]


@pytest.mark.parametrize(("command", "refusal"), REFUSED)
def test_a_refund_that_cannot_be_is_refused(command, refusal):
    assert isinstance(paid().refuses(command), refusal)


def test_a_provider_without_refunds_permits_none():
    provider = CATALOGUE.providers["bank"]
    provider = replace(provider, terms=replace(provider.terms, refunds=RefundTerms(allowed=False)))
    facts = replace(FACTS, catalogue=replace(CATALOGUE, providers={"bank": provider}))
    assert isinstance(paid().refuses(refund(facts=facts)), errors.OperationNotPermitted)


def test_the_refusal_names_the_currency_that_was_sent():
    assert paid().refuses(refund(1, currency="EUR")).currency == "EUR"


def test_the_balance_must_cover_the_money_and_the_fee():
    assert paid().when(refund(facts=replace(FACTS, available=10_050))) == ["refund_started", "session_started"]


def test_the_ledger_is_asked_to_check_the_cover_once_more_when_the_money_is_held():
    for available, covered in ((10_050, (SETTLEMENT,)), (None, ())):
        story = paid()
        before = story.state
        story.when(refund(facts=replace(FACTS, available=available)))
        [hold] = ledger_moves(before, story.history[-2], story.state)
        assert hold.covered == covered


def test_a_bank_that_gives_back_another_amount_stops_the_machine():
    story = paid()
    story.when(refund(4_000))
    assert story.bank(approves(TRANSACTION, cost=rub(10_000))) == ["machine_stopped"]
    story = refunded(paid(), 4_000, "r1", approves(TRANSACTION, cost=rub(4_000)))
    assert story.payment.refunds[0].status is RefundStatus.SUCCEEDED


def test_the_time_for_refunds_runs_out():
    story = paid()
    story.now += timedelta(days=30)
    assert story.when(refund(1, "r1")) != []
    story.now += timedelta(seconds=1)
    assert isinstance(story.refuses(refund(1, "r2")), errors.OperationNotPermitted)


@pytest.mark.parametrize("story", [held(), refunded(paid(), None, "r0")])
def test_only_captured_money_can_be_given_back(story):
    assert story.refuses(refund(1)).status is story.payment.status


def test_a_refund_with_a_cart_keeps_it():
    story = refunded(paid(), 4_000, "r1", cart=CART[1:])
    assert story.payment.refunds[0].cart == CART[1:]


def test_no_refund_while_a_dispute_is_open():
    story = paid()
    story.when(chargeback(4_000))
    assert isinstance(story.refuses(refund(1_000)), errors.ChargebackInProgress)
