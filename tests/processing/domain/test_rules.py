"""Predicates, selectors, routing, and the documents that they are written in."""

import json

import pytest

from processing.domain import failure, terms
from processing.domain.errors import Misconfiguration
from processing.domain.payment_tool import (
    BankCardMethod,
    CryptoWallet,
    CryptoWalletMethod,
    DigitalWallet,
    DigitalWalletMethod,
    MobileCommerce,
    MobileCommerceMethod,
    PaymentTerminal,
    PaymentTerminalMethod,
    is_allowed,
)
from processing.domain.predicates import Circumstances, Predicate, Selector, evaluate, reduce
from processing.domain.routing import choose, failure_of
from processing.domain.terms import Candidate, Provider, Ruleset, Terminal, parse_document
from tests.processing.domain.shop import CATALOGUE, PROVIDER, TERMS, anything, rub
from tests.processing.domain.world import CARD, replace

ABOUT = Circumstances(party_id="party", shop_id="shop", category_id=1, currency="RUB", cost=rub(500), payment_tool=CARD)
UNPAID = replace(ABOUT, payment_tool=None, cost=None)

YES, NO = '{"constant": true}', '{"constant": false}'
RANGE = '{"cost_in": {"lower": {"amount": 1, "currency": "RUB"}, "upper": {"amount": 500, "currency": "RUB"}}}'

# predicate, its verdict about a visa payment of 5.00, its verdict before anybody pays
PREDICATES = [
    (YES, True, True),
    (NO, False, False),
    ('{"party_is": "party"}', True, True),
    ('{"shop_is": "other"}', False, False),
    ('{"category_is": 1}', True, True),
    ('{"currency_is": "EUR"}', False, False),
    ('{"payment_system_is": "visa"}', True, None),
    ('{"payment_system_is": "mastercard"}', False, None),
    ('{"tool_is": "bank_card"}', True, None),
    ('{"tool_is": "crypto_wallet"}', False, None),
    ('{"empty_cvv_is": false}', True, None),
    ('{"issuer_country_is": "RUS"}', False, None),
    ('{"token_provider_is": "applepay"}', False, None),
    (RANGE, True, None),
    ('{"is_not": {"payment_system_is": "visa"}}', False, None),
    (f'{{"is_not": {NO}}}', True, True),
    (f'{{"all_of": [{YES}, {NO}, {RANGE}]}}', False, False),
    (f'{{"all_of": [{YES}, {RANGE}]}}', True, None),
    (f'{{"any_of": [{NO}, {YES}, {RANGE}]}}', True, True),
    (f'{{"any_of": [{NO}, {RANGE}]}}', True, None),
    ('{"all_of": []}', True, True),
    ('{"any_of": []}', False, False),
]


def predicate(text: str) -> Predicate:
    return parse_document("TERMINAL", f'{{"id": "t", "name": "t", "provider": "p", "allow": {text}}}').allow


@pytest.mark.parametrize(("text", "verdict", "early"), PREDICATES)
def test_what_a_predicate_says(text, verdict, early):
    assert evaluate(predicate(text), ABOUT) is verdict
    assert evaluate(predicate(text), UNPAID) is early


@pytest.mark.parametrize(
    "text",
    ["{}", '{"shop_is": "a", "party_is": "b"}', '{"moon_is": "full"}', '{"all_of": [{}]}', '{"constant": 1}', "true"],
)
def test_a_predicate_that_is_not_one_test_is_refused_with_the_document(text):
    with pytest.raises(ValueError, match=r"\$\.allow|exactly one test"):
        predicate(text)


def selector(*decisions, value=None):
    return Selector(decisions=decisions, value=value)


def decision(text, then):
    from processing.domain.predicates import Decision

    return Decision(if_=predicate(text), then=then)


def test_the_first_decision_that_holds_wins():
    chosen = selector(decision(NO, anything("a")), decision(YES, anything("b")), decision(YES, anything("c")))
    assert reduce(chosen, ABOUT) == "b"


def test_a_decision_may_lead_to_further_decisions():
    inner = selector(decision('{"payment_system_is": "visa"}', anything("visa")), value="other")
    chosen = selector(decision('{"currency_is": "RUB"}', inner), value="elsewhere")
    assert reduce(chosen, ABOUT) == "visa"


def test_without_a_decision_that_holds_the_selectors_own_value_counts():
    assert reduce(selector(decision(NO, anything("a")), value="default"), ABOUT) == "default"


