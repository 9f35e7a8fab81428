"""Card numbers that every check sum accepts: all schemes, all their lengths, none of them anybody's on purpose."""

from collections.abc import Iterator
from random import Random

from processing.vault.cards import PAYMENT_SYSTEMS, PaymentSystem, payment_system_of

KINDS = [(system, length) for system in PAYMENT_SYSTEMS for length in sorted(system.lengths)]


def numbers(dice: Random) -> Iterator[str]:
    """Endless and without repeats; schemes and lengths take turns."""
    known: set[str] = set()
    while True:
        for system, length in KINDS:
            number = one(system, length, dice)
            if number not in known and payment_system_of(number) is system:
                known.add(number)
                yield number


def one(system: PaymentSystem, length: int, dice: Random) -> str:
    """A number of a scheme: one of its prefixes, any digits, the check digit (ISO/IEC 7812-1, annex B)."""
    low, high = dice.choice(system.prefixes)
    head = str(dice.randint(low, high))
    body = head + "".join(dice.choices("0123456789", k=length - 1 - len(head)))
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """What must follow the digits."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in body[::-2])
    return str(-(doubled + sum(int(digit) for digit in body[-2::-2])) % 10)


def cvv_of(number: str, dice: Random) -> str:
    """A CVV of the length that the card's scheme wants."""
    system = payment_system_of(number)
    return "".join(dice.choices("0123456789", k=max(system.cvv_lengths) if system else 3))
