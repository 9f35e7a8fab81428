"""What goes back after odd beginnings: a part was captured, another amount was approved, other shops have a share.

Each row is a story: what was, what happens now, what becomes of it.
"""

import pytest

from processing.domain import errors
from processing.domain.allocation import AllocationAmount, AllocationTarget, AllocationTransaction
from processing.domain.ledger_moves import ledger_moves
from processing.domain.statuses import BankVerdict
from tests.processing.domain.shop import FACTS, FORGIVING, OTHER_SETTLEMENT, SETTLEMENT, rub
from tests.processing.domain.world import (
    HOLD_OR_CANCEL,
    Story,
    accept_chargeback,
    approves,
    capture,
    chargeback,
    create_invoice,
    declines,
    held,
    paid,
    refund,
    refunded,
    reject_chargeback,
    reopen_chargeback,
    replace,
    start_payment,
)

FEE, REFUND_FEE = 280, 50


def capturing(amount=None):
    story = held()
    story.when(capture(amount))
    return story


# ----------------------------------------------------------------------------------- amounts that the bank speaks of

SILENCE, STOP = [], ["machine_stopped"]


def captured_in_part():
    story = capturing(4_000)
    story.bank(approves())
    return story


def given_back_in_part():
    return refunded(paid(), 4_000, "r1")


# given, the operation, what the bank says of it, which amount it names, what happens
AMOUNTS = [
    (captured_in_part, "inv.1", BankVerdict.APPROVED, 10_000, SILENCE),
    (captured_in_part, "inv.1", BankVerdict.APPROVED, 4_000, STOP),
    (captured_in_part, "inv.1", BankVerdict.CAPTURED, 4_000, SILENCE),
    (captured_in_part, "inv.1", BankVerdict.CAPTURED, 10_000, STOP),
    (captured_in_part, "inv.1.capture", BankVerdict.CAPTURED, 4_000, SILENCE),
    (captured_in_part, "inv.1.capture", BankVerdict.CAPTURED, 10_000, STOP),
    (captured_in_part, "inv.1.capture", BankVerdict.APPROVED, 4_000, SILENCE),
    (captured_in_part, "inv.1.capture", BankVerdict.APPROVED, 10_000, STOP),
    (lambda: capturing(4_000), "inv.1", BankVerdict.CAPTURED, 4_000, SILENCE),
    (lambda: capturing(4_000), "inv.1", BankVerdict.CAPTURED, 10_000, STOP),
    (held, "inv.1", BankVerdict.APPROVED, 10_000, SILENCE),
    (held, "inv.1", BankVerdict.APPROVED, 9_999, STOP),
    (given_back_in_part, "inv.1.refund.r1", BankVerdict.REFUNDED, 4_000, SILENCE),
    (given_back_in_part, "inv.1.refund.r1", BankVerdict.REFUNDED, 10_000, STOP),
]


@pytest.mark.parametrize(("given", "reference", "verdict", "amount", "expected"), AMOUNTS)
def test_another_amount_than_was_asked_for_stops_the_machine(given, reference, verdict, amount, expected):
    assert given().bank_states(reference, verdict, cash=rub(amount)) == expected


# ------------------------------------------------------------------------------------------------ refunds and disputes


def changed_to(cost, *then):
    story = Story(create_invoice(), start_payment(flow=HOLD_OR_CANCEL, facts=FORGIVING))
    story.bank(approves(cost=rub(cost)))
    for command in then:
        story.when(command)
        story.bank(approves())
    return story


# given, what is asked, the most that is possible or what is given back
RETURNS = [
    ("a part was captured", captured_in_part, refund(4_001), 4_000),
    ("a part was captured, all of it", captured_in_part, refund(), rub(4_000)),
    ("less was approved than asked", lambda: changed_to(9_000, capture()), refund(9_001), 9_000),
    ("more was approved than asked", lambda: changed_to(11_000, capture()), refund(11_000), rub(11_000)),
    ("a part of what was approved", lambda: changed_to(9_000, capture(5_000)), refund(5_001), 5_000),
    ("a part was given back", given_back_in_part, refund(6_001, "r2"), 6_000),
    ("a refund failed", lambda: refunded(paid(), 4_000, "r1", declines()), refund(10_000, "r2"), rub(10_000)),
    ("a dispute was lost", lambda: disputed(4_000, accept_chargeback()), refund(6_001), 6_000),
    ("a dispute was won", lambda: disputed(4_000, reject_chargeback()), refund(), rub(10_000)),
    ("a refund is under way", lambda: paid_and(refund(7_000)), chargeback(3_001), 3_000),
    ("a dispute was lost after a part was captured", lambda: lost(captured_in_part(), 1_000), refund(3_001), 3_000),
]  # fmt: skip


