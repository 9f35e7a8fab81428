"""Money: integer minor units with a currency, and exact fractions of it. No floating point, no mixing of currencies."""

from enum import StrEnum

from processing.domain.values import Value

AMOUNT_MAX = 2**63 - 1


class Cash(Value):
    """`amount` in minor units of `currency` (ISO 4217)."""

    amount: int
    currency: str


class CashRange(Value):
    """Both bounds have one currency; `upper_inclusive` and `lower_inclusive` say whether a bound itself belongs."""

    lower: Cash
    upper: Cash
    lower_inclusive: bool = True
    upper_inclusive: bool = True


class Decimal(Value):
    """m * 10^-exp, for example m=15, exp=1 is 1.5."""

    m: int
    exp: int


class Rounding(StrEnum):
    """What becomes of the half of a minor unit."""

    HALF_AWAY_FROM_ZERO = "half_away_from_zero"
    HALF_TOWARDS_ZERO = "half_towards_zero"


def share(amount: int, p: int, q: int, rounding: Rounding = Rounding.HALF_AWAY_FROM_ZERO) -> int:
    """p/q of the amount, rounded to a whole minor unit; exact integers throughout. `q` is positive."""
    whole, rest = divmod(abs(amount * p), q)
    if rest * 2 > q or (rest * 2 == q and rounding is Rounding.HALF_AWAY_FROM_ZERO):
        whole += 1
    return whole if amount * p >= 0 else -whole


def contains(cash_range: CashRange, cash: Cash) -> bool:
    """False also when the currencies differ."""
    lower, upper, amount = cash_range.lower, cash_range.upper, cash.amount
    if not lower.currency == upper.currency == cash.currency:
        return False
    above = amount > lower.amount or (cash_range.lower_inclusive and amount == lower.amount)
    below = amount < upper.amount or (cash_range.upper_inclusive and amount == upper.amount)
    return above and below
