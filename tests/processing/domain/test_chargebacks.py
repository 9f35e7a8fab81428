"""Chargebacks: a payer's dispute sets money aside, and gives it back or not."""

import pytest

from processing.domain import errors
from processing.domain.statuses import ChargebackStage, ChargebackStatus, PaymentStatus
from processing.domain.terms import ChargebackTerms
from tests.processing.domain.shop import FACTS, SETTLEMENT, TERMS, rub
from tests.processing.domain.world import (
    accept_chargeback,
    approves,
    cancel_chargeback,
    chargeback,
    held,
    paid,
    refund,
    refunded,
    reject_chargeback,
    reopen_chargeback,
    replace,
)

FEE, LEVY = 280, 500


def disputed(amount=10_000, *then):
    story = paid()
    for command in (chargeback(amount), *then):
        story.when(command)
    return story


def test_an_open_dispute_sets_the_money_aside():
    story = disputed()
    assert story.payment.chargebacks[0].status is ChargebackStatus.PENDING
    balance = story.ledger.balances[SETTLEMENT]
    assert (balance.own, balance.own + balance.low) == (10_000 - FEE, -FEE - LEVY)


def test_an_accepted_dispute_moves_the_money_and_the_levy():
    story = disputed()
    assert story.when(accept_chargeback()) == ["chargeback_status_changed", "payment_status_changed"]
    assert story.payment.status is PaymentStatus.CHARGED_BACK
    assert story.ledger.own(SETTLEMENT) == -FEE - LEVY


def test_a_dispute_over_a_part_leaves_the_payment_captured():
    story = disputed(4_000, accept_chargeback())
    assert story.payment.status is PaymentStatus.CAPTURED
    assert story.refuses(refund(6_001)).maximum == rub(6_000)
    assert refunded(story, None, "r1").payment.status is PaymentStatus.REFUNDED


def test_a_rejected_dispute_returns_the_money():
    story = disputed(10_000, reject_chargeback())
    assert story.ledger.own(SETTLEMENT) == 10_000 - FEE
    assert story.payment.status is PaymentStatus.CAPTURED
    assert refunded(story, None, "r1").payment.status is PaymentStatus.REFUNDED


def test_a_rejected_dispute_comes_again_one_stage_up_until_arbitration():
    story = disputed()
    stages = []
    for _ in range(2):
        story.when(reject_chargeback())
        story.when(reopen_chargeback())
        stages.append(story.payment.chargebacks[0].stage)
    assert stages == [ChargebackStage.PRE_ARBITRATION, ChargebackStage.ARBITRATION]
    story.when(reject_chargeback())
    assert story.refuses(reopen_chargeback()).errors == ["nothing comes after arbitration"]
    assert len(story.ledger.named("rolled_back")) == 3


def test_a_dispute_cannot_come_again_for_money_that_was_given_back():
    story = refunded(disputed(10_000, reject_chargeback()), 1_000, "r1")
    assert isinstance(story.refuses(reopen_chargeback()), errors.InvalidRequest)


def test_a_cancelled_dispute_is_over():
    story = disputed(10_000, cancel_chargeback())
    assert story.payment.chargebacks[0].status is ChargebackStatus.CANCELLED
    assert story.ledger.own(SETTLEMENT) == 10_000 - FEE


# what was done, what can be done then
NEXT = [
    ([], {"accept", "reject", "cancel"}),
    ([accept_chargeback()], set()),
    ([reject_chargeback()], {"reopen"}),
    ([reject_chargeback(), reopen_chargeback()], {"accept", "reject", "cancel"}),
    ([cancel_chargeback()], set()),
]
ASK = {
    "accept": accept_chargeback(),
    "reject": reject_chargeback(),
    "reopen": reopen_chargeback(),
    "cancel": cancel_chargeback(),
}


@pytest.mark.parametrize(("done", "possible"), NEXT)
@pytest.mark.parametrize("asked", ASK)
def test_what_can_become_of_a_dispute(done, possible, asked):
    story = disputed(1_000, *done)
    if asked in possible:
        assert story.when(ASK[asked]) == ["chargeback_status_changed"]
    else:
        assert story.refuses(ASK[asked]).status is story.payment.chargebacks[0].status


WITHOUT_DISPUTES = replace(FACTS, terms=replace(TERMS, chargebacks=ChargebackTerms(allowed=False)))

REFUSED = [
    (chargeback(10_001), errors.PaymentAmountExceeded),
    (chargeback(0), errors.InvalidRequest),
    (chargeback(-1), errors.InvalidRequest),
    (chargeback(levy=0), errors.InvalidRequest),
    (chargeback(levy=-1), errors.InvalidRequest),
    (replace(chargeback(), body=replace(rub(1), currency="EUR")), errors.InvalidRequest),
    (chargeback(facts=WITHOUT_DISPUTES), errors.InvalidRequest),
    (replace(accept_chargeback(), chargeback_id="c9"), errors.ChargebackNotFound),
]


@pytest.mark.parametrize(("command", "refusal"), REFUSED)
def test_a_dispute_that_cannot_be_is_refused(command, refusal):
    assert isinstance(paid().refuses(command), refusal)


def test_money_on_its_way_back_cannot_be_disputed():
    story = paid()
    story.when(refund(7_000))
    assert story.refuses(chargeback(3_001)).maximum == rub(3_000)


def test_a_payment_is_not_over_while_a_refund_or_a_dispute_of_it_is_open():
    story = paid()
    story.when(refund(6_000))
    story.when(chargeback(4_000))
    story.bank(approves())
    assert story.payment.status is PaymentStatus.CAPTURED
    story.when(reject_chargeback())
    assert refunded(story, 4_000, "r2").payment.status is PaymentStatus.REFUNDED


def test_whatever_ends_last_says_what_became_of_the_payment():
    story = paid()
    story.when(refund(6_000))
    story.when(chargeback(4_000))
    story.when(accept_chargeback())
    assert story.payment.status is PaymentStatus.CAPTURED
    story.bank(approves())
    assert story.payment.status is PaymentStatus.REFUNDED
    story = refunded(paid(), 6_000, "r1")
    story.when(chargeback(4_000))
    story.when(accept_chargeback())
    assert story.payment.status is PaymentStatus.CHARGED_BACK


def test_the_banks_notice_twice_opens_one_dispute():
    story = paid()
    story.when(chargeback(1_000, external_id="D-1"))
    assert story.when(chargeback(1_000, chargeback_id="c2", external_id="D-1")) == []
    assert story.when(chargeback(1_000, chargeback_id="c1", external_id="D-2")) == []
    assert story.when(chargeback(1_000, chargeback_id="c2", external_id="D-2")) == ["chargeback_opened"]


def test_only_captured_money_can_be_disputed():
    assert held().refuses(chargeback(1)).status is PaymentStatus.PROCESSED