def test_a_selector_that_comes_to_nothing_is_a_misconfiguration():
    with pytest.raises(Misconfiguration):
        reduce(selector(decision(NO, anything("a"))), ABOUT)


def test_a_decision_about_what_is_not_known_yet_is_a_misconfiguration():
    with pytest.raises(Misconfiguration):
        reduce(selector(decision('{"payment_system_is": "visa"}', anything("a")), value="b"), UNPAID)


# routing

MIR = replace(
    PROVIDER,
    id="mir",
    adapter="mir",
    options={},
    terms=replace(PROVIDER.terms, payment_methods=anything(frozenset({BankCardMethod(payment_system="nspkmir")}))),
)
MANY = replace(
    CATALOGUE,
    terminals={
        "t1": CATALOGUE.terminals["t1"],
        "t2": Terminal(id="t2", name="T2", provider="bank", options={"merchant": "43"}),
        "m1": Terminal(id="m1", name="M1", provider="mir"),
        "shut": Terminal(id="shut", name="S", provider="bank", allow=predicate(NO)),
    },
    providers={"bank": PROVIDER, "mir": MIR},
)


def route(*candidates, about=ABOUT, is_held=False, catalogue=MANY):
    ruleset = Ruleset(id="main", candidates=candidates)
    return choose(replace(catalogue, rulesets={"main": ruleset}), "main", about, is_held=is_held)


def test_the_first_candidate_that_takes_the_payment_is_chosen():
    choice = route(Candidate(terminal="t2"), Candidate(terminal="t1"))
    assert (choice.route.terminal, choice.route.options) == ("t2", {"merchant": "43"})
    assert choice.rejected == ()


def test_candidates_that_refuse_are_passed_over_and_their_reasons_kept():
    choice = route(Candidate(terminal="m1"), Candidate(terminal="shut"), Candidate(terminal="t1"))
    assert choice.route.terminal == "t1"
    assert [(each.terminal, each.reason) for each in choice.rejected] == [
        ("m1", "payment method"),
        ("shut", "forbidden by the terminal"),
    ]


def test_a_candidate_that_is_not_meant_for_the_payment_is_not_asked():
    choice = route(Candidate(terminal="t1", allowed=predicate('{"payment_system_is": "mastercard"}')))
    assert (choice.route, choice.rejected, failure_of(choice)) == (None, (), "no_route_found:unknown")


REFUSALS = [
    ({"terms": {"currencies": anything(frozenset({"EUR"}))}}, False, "currency"),
    ({"terms": {"categories": anything(frozenset({2}))}}, False, "category"),
    ({"terms": {"allow": predicate(NO)}}, False, "forbidden by the provider"),
    ({"terms": {"cash_limit": anything(terms.CashRange(lower=rub(501), upper=rub(502)))}}, False, "amount"),
    ({"terms": {"holds": terms.HoldTerms(allowed=False)}}, True, "holds are not taken"),
]


@pytest.mark.parametrize(("fields", "is_held", "reason"), REFUSALS)
def test_why_a_provider_does_not_take_a_payment(fields, is_held, reason):
    provider = replace(PROVIDER, terms=replace(PROVIDER.terms, **fields["terms"]))
    choice = route(Candidate(terminal="t1"), catalogue=replace(MANY, providers={"bank": provider}), is_held=is_held)
    assert choice.rejected[0].reason == reason
    assert failure_of(choice) == "no_route_found:forbidden"


@pytest.mark.parametrize("broken", [{"terminals": {}}, {"providers": {}}])
def test_a_candidate_that_leads_nowhere_is_a_misconfiguration(broken):
    with pytest.raises(Misconfiguration):
        route(Candidate(terminal="t1"), catalogue=replace(MANY, **broken))


# documents

DOCUMENT = {
    "id": "bank",
    "name": "A bank",
    "adapter": "mock",
    "account_set": "bank",
    "terms": {
        "currencies": {"value": ["RUB"]},
        "categories": {"value": [1]},
        "payment_methods": {
            "value": [
                {"type": "bank_card", "payment_system": "visa"},
                {"type": "payment_terminal", "provider": "kiosk"},
                {"type": "mobile_commerce", "operator": "mts"},
            ]
        },
        "cash_limit": {"value": {"lower": {"amount": 1, "currency": "RUB"}, "upper": {"amount": 9, "currency": "RUB"}}},
        "fees": {
            "decisions": [
                {
                    "if": {"any_of": [{"payment_system_is": "maestro"}, {"payment_system_is": "mastercard"}]},
                    "then": {
                        "value": [
                            {
                                "source": "system.settlement",
                                "destination": "provider.settlement",
                                "volume": {"type": "share", "p": 1, "q": 100},
                                "details": "bank fee",
                            }
                        ]
                    },
                }
            ],
            "value": [],
        },
    },
}


