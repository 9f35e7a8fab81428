"""Who takes from whose budget: a party from its own, its payers from one that is theirs together."""

from types import SimpleNamespace

import pytest

from translator.errors import TooMany
from translator.rate_policies import WINDOW_S, RatePolicies

RATE = 2
FULL = RATE * WINDOW_S


@pytest.fixture
def now():
    return SimpleNamespace(s=0.0)


@pytest.fixture
def policies(now):
    return RatePolicies({"read": RATE, "write": 0}, monotonic=lambda: now.s)


def asked(policies, party="demo", payer=None, kind="read"):
    """The quota that a request found. Raises TooMany."""
    consumer = "merchant" if payer is None else "client"
    identity = SimpleNamespace(party_id=party, consumer=consumer, token_id=payer)
    served = SimpleNamespace(spec=SimpleNamespace(rate_class=kind))
    exchange = SimpleNamespace(identity=identity, served=served, quota=None)
    policies.admit(exchange)
    return exchange.quota


def sent(policies, count, **who):
    """How many of `count` requests were let in."""
    let_in = 0
    for _ in range(count):
        try:
            asked(policies, **who)
        except TooMany:
            continue
        let_in += 1
    return let_in


def test_a_party_may_send_a_windows_worth_at_once_and_then_as_fast_as_its_rate(policies, now):
    assert sent(policies, 100) == FULL
    now.s += 3
    assert sent(policies, 100) == 3 * RATE


def test_one_partys_burst_takes_nothing_of_anothers(policies):
    sent(policies, 100)
    assert asked(policies, party="other").left == FULL - 1


def test_payers_take_nothing_of_what_their_merchant_may_send(policies):
    for number in range(10):
        sent(policies, 100, payer=f"token-{number}")
    assert sent(policies, 100) == FULL


def test_tokens_made_in_any_number_send_no_more_than_one_budget_together(policies):
    assert sum(sent(policies, 5, payer=f"token-{number}") for number in range(50)) == FULL


def test_one_payer_leaves_half_to_the_others_however_often_it_asks(policies):
    assert sent(policies, 1000, payer="greedy") == FULL / 2
    assert sent(policies, 1000, payer="patient") == FULL / 2


def test_what_has_no_limit_is_not_counted(policies):
    assert asked(policies, kind="write") is None


def test_a_refused_request_learns_when_to_come_back(policies, now):
    sent(policies, 100)
    exchange = SimpleNamespace(
        identity=SimpleNamespace(party_id="demo", consumer="merchant", token_id=None),
        served=SimpleNamespace(spec=SimpleNamespace(rate_class="read")),
        quota=None,
    )
    with pytest.raises(TooMany):
        policies.admit(exchange)
    now.s += exchange.quota.wait_s
    assert asked(policies).policy == "read"
