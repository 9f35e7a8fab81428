"""What a card number must look like, by payment system. Pure; must not know storage, time or Thrift.

Ranges follow ISO/IEC 7812 issuer identification numbers as the payment systems publish them; the check digit is
ISO/IEC 7812-1 annex B (Luhn).
"""

from datetime import date
from typing import NamedTuple


class PaymentSystem(NamedTuple):
    """One card scheme. `prefixes` are inclusive ranges of leading digits of equal length."""

    name: str
    prefixes: tuple[tuple[int, int], ...]
    lengths: frozenset[int]
    cvv_lengths: frozenset[int]


class InvalidCard(Exception):
    """`reason` is fit for the merchant: it names what is wrong, never a digit of the card."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


YEARS_AHEAD_MAX = 100
"""Two digits of a year reach as far; calendars end, and so must cards."""

_THREE = frozenset({3})
_MAESTRO_LENGTHS = frozenset(range(12, 20))

# Narrower ranges stand first: the first match decides.
PAYMENT_SYSTEMS = (
    PaymentSystem("nspkmir", ((2200, 2204),), frozenset(range(16, 20)), _THREE),
    PaymentSystem("mastercard", ((51, 55), (2221, 2720)), frozenset({16}), _THREE),
    PaymentSystem("amex", ((34, 34), (37, 37)), frozenset({15}), frozenset({3, 4})),
    PaymentSystem("jcb", ((3528, 3589),), frozenset(range(16, 20)), _THREE),
    PaymentSystem("dinersclub", ((300, 305), (36, 36), (38, 39)), frozenset(range(14, 20)), _THREE),
    PaymentSystem("discover", ((6011, 6011), (644, 649), (65, 65)), frozenset(range(16, 20)), _THREE),
    PaymentSystem("unionpay", ((62, 62), (81, 81)), frozenset(range(16, 20)), _THREE),
    PaymentSystem("visa", ((4, 4),), frozenset({13, 16, 19}), _THREE),
    PaymentSystem("maestro", ((50, 50), (56, 58), (6, 6)), _MAESTRO_LENGTHS, frozenset({3})),
)

_TEXTS = {system.name: tuple((str(low), str(high)) for low, high in system.prefixes) for system in PAYMENT_SYSTEMS}


def check_card(number: str, exp_month: int, exp_year: int, cvv: str | None, today: date) -> PaymentSystem:
    """The card's payment system; raises InvalidCard for the first rule that the card breaks."""
    if not number.isascii() or not number.isdigit():
        raise InvalidCard("Card number must be digits")
    system = payment_system_of(number)
    if system is None:
        raise InvalidCard("Card number belongs to no supported payment system")
    if len(number) not in system.lengths:
        raise InvalidCard(f"Card number has a wrong length for {system.name}")
    if not passes_luhn(number):
        raise InvalidCard("Card number has a wrong check digit")
    if not 1 <= exp_month <= 12:
        raise InvalidCard("Card expiry month is not a month")
    if (exp_year, exp_month) < (today.year, today.month):
        raise InvalidCard("Card has expired")
    if exp_year > today.year + YEARS_AHEAD_MAX:
        raise InvalidCard("Card expiry year is too far ahead")
    if cvv is not None and not _is_cvv(cvv, system):
        raise InvalidCard(f"CVV has a wrong length for {system.name}")
    return system


def payment_system_of(number: str) -> PaymentSystem | None:
    """The first payment system whose ranges hold the number's leading digits."""
    return next((system for system in PAYMENT_SYSTEMS if _in_ranges(number, system)), None)


def passes_luhn(number: str) -> bool:
    """ISO/IEC 7812-1 check digit."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [2 * digit - 9 if digit > 4 else 2 * digit for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def _in_ranges(number: str, system: PaymentSystem) -> bool:
    """Digits of equal number stand in the same order as texts."""
    return any(low <= number[: len(low)] <= high for low, high in _TEXTS[system.name])


def _is_cvv(cvv: str, system: PaymentSystem) -> bool:
    return cvv.isascii() and cvv.isdigit() and len(cvv) in system.cvv_lengths
