"""Rule documents: what a shop may do, what a provider can do, which accounts they use.

These structs are the schema of the JSON documents in the business configuration (kinds TERMS, PROVIDER, TERMINAL,
ROUTING, ACCOUNT_SET). An unknown field, a predicate of two tests or an ill-formed volume is refused when a document
is committed.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from processing.domain.cash_flow import CashFlow
from processing.domain.money import Cash, CashRange, contains
from processing.domain.payment_tool import PaymentMethod
from processing.domain.predicates import ALWAYS, Circumstances, Predicate, Selector, reduce
from processing.domain.values import Value


class HoldTerms(Value, forbid_unknown_fields=True):
    """`lifetime_s`: how long money may stay held; a shop's and a provider's are both kept to."""

    allowed: bool = False
    lifetime_s: int = 7 * 86400
    partial_captures: bool = True


class RefundTerms(Value, forbid_unknown_fields=True):
    """`fees` come on top of the money given back; `eligibility_s` counts from the capture."""

    allowed: bool = False
    partial: bool = True
    eligibility_s: int | None = None
    fees: Selector[CashFlow] = Selector(value=())


class ChargebackTerms(Value, forbid_unknown_fields=True):
    allowed: bool = True


class AllocationTerms(Value, forbid_unknown_fields=True):
    allowed: bool = False


class Terms(Value, forbid_unknown_fields=True):
    """What a contract lets its shops do. `id` is the shop's contract_id.

    `routing`, `system_accounts` and `external_accounts` are ids of documents. `fees` is what the merchant pays.
    """

    id: str
    currencies: Selector[frozenset[str]]
    categories: Selector[frozenset[int]]
    payment_methods: Selector[frozenset[PaymentMethod]]
    cash_limit: Selector[CashRange]
    fees: Selector[CashFlow]
    routing: str
    system_accounts: str
    external_accounts: str | None = None
    holds: HoldTerms = HoldTerms()
    refunds: RefundTerms = RefundTerms()
    chargebacks: ChargebackTerms = ChargebackTerms()
    allocations: AllocationTerms = AllocationTerms()


class ProvisionTerms(Value, forbid_unknown_fields=True):
    """What a provider takes. `fees` is what the platform pays for it."""

    currencies: Selector[frozenset[str]]
    categories: Selector[frozenset[int]]
    payment_methods: Selector[frozenset[PaymentMethod]]
    cash_limit: Selector[CashRange]
    fees: Selector[CashFlow]
    allow: Predicate = ALWAYS
    holds: HoldTerms = HoldTerms()
    refunds: RefundTerms = RefundTerms()
    changed_cost_allowed: bool = False


class Provider(Value, forbid_unknown_fields=True):
    """A bank. `adapter` is the last part of the adapter's url path; `options` are handed to the adapter."""

    id: str
    name: str
    adapter: str
    account_set: str
    terms: ProvisionTerms
    options: dict[str, str] = {}


class Terminal(Value, forbid_unknown_fields=True):
    """An entrance to a provider: a merchant number and the like. Its options come over the provider's."""

    id: str
    name: str
    provider: str
    options: dict[str, str] = {}
    allow: Predicate = ALWAYS


class Candidate(Value, forbid_unknown_fields=True):
    """`allowed` narrows when the terminal is thought of at all."""

    terminal: str
    allowed: Predicate = ALWAYS


class Ruleset(Value, forbid_unknown_fields=True):
    """Candidates in the order of preference."""

    id: str
    candidates: tuple[Candidate, ...]


class AccountSet(Value, forbid_unknown_fields=True):
    """Ledger account ids: currency -> account name (settlement, subagent, income, outcome) -> id."""

    id: str
    accounts: dict[str, dict[str, int]]


class Catalogue(Value):
    """The documents of one revision that a payment may need, by id."""

    rulesets: dict[str, Ruleset] = {}
    terminals: dict[str, Terminal] = {}
    providers: dict[str, Provider] = {}
    account_sets: dict[str, AccountSet] = {}


DOCUMENTS: Mapping[str, type[Value]] = {
    "TERMS": Terms,
    "PROVIDER": Provider,
    "TERMINAL": Terminal,
    "ROUTING": Ruleset,
    "ACCOUNT_SET": AccountSet,
}
"""ObjectKind member name of specs/thrift/domain_config.thrift -> struct."""


def parse_document(kind: str, json: bytes | str) -> Any:
    """A document of DOCUMENTS[kind]. Raises msgspec.ValidationError (a ValueError) that names the path."""
    return msgspec.json.decode(json, type=DOCUMENTS[kind])


class PaymentTerms(Value):
    """What ComputeTerms answers."""

    payment_methods: frozenset[PaymentMethod]
    currencies: frozenset[str]
    holds_allowed: bool


def compute(terms: Terms, about: Circumstances) -> PaymentTerms:
    return PaymentTerms(
        payment_methods=reduce(terms.payment_methods, about),
        currencies=reduce(terms.currencies, about),
        holds_allowed=terms.holds.allowed,
    )


def violations(terms: Terms, about: Circumstances, cost: Cash) -> list[str]:
    """Sentences, one for each limit of the terms that an invoice of this cost breaks."""
    broken = []
    if about.currency not in reduce(terms.currencies, about):
        broken.append(f"the shop does not sell in {about.currency}")
    if about.category_id not in reduce(terms.categories, about):
        broken.append("the shop's category is not served")
    if not contains(reduce(terms.cash_limit, about), cost):
        broken.append("the amount is outside the shop's limits")
    return broken