def test_a_providers_document_is_read_as_it_is_written():
    provider = parse_document("PROVIDER", json.dumps(DOCUMENT))
    assert isinstance(provider, Provider)
    assert reduce(provider.terms.fees, ABOUT) == ()
    mastercard = replace(ABOUT, payment_tool=replace(CARD, payment_system="mastercard"))
    assert reduce(provider.terms.fees, mastercard)[0].volume.q == 100


def edited(path: str, value):
    document = json.loads(json.dumps(DOCUMENT))
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[last] = value
    return json.dumps(document)


FEE = "terms.fees.decisions.0.then.value.0"

WRONG = [
    ("id", 1),
    ("surprise", 1),
    (f"{FEE}.source", "merchant.pocket"),
    (f"{FEE}.volume", {"type": "share", "p": 1, "q": 0}),
    (f"{FEE}.volume", {"type": "share", "p": 0.5, "q": 1}),
    (f"{FEE}.volume", {"type": "some", "p": 1, "q": 1}),
    ("terms.cash_limit", {"value": 100}),
    ("terms.payment_methods", {"value": [{"type": "shells"}]}),
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_a_document_that_makes_no_sense_is_refused(path, value):
    with pytest.raises(ValueError, match=r"."):
        parse_document("PROVIDER", edited(path, value))


def test_every_kind_of_rule_document_has_a_struct():
    assert set(terms.DOCUMENTS) == {"TERMS", "PROVIDER", "TERMINAL", "ROUTING", "ACCOUNT_SET"}


def test_the_terms_of_an_invoice_can_be_told_before_anybody_pays():
    told = terms.compute(TERMS, UNPAID)
    assert (told.currencies, told.holds_allowed) == (frozenset({"RUB"}), True)
    assert told.payment_methods == {BankCardMethod(payment_system=name) for name in ("visa", "mastercard")}


TOOLS = [
    (CARD, BankCardMethod(payment_system="visa"), True),
    (replace(CARD, token_provider="applepay"), BankCardMethod(payment_system="visa"), False),
    (
        replace(CARD, token_provider="applepay"),
        BankCardMethod(payment_system="visa", token_provider="applepay"),
        True,
    ),
    (PaymentTerminal(provider="kiosk"), PaymentTerminalMethod(provider="kiosk"), True),
    (PaymentTerminal(provider="kiosk"), PaymentTerminalMethod(provider="booth"), False),
    (DigitalWallet(provider="purse", id="1"), DigitalWalletMethod(provider="purse"), True),
    (CryptoWallet(currency="bitcoin"), CryptoWalletMethod(currency="bitcoin"), True),
    (MobileCommerce(cc="7", ctn="9210001122"), MobileCommerceMethod(operator="mts"), True),
    (MobileCommerce(cc="7", ctn="9210001122", operator="mts"), MobileCommerceMethod(operator="mts"), True),
    (MobileCommerce(cc="7", ctn="9210001122", operator="mts"), MobileCommerceMethod(operator="tele2"), False),
    (MobileCommerce(cc="7", ctn="9210001122"), BankCardMethod(payment_system="visa"), False),
]


@pytest.mark.parametrize(("tool", "method", "expected"), TOOLS)
def test_which_methods_a_payment_tool_belongs_to(tool, method, expected):
    assert is_allowed(tool, frozenset({method})) is expected


# failures


@pytest.mark.parametrize("text", ["no_route_found", "a:b", "authorization_failed:payment_tool_rejected:unknown:x"])
def test_a_failure_is_a_branch_and_its_text_has_colons(text):
    assert failure.text(failure.parse(text)) == text


def test_a_timeout_has_a_text_too():
    assert failure.text(failure.OperationTimeout()) == "operation_timeout"


def test_a_branch_is_nested_code_by_code():
    parsed = failure.parse("a:b:c", "why")
    assert (parsed.code, parsed.reason, parsed.sub.code, parsed.sub.sub.code) == ("a", "why", "b", "c")
    assert parsed.sub.sub.sub is None
