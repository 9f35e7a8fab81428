"""Parts of an invoice that go to other shops of the party, and come back with refunds."""

import pytest

from processing.domain import errors
from processing.domain.allocation import (
    AllocationAmount,
    AllocationTarget,
    AllocationTotal,
    AllocationTransaction,
    FixedFee,
    ShareFee,
)
from processing.domain.money import Cash, Decimal
from processing.domain.terms import AllocationTerms
from tests.processing.domain.shop import FACTS, OTHER_SETTLEMENT, OTHER_SHOP, SETTLEMENT, TERMS, rub
from tests.processing.domain.world import (
    CART,
    HOLD_OR_CANCEL,
    Story,
    approves,
    capture,
    create_invoice,
    declines,
    held,
    paid,
    refund,
    refunded,
    replace,
)

FEE, REFUND_FEE = 280, 50


def part(body, shop_id="other", cart=None):
    return AllocationTransaction(target=AllocationTarget(shop_id=shop_id), body=body, cart=cart)


def amount(value, currency="RUB"):
    return AllocationAmount(amount=Cash(amount=value, currency=currency))


def total(value, fee):
    return AllocationTotal(total=rub(value), fee=fee)


def share_of(m, exp):
    return ShareFee(share=Decimal(m=m, exp=exp))


FOUR_THOUSAND = (part(amount(4_000)),)

# body -> what the target gets, what the fee comes to
BODIES = [
    (total(4_000, FixedFee(fixed=rub(100))), 3_900, 100),
    (total(4_000, FixedFee(fixed=rub(0))), 4_000, 0),
    (total(4_000, share_of(15, 2)), 3_400, 600),
    (total(4_000, share_of(1, 1)), 3_600, 400),
    (total(125, share_of(1, 1)), 112, 13),
    (total(4_000, share_of(0, 0)), 4_000, 0),
]


@pytest.mark.parametrize(("body", "gets", "fee"), BODIES)
def test_a_target_gets_the_total_less_the_fee(body, gets, fee):
    [computed] = Story(create_invoice(allocation=(part(body),))).state.allocation
    assert (computed.body.amount, computed.body.fee_amount) == (rub(gets), rub(fee))


REFUSED = [
    (),
    (part(amount(4_000)), part(amount(1_000))),
    (part(amount(10_001)),),
    (part(amount(4_000), shop_id="nowhere"),),
    (part(amount(4_000), shop_id="shop"),),
    (part(amount(4_000, "EUR")),),
    (part(amount(0)),),
    (part(amount(4_000), cart=CART),),
    (part(amount(4_000), cart=()),),
    (part(total(4_000, FixedFee(fixed=rub(4_000)))),),
    (part(total(4_000, FixedFee(fixed=rub(-1)))),),
    (part(total(4_000, FixedFee(fixed=Cash(amount=1, currency="EUR")))),),
    (part(total(4_000, share_of(1, 0))),),
    (part(total(4_000, share_of(1, -1))),),
    (part(total(4_000, share_of(1, 19))),),
]


@pytest.mark.parametrize("allocation", REFUSED)
def test_an_allocation_that_makes_no_sense_is_refused(allocation):
    assert isinstance(Story().refuses(create_invoice(allocation=allocation)), errors.InvalidAllocation)


@pytest.mark.parametrize("foreign", [{"party_id": "somebody"}, {"currency": "EUR"}])
def test_money_goes_to_shops_of_the_same_party_and_currency_only(foreign):
    facts = replace(FACTS, target_shops={"other": replace(OTHER_SHOP, **foreign)})
    refusal = Story().refuses(create_invoice(allocation=FOUR_THOUSAND, facts=facts))
    assert isinstance(refusal, errors.InvalidAllocation)


def test_terms_without_allocations_permit_none():
    facts = replace(FACTS, terms=replace(TERMS, allocations=AllocationTerms(allowed=False)))
    refusal = Story().refuses(create_invoice(allocation=FOUR_THOUSAND, facts=facts))
    assert isinstance(refusal, errors.AllocationNotPermitted)


def test_a_part_is_at_least_one_minor_unit():
    assert Story(create_invoice(allocation=(part(amount(1)),))).state.allocation[0].body.amount == rub(1)


def test_a_parts_cart_comes_to_the_part():
    story = Story(create_invoice(allocation=(part(amount(4_000), cart=CART[1:]),)))
    assert story.state.allocation[0].cart == CART[1:]


def test_a_captured_payment_shares_its_money():
    ledger = paid(allocation=FOUR_THOUSAND).ledger
    assert (ledger.own(SETTLEMENT), ledger.own(OTHER_SETTLEMENT)) == (6_000 - FEE, 4_000)


def test_a_capture_in_part_needs_a_division_that_fits():
    story = held(HOLD_OR_CANCEL, allocation=FOUR_THOUSAND)
    assert isinstance(story.refuses(capture(3_999)), errors.InvalidAllocation)
    story.when(capture(3_000, allocation=(part(amount(1_000)),)))
    story.bank(approves())
    assert story.ledger.own(OTHER_SETTLEMENT) == 1_000


def test_a_capture_may_divide_all_of_it_anew():
    story = held(HOLD_OR_CANCEL, allocation=FOUR_THOUSAND)
    assert "payment_cash_flow_built" in story.when(capture(allocation=(part(amount(9_000)),)))
    story.bank(approves())
    assert story.ledger.own(OTHER_SETTLEMENT) == 9_000


def test_a_whole_refund_takes_every_part_back():
    story = refunded(paid(allocation=FOUR_THOUSAND), None, "r1")
    assert (story.ledger.own(SETTLEMENT), story.ledger.own(OTHER_SETTLEMENT)) == (-FEE - REFUND_FEE, 0)


def test_a_refund_in_part_takes_back_what_it_names_and_the_last_one_the_rest():
    story = refunded(paid(allocation=FOUR_THOUSAND), 2_000, "r1", allocation=(part(amount(1_500)),))
    assert story.ledger.own(OTHER_SETTLEMENT) == 2_500
    refunded(story, 1_000, "r2")
    assert story.ledger.own(OTHER_SETTLEMENT) == 2_500
    refunded(story, None, "r3")
    assert story.ledger.own(OTHER_SETTLEMENT) == 0


def test_a_shop_gives_back_no_more_than_it_got():
    story = paid(allocation=FOUR_THOUSAND)
    refusal = story.refuses(refund(5_000, allocation=(part(amount(4_001)),)))
    assert isinstance(refusal, errors.InvalidAllocation)
    refunded(story, 5_000, "r1", declines(), allocation=(part(amount(4_000)),))
    refunded(story, 5_000, "r2", allocation=(part(amount(4_000)),))
    assert isinstance(story.refuses(refund(1_000, "r3", allocation=(part(amount(1)),))), errors.InvalidAllocation)


def test_without_an_allocation_there_is_nothing_to_give_back():
    refusal = paid().refuses(refund(5_000, allocation=FOUR_THOUSAND))
    assert isinstance(refusal, errors.InvalidAllocation)
