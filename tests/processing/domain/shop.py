"""A shop and a bank: their accounts, fees and terms, and the facts that commands carry of them."""

from msgspec.structs import replace

from processing.domain.cash_flow import Fixed, MaxOf, PostingRule, Share
from processing.domain.facts import Facts, ShopFacts
from processing.domain.money import Cash, CashRange
from processing.domain.payment_tool import BankCardMethod
from processing.domain.predicates import Selector
from processing.domain.terms import (
    AccountSet,
    AllocationTerms,
    Candidate,
    Catalogue,
    HoldTerms,
    Provider,
    ProvisionTerms,
    RefundTerms,
    Ruleset,
    Terminal,
    Terms,
)

SETTLEMENT, GUARANTEE, BANK, SYSTEM, OTHER_SETTLEMENT = 10, 11, 20, 30, 40


def rub(amount: int) -> Cash:
    return Cash(amount=amount, currency="RUB")


def anything(value):
    return Selector(value=value)


VISA = BankCardMethod(payment_system="visa")
MASTERCARD = BankCardMethod(payment_system="mastercard")
LIMIT = CashRange(lower=rub(100), upper=rub(10_000_000))

# 2.8 % and no less than 1.00 of the merchant; 1.8 % of it goes on to the bank
MERCHANT_FEE = PostingRule(
    source="merchant.settlement",
    destination="system.settlement",
    volume=MaxOf(volumes=(Fixed(cash=rub(100)), Share(p=28, q=1000))),
    details="fee",
)
BANK_FEE = PostingRule(
    source="system.settlement", destination="provider.settlement", volume=Share(p=18, q=1000), details="bank fee"
)
REFUND_FEE = PostingRule(
    source="merchant.settlement", destination="system.settlement", volume=Fixed(cash=rub(50)), details="refund fee"
)

TERMS = Terms(
    id="main",
    currencies=anything(frozenset({"RUB"})),
    categories=anything(frozenset({1})),
    payment_methods=anything(frozenset({VISA, MASTERCARD})),
    cash_limit=anything(LIMIT),
    fees=anything((MERCHANT_FEE,)),
    routing="main",
    system_accounts="system",
    holds=HoldTerms(allowed=True, lifetime_s=7 * 86400),
    refunds=RefundTerms(allowed=True, eligibility_s=30 * 86400, fees=anything((REFUND_FEE,))),
    allocations=AllocationTerms(allowed=True),
)

PROVISION = ProvisionTerms(
    currencies=anything(frozenset({"RUB"})),
    categories=anything(frozenset({1})),
    payment_methods=anything(frozenset({VISA})),
    cash_limit=anything(LIMIT),
    fees=anything((BANK_FEE,)),
    holds=HoldTerms(allowed=True, lifetime_s=5 * 86400),
    refunds=RefundTerms(allowed=True),
)

PROVIDER = Provider(
    id="bank", name="A bank", adapter="mock", account_set="bank", terms=PROVISION, options={"merchant": "general"}
)

CATALOGUE = Catalogue(
    rulesets={"main": Ruleset(id="main", candidates=(Candidate(terminal="t1"),))},
    terminals={"t1": Terminal(id="t1", name="T1", provider="bank", options={"merchant": "42"})},
    providers={"bank": PROVIDER},
    account_sets={
        "bank": AccountSet(id="bank", accounts={"RUB": {"settlement": BANK}}),
        "system": AccountSet(id="system", accounts={"RUB": {"settlement": SYSTEM}}),
    },
)

SHOP = ShopFacts(
    id="shop",
    party_id="party",
    name="A shop",
    url="http://shop.example",
    category_id=1,
    currency="RUB",
    settlement=SETTLEMENT,
    guarantee=GUARANTEE,
)
OTHER_SHOP = ShopFacts(
    id="other",
    party_id="party",
    name="Another shop",
    url="http://other.example",
    category_id=1,
    currency="RUB",
    settlement=OTHER_SETTLEMENT,
    guarantee=41,
)

FACTS = Facts(
    shop=SHOP, terms=TERMS, domain_revision=7, catalogue=CATALOGUE, target_shops={"other": OTHER_SHOP}, available=None
)

# of a bank that may approve another amount than was asked
FORGIVING = replace(
    FACTS,
    catalogue=replace(
        CATALOGUE, providers={"bank": replace(PROVIDER, terms=replace(PROVISION, changed_cost_allowed=True))}
    ),
)
