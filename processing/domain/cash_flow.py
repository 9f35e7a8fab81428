"""Whom an operation's money moves between: rules (who pays whom what part) and the postings that they come to.

A rule document says the fees; the principal, that is the operation's own amount between provider and merchant, is
the same for everybody and stands here. Amounts are exact integers; a volume that cannot be computed and an account
that does not exist are a Misconfiguration.
"""

from collections.abc import Mapping
from typing import Literal

from processing.domain.errors import Misconfiguration
from processing.domain.money import Cash, Rounding, share
from processing.domain.values import Value

AccountRole = Literal[
    "merchant.settlement",
    "merchant.guarantee",
    "provider.settlement",
    "system.settlement",
    "system.subagent",
    "external.income",
    "external.outcome",
]

AccountMap = Mapping[str, int]
"""Account role -> ledger account id, for one payment."""


class Fixed(Value, tag="fixed", forbid_unknown_fields=True):
    cash: Cash


class Share(Value, tag="share", forbid_unknown_fields=True):
    """p/q of the operation's amount; q > 0."""

    p: int
    q: int
    of: Literal["operation_amount"] = "operation_amount"
    rounding: Rounding = Rounding.HALF_AWAY_FROM_ZERO

    def __post_init__(self) -> None:
        if self.q <= 0 or self.p < 0:
            raise ValueError("a share is p/q with p >= 0 and q > 0")


class MinOf(Value, tag="min_of", forbid_unknown_fields=True):
    volumes: tuple["Volume", ...]


class MaxOf(Value, tag="max_of", forbid_unknown_fields=True):
    volumes: tuple["Volume", ...]


class SumOf(Value, tag="sum_of", forbid_unknown_fields=True):
    volumes: tuple["Volume", ...]


Volume = Fixed | Share | MinOf | MaxOf | SumOf


class PostingRule(Value, forbid_unknown_fields=True):
    source: AccountRole
    destination: AccountRole
    volume: Volume
    details: str


CashFlow = tuple[PostingRule, ...]


class FinalPosting(Value):
    """A rule that was carried out. `source` and `destination` are roles; `from_id` and `to_id` ledger accounts."""

    source: str
    destination: str
    from_id: int
    to_id: int
    cash: Cash
    details: str


FinalCashFlow = tuple[FinalPosting, ...]

PRINCIPAL: CashFlow = (
    PostingRule(
        source="provider.settlement", destination="merchant.settlement", volume=Share(p=1, q=1), details="payment"
    ),
)

PRODUCTS = {MinOf: min, MaxOf: max, SumOf: sum}


def volume_of(volume: Volume, operation: Cash) -> int:
    """Minor units of the operation's currency."""
    match volume:
        case Fixed():
            if volume.cash.currency != operation.currency:
                raise Misconfiguration(f"a fee in {volume.cash.currency} of an operation in {operation.currency}")
            return volume.cash.amount
        case Share():
            return share(operation.amount, volume.p, volume.q, volume.rounding)
        case MinOf() | MaxOf() | SumOf():
            if not volume.volumes:
                raise Misconfiguration("a product of no volumes")
            return PRODUCTS[type(volume)](volume_of(part, operation) for part in volume.volumes)


def compute(rules: CashFlow, operation: Cash, accounts: AccountMap) -> FinalCashFlow:
    """Postings of one operation; those of nothing are left out."""
    postings = (_posting(rule, operation, accounts) for rule in rules)
    return tuple(posting for posting in postings if posting.cash.amount)


def revert(postings: FinalCashFlow) -> FinalCashFlow:
    """The same money on its way back."""
    return tuple(
        FinalPosting(
            source=posting.destination,
            destination=posting.source,
            from_id=posting.to_id,
            to_id=posting.from_id,
            cash=posting.cash,
            details=f"return of {posting.details}",
        )
        for posting in postings
    )


def merchant_fee(fees: FinalCashFlow, currency: str) -> Cash:
    """What the merchant's accounts lose by these postings."""
    out = sum(posting.cash.amount for posting in fees if posting.source.startswith("merchant."))
    back = sum(posting.cash.amount for posting in fees if posting.destination.startswith("merchant."))
    return Cash(amount=out - back, currency=currency)


def _posting(rule: PostingRule, operation: Cash, accounts: AccountMap) -> FinalPosting:
    amount = volume_of(rule.volume, operation)
    if amount < 0:
        raise Misconfiguration(f"a negative volume for {rule.details}")
    return FinalPosting(
        source=rule.source,
        destination=rule.destination,
        from_id=_account(rule.source, accounts),
        to_id=_account(rule.destination, accounts),
        cash=Cash(amount=amount, currency=operation.currency),
        details=rule.details,
    )


def _account(role: str, accounts: AccountMap) -> int:
    if role not in accounts:
        raise Misconfiguration(f"no account {role}")
    return accounts[role]