def paid_and(*commands_):
    story = paid()
    for command in commands_:
        story.when(command)
    return story


def disputed(amount, *then):
    return paid_and(chargeback(amount), *then)


def lost(story, amount):
    story.when(chargeback(amount))
    story.when(accept_chargeback())
    return story


@pytest.mark.parametrize(
    ("given", "command", "expected"), [row[1:] for row in RETURNS], ids=[row[0] for row in RETURNS]
)
def test_no_more_goes_back_than_was_taken_and_is_left(given, command, expected):
    story = given()
    if isinstance(expected, int):
        assert story.refuses(command).maximum == rub(expected)
        return
    story.when(command)
    assert story.payment.refunds[-1].cash == expected


def test_a_refused_capture_of_another_amount_than_was_asked_leaves_no_plan():
    story = changed_to(9_000)
    story.when(capture(5_000))
    story.bank(declines())
    assert story.ledger.named("held") == story.ledger.named("committed") == set()


def test_a_dispute_that_is_reopened_after_a_refund_takes_no_more_than_is_left():
    story = refunded(disputed(8_000, reject_chargeback()), 2_000, "r1")
    assert story.when(reopen_chargeback()) == ["chargeback_status_changed"]
    assert isinstance(story.refuses(refund(1, "r2")), errors.ChargebackInProgress)
    story = refunded(disputed(8_000, reject_chargeback()), 2_001, "r1")
    assert isinstance(story.refuses(reopen_chargeback()), errors.InvalidRequest)


def test_two_disputes_that_arrive_at_once_are_two_chargebacks():
    """The bank's notices name no chargeback: the machine numbers them when it decides."""
    story = paid()
    for dispute in ("D-1", "D-2", "D-1"):
        story.when(replace(chargeback(1_000, external_id=dispute), id=None))
    assert [(each.id, each.external_id) for each in story.payment.chargebacks] == [("1", "D-1"), ("2", "D-2")]


def test_a_number_that_an_operator_gave_already_is_not_given_again():
    story = paid_and(chargeback(1_000, chargeback_id="2"))
    story.when(replace(chargeback(1_000, external_id="D-1"), id=None))
    assert [each.id for each in story.payment.chargebacks] == ["2", "3"]


# ------------------------------------------------------------------------------------------------------- allocations


def part(amount, shop_id="other"):
    return AllocationTransaction(target=AllocationTarget(shop_id=shop_id), body=AllocationAmount(amount=rub(amount)))


SHARED = (part(4_000),)

# what is captured and given back, one after the other -> what shop and target have at last
SHARES = [
    ("all given back", None, [(None, None)], (-FEE - REFUND_FEE, 0)),
    ("a part of the shop's own", None, [(3_000, None)], (3_000 - FEE - REFUND_FEE, 4_000)),
    ("the target's part alone", None, [(4_000, SHARED)], (6_000 - FEE - REFUND_FEE, 0)),
    ("in two halves", None, [(5_000, (part(2_000),)), (None, None)], (-FEE - 2 * REFUND_FEE, 0)),
    ("the target's first, then the rest", None, [(4_000, SHARED), (None, None)], (-FEE - 2 * REFUND_FEE, 0)),
    ("the shop's first, then the rest", None, [(6_000, None), (None, None)], (-FEE - 2 * REFUND_FEE, 0)),
    ("a part was captured, all given back", 5_000, [(None, None)], (-140 - REFUND_FEE, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("captured", "back", "own"), [row[1:] for row in SHARES], ids=[row[0] for row in SHARES])
def test_shares_come_back_with_the_refunds(captured, back, own):
    story = held(HOLD_OR_CANCEL, allocation=SHARED)
    story.when(capture(captured))
    story.bank(approves())
    for number, (amount, shares) in enumerate(back):
        refunded(story, amount, f"r{number}", allocation=shares)
    assert (story.ledger.own(SETTLEMENT), story.ledger.own(OTHER_SETTLEMENT)) == own


def test_a_refund_is_covered_by_every_shop_that_gives_something_back():
    story = paid(allocation=SHARED)
    before = story.state
    story.when(refund(facts=replace(FACTS, available=1_000_000)))
    [hold] = ledger_moves(before, story.history[-2], story.state)
    assert set(hold.covered) == {SETTLEMENT, OTHER_SETTLEMENT}


def test_a_shop_that_gives_nothing_back_covers_nothing():
    story = paid(allocation=SHARED)
    before = story.state
    story.when(refund(1_000, facts=replace(FACTS, available=1_000_000)))
    [hold] = ledger_moves(before, story.history[-2], story.state)
    assert hold.covered == (SETTLEMENT,)
