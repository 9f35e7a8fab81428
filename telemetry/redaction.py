"""Keeps secrets and card numbers out of everything that is written down.

Three rules, applied to any value however deeply nested:
  1. a field whose name says that it is secret is replaced whole;
  2. in any text, a run of 12 to 19 digits that satisfies Luhn is replaced, separators between the digits or not
     (PCI DSS 3.5.1 counts logs as storage); so are signed tokens and private keys;
  3. control characters, terminal escapes and text-direction marks become visible, so that no value can forge a line.

Knows nothing of logging: it is also used on stored delivery logs and on printed answers.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

HIDDEN = "***"
CARD = "[card]"
TOKEN = "[token]"  # noqa: S105 - the replacement, not a secret
KEY = "[private key]"
NESTING_MAX = 16

SECRET_NAMES = frozenset(
    ["pan", "cvv", "cvv2", "cvc", "cvc2", "pin", "passwd", "session", "cookies", "bearer", "jwt", "jwe"]
)
SECRET_PARTS = ("password", "secret", "authorization", "cardnumber", "privatekey", "apikey", "accesskey", "setcookie")
SECRET_ENDINGS = ("token", "cookie", "cvv", "paymentsession", "cardsession")

RUN_OF_DIGITS = re.compile(r"[0-9](?:[^0-9A-Za-z]{0,3}[0-9]){11,}")
GROUP_OF_DIGITS = re.compile(r"[0-9]+")
SIGNED_TOKEN = re.compile(r"(?:v[0-9]+\.)?eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)+")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
CARD_DIGITS_MIN, CARD_DIGITS_MAX = 12, 19

LONG_WITHOUT_LETTERS = re.compile(rb"[0-9][^A-Za-z]{11}")


def looks_suspicious(line: bytes) -> bool:
    """Whether a written JSON line must be read by the rules: wider than they are, and ten times faster.

    An escape (backslash) may stand between the digits of a card; anything beyond ASCII may be a separator or a mark.
    """
    return (
        not line.isascii()
        or b"\\" in line
        or b"eyJ" in line
        or b"\x7f" in line
        or LONG_WITHOUT_LETTERS.search(line) is not None
        or b"PRIVATE KEY" in line
    )


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name is hidden whatever it holds: paymentToolToken, access_token, cvv, Authorization."""
    plain = name.lower().replace("_", "").replace("-", "")
    return plain in SECRET_NAMES or plain.endswith(SECRET_ENDINGS) or any(part in plain for part in SECRET_PARTS)


def redact(value: Any, depth: int = 0) -> Any:
    """The value as it may be written: plain JSON types, rules 1 to 3 applied at every depth."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, bool | float | date | datetime):
        return value
    if isinstance(value, int):
        return redact_number(value)
    if depth >= NESTING_MAX:
        return "[too deep]"
    if isinstance(value, Mapping):
        return redact_fields(value, depth + 1)
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth + 1) for item in value]
    return f"[{len(value)} bytes]" if isinstance(value, bytes | bytearray | memoryview) else redact_text(str(value))


def redact_fields(values: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Every field of a mapping; names are text from outside as well."""
    return {
        redact_text(str(name)): HIDDEN if is_secret_name(str(name)) and value is not None else redact(value, depth)
        for name, value in values.items()
    }


def redact_text(text: str) -> str:
    """Rules 2 and 3 on one text."""
    if "eyJ" in text:
        text = SIGNED_TOKEN.sub(TOKEN, text)
    if "PRIVATE KEY" in text:
        text = PRIVATE_KEY.sub(KEY, text)
    text = RUN_OF_DIGITS.sub(lambda run: without_cards(run.group()), text)
    return UNPRINTABLE.sub(visible, text)


def redact_number(number: int) -> int | str:
    """A whole number, or `[card]` where its digits could be one; text where JSON's 64 bits cannot hold it."""
    text = str(number) if abs(number) < 10**40 else "[huge number]"
    if CARD_DIGITS_MIN <= len(text) <= CARD_DIGITS_MAX and text.isdigit() and luhn(text):
        return CARD
    return number if -(2**63) <= number < 2**64 else text


def without_cards(run: str) -> str:
    """A run of digits and separators with each card in it replaced, the longest first at each place."""
    groups = list(GROUP_OF_DIGITS.finditer(run))
    kept, start, index = [], 0, 0
    while index < len(groups):
        last = last_group_of_card(groups, index)
        if last is None:
            index += 1
            continue
        kept += [run[start : groups[index].start()], CARD]
        start, index = groups[last].end(), last + 1
    return "".join(kept) + run[start:]


def last_group_of_card(groups: list[re.Match[str]], first: int) -> int | None:
    """Index of the group that ends the longest card beginning with group `first`."""
    digits, found = "", None
    for index in range(first, len(groups)):
        digits += groups[index].group()
        if index > first and len(digits) > CARD_DIGITS_MAX:
            break
        if is_card(digits, grouped=index > first):
            found = index
    return found


def is_card(digits: str, *, grouped: bool) -> bool:
    """Whether digits read as a card number.

    Dates and clock times are groups of digits too; no card begins with 0, 1 or 20, so grouped ones that do may
    pass.
    Digits glued to a longer run (magnetic track data) count by their beginning.
    """
    if grouped and (digits[0] in "01" or digits.startswith("20")):
        return False
    if len(digits) > CARD_DIGITS_MAX:
        return digits[0] in "23456" and any(luhn(digits[:size]) for size in range(13, CARD_DIGITS_MAX + 1))
    return len(digits) >= CARD_DIGITS_MIN and luhn(digits)


def luhn(digits: str) -> bool:
    """The check sum of ISO/IEC 7812-1, annex B; a run of one digit repeated (000000000000) is no card."""
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def visible(match: re.Match[str]) -> str:
    """A character that would move a cursor or a line, as its escape."""
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(match.group(), f"\\u{ord(match.group()):04x}")
