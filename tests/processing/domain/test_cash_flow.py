"""Shares, roundings, products, and the postings that rules come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.domain.cash_flow import (
    PRINCIPAL,
    FinalPosting,
    Fixed,
    MaxOf,
    MinOf,
    PostingRule,
    Share,
    SumOf,
    compute,
    merchant_fee,
    revert,
    volume_of,
)
from processing.domain.errors import Misconfiguration
from processing.domain.money import Cash, CashRange, Rounding, contains, share
from tests.processing.domain.shop import BANK, BANK_FEE, MERCHANT_FEE, SETTLEMENT, SYSTEM, rub

AWAY, TOWARDS = Rounding.HALF_AWAY_FROM_ZERO, Rounding.HALF_TOWARDS_ZERO

# amount, p, q, half away from zero, half towards zero
SHARES = """
 10000   28 1000    280    280
   125    1   10     13     12
   124    1   10     12     12
   126    1   10     13     13
    15    1   10      2      1
     5    1   10      1      0
     4    1   10      0      0
     1    1    2      1      0
     3    1    2      2      1
   -15    1   10     -2     -1
   100    1    3     33     33
   200    1    3     67     67
     0    7    8      0      0
   100    0    1      0      0
   100    3    2    150    150
"""


@pytest.mark.parametrize("row", SHARES.strip().splitlines())
def test_a_share_is_exact_and_only_a_half_depends_on_the_rounding(row):
    amount, p, q, away, towards = map(int, row.split())
    assert (share(amount, p, q, AWAY), share(amount, p, q, TOWARDS)) == (away, towards)


@given(st.integers(-(10**15), 10**15), st.integers(0, 10**6), st.integers(1, 10**6), st.sampled_from(Rounding))
def test_a_share_is_never_half_a_unit_off(amount, p, q, rounding):
    assert abs(share(amount, p, q, rounding) * q - amount * p) * 2 <= q
    assert share(-amount, p, q, rounding) == -share(amount, p, q, rounding)


@given(st.integers(0, 10**15), st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_part_and_its_rest_are_the_whole(amount, p, q):
    p = min(p, q)
    assert share(amount, p, q, AWAY) + share(amount, q - p, q, TOWARDS) == amount


HUNDRED, PERCENT = Fixed(cash=rub(100)), Share(p=1, q=100)

VOLUMES = [
    (HUNDRED, 5_000, 100),
    (PERCENT, 5_000, 50),
    (MaxOf(volumes=(HUNDRED, PERCENT)), 5_000, 100),
    (MaxOf(volumes=(HUNDRED, PERCENT)), 50_000, 500),
    (MinOf(volumes=(HUNDRED, PERCENT)), 5_000, 50),
    (MinOf(volumes=(HUNDRED, PERCENT)), 50_000, 100),
    (SumOf(volumes=(HUNDRED, PERCENT, PERCENT)), 5_000, 200),
    (MinOf(volumes=(MaxOf(volumes=(HUNDRED, PERCENT)), Fixed(cash=rub(300)))), 50_000, 300),
]


@pytest.mark.parametrize(("volume", "amount", "expected"), VOLUMES)
def test_volumes(volume, amount, expected):
    assert volume_of(volume, rub(amount)) == expected


MISCONFIGURED = [
    MaxOf(volumes=()),
    SumOf(volumes=(PERCENT, MinOf(volumes=()))),
    Fixed(cash=Cash(amount=1, currency="EUR")),
    MaxOf(volumes=(PERCENT, Fixed(cash=Cash(amount=1, currency="EUR")))),
]


@pytest.mark.parametrize("volume", MISCONFIGURED)
def test_a_volume_of_nothing_or_of_another_currency_is_a_misconfiguration(volume):
    with pytest.raises(Misconfiguration):
        volume_of(volume, rub(1_000))


@pytest.mark.parametrize(("p", "q"), [(1, 0), (1, -1), (-1, 1)])
def test_a_share_of_nothing_or_less_cannot_be_written_down(p, q):
    with pytest.raises(ValueError, match="share"):
        Share(p=p, q=q)


ACCOUNTS = {"merchant.settlement": SETTLEMENT, "provider.settlement": BANK, "system.settlement": SYSTEM}


def test_rules_come_to_postings_between_accounts():
    flow = compute((*PRINCIPAL, MERCHANT_FEE), rub(10_000), ACCOUNTS)
    assert [(each.from_id, each.to_id, each.cash.amount) for each in flow] == [
        (BANK, SETTLEMENT, 10_000),
        (SETTLEMENT, SYSTEM, 280),
    ]


def test_postings_of_nothing_are_left_out():
    assert compute((BANK_FEE,), rub(10), ACCOUNTS) == ()


def test_an_account_that_nobody_has_is_a_misconfiguration():
    rule = PostingRule(source="merchant.guarantee", destination="system.subagent", volume=HUNDRED, details="x")
    with pytest.raises(Misconfiguration):
        compute((rule,), rub(1), ACCOUNTS)


def test_a_negative_volume_is_a_misconfiguration():
    rule = PostingRule(
        source="merchant.settlement", destination="system.settlement", volume=Fixed(cash=rub(-1)), details="x"
    )
    with pytest.raises(Misconfiguration):
        compute((rule,), rub(1), ACCOUNTS)


def test_what_is_returned_goes_the_same_way_back():
    flow = compute((*PRINCIPAL, MERCHANT_FEE), rub(10_000), ACCOUNTS)
    back = revert(flow)
    assert [(each.from_id, each.to_id, each.cash) for each in back] == [
        (each.to_id, each.from_id, each.cash) for each in flow
    ]
    assert back[0] == FinalPosting(
        source="merchant.settlement",
        destination="provider.settlement",
        from_id=SETTLEMENT,
        to_id=BANK,
        cash=rub(10_000),
        details="return of payment",
    )


def test_the_merchants_fee_is_what_its_accounts_lose():
    cashback = PostingRule(
        source="system.settlement", destination="merchant.settlement", volume=Fixed(cash=rub(30)), details="bonus"
    )
    flow = compute((MERCHANT_FEE, BANK_FEE, cashback), rub(10_000), ACCOUNTS)
    assert merchant_fee(flow, "RUB") == rub(250)


RANGE = CashRange(lower=rub(100), upper=rub(200), upper_inclusive=False)


@pytest.mark.parametrize(("amount", "inside"), [(99, False), (100, True), (199, True), (200, False)])
def test_a_range_says_whether_its_bounds_belong(amount, inside):
    assert contains(RANGE, rub(amount)) is inside


def test_another_currency_is_never_inside_a_range():
    assert not contains(RANGE, Cash(amount=150, currency="EUR"))
