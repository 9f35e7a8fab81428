"""Keeps secrets and card numbers out of everything that is written down.

Three rules, applied to any value however deeply nested:
  1. a field whose name says that it is secret is replaced whole;
  2. in any text, a run of 12 to 19 digits that satisfies Luhn is replaced, separators between the digits or not,
     in any script and any escape, in base64 and hexadecimal (PCI DSS 3.5.1 counts logs as storage); so are a CVV that
     is called so, signed tokens and private keys;
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
SECRET_PARTS = (
    "password", "secret", "authorization", "cardnumber", "securitycode", "privatekey", "apikey", "accesskey",
    "setcookie",
)  # fmt: skip
SECRET_ENDINGS = ("token", "cookie", "cvv", "paymentsession", "cardsession")

RUN_OF_DIGITS = re.compile(r"[0-9](?:[^0-9A-Za-z]{0,3}[0-9]){11,}")
RUN_OF_ANY_DIGITS = re.compile(r"\d(?:[^\dA-Za-z]{0,3}\d){11,}")
GROUP_OF_DIGITS = re.compile(r"\d+")
ESCAPED_DIGIT = re.compile(r"(?i:\\+u(?:003|ff1|066|06f)|%(?:25)*3)(\d)|&#(?:4([89])|5([0-7]));")
# Three digits in base64 leave few choices for each of its four letters; 12 digits hold three such groups wherever they
# begin. Chance makes nine digits of a random text less than once in 10^12 places, so nothing is decoded.
BASE64_GROUP = r"[MNO][DTjz][AEIMQUYcgk][w-z0-5]"
# The first group stands before the repetition: a search skips to its letters, five times faster.
BASE64_DIGITS = rf"{BASE64_GROUP}(?:{BASE64_GROUP}){{2}}"
IN_BASE64 = re.compile(rf"{BASE64_DIGITS}[\w+/=-]*")
IN_HEXADECIMAL = re.compile(r"3[0-9](?:3[0-9]){11,}")
NAMED_CVV = re.compile(r"(cv[vc]2?[^0-9A-Za-z]{1,6})\d{3,4}(?!\d)", re.IGNORECASE)
SIGNED_TOKEN = re.compile(r"(?:v[0-9]+\.)?eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)+")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
NAME_CHARS_MAX = 100
CARD_DIGITS_MIN, CARD_DIGITS_MAX = 12, 19
FLOAT_EXACT_MAX = 2.0**53

LONG_WITHOUT_LETTERS = re.compile(rb"[0-9][^A-Za-z]{11}")
BYTES_IN_BASE64 = re.compile(BASE64_DIGITS.encode())
# Bytes by what they may begin, found in one pass at native speed: 0.6 us a line instead of 8. The kinds are text, for a
# search of bytes in bytes takes their first argument for a number, and takes longer by half.
NO_LETTERS = "." * 12
BASE64_BEGINS = "12"
TOKEN_BEGINS, CVV_BEGINS = "eyJ", "cv"
KEYS_LETTER = ord("K")
BESIDE_PLAIN = "!"
"""An escape (backslash) may stand between the digits of a card; anything beyond ASCII may be a separator or a mark."""


def kind_of(char: str) -> str:
    """What a byte may be the beginning of."""
    if char in "\\\x7f" or not char.isascii():
        return "!"
    if char in "MNO":
        return "1"
    if char in "DTjz":
        return "2"
    if char in "eyJ":
        return char
    if char in "cCvV":
        return char.lower()
    return "a" if char.isalpha() else "."


KINDS = bytes(ord(kind_of(chr(byte))) for byte in range(256))


def looks_suspicious(line: bytes) -> bool:
    """Whether a written JSON line must be read by the rules: wider than they are, and ten times faster."""
    kinds = line.translate(KINDS).decode("ascii")
    return (
        BESIDE_PLAIN in kinds
        or TOKEN_BEGINS in kinds
        or CVV_BEGINS in kinds
        or (NO_LETTERS in kinds and LONG_WITHOUT_LETTERS.search(line) is not None)
        or (BASE64_BEGINS in kinds and BYTES_IN_BASE64.search(line) is not None)
        or (KEYS_LETTER in line and b"PRIVATE KEY" in line)
    )


def is_secret_name(name: str) -> bool:
    """Whether a field of this name is hidden whatever it holds: paymentToolToken, access_token, cvv, Authorization."""
    return means_secret(name) if len(name) <= NAME_CHARS_MAX else means_secret.__wrapped__(name)


@lru_cache(maxsize=4096)
def means_secret(name: str) -> bool:
    """The same, remembered: only of names that are no longer than names are, for requests name fields as they like."""
    plain = name.lower().replace("_", "").replace("-", "")
    return plain in SECRET_NAMES or plain.endswith(SECRET_ENDINGS) or any(part in plain for part in SECRET_PARTS)


def redact(value: Any, depth: int = 0) -> Any:
    """The value as it may be written: plain JSON types, rules 1 to 3 applied at every depth."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, bool | date | datetime):
        return value
    if isinstance(value, int | float):
        return redact_number(value) if isinstance(value, int) else redact_float(value)
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
    if ("%" in text or "\\" in text or "&#" in text) and ESCAPED_DIGIT.search(text):
        plain = ESCAPED_DIGIT.sub(digit_of_escape, text)
        text = text if hide_digits(plain) == plain else plain
    text = hide_digits(text)
    if "cv" in text or "CV" in text or "Cv" in text or "cV" in text:
        text = NAMED_CVV.sub(rf"\1{HIDDEN}", text)
    return UNPRINTABLE.sub(visible, text)


def hide_digits(text: str) -> str:
    """Cards in plain digits, base64 and hexadecimal replaced."""
    text = IN_HEXADECIMAL.sub(CARD, IN_BASE64.sub(CARD, text))
    runs = RUN_OF_DIGITS if text.isascii() else RUN_OF_ANY_DIGITS
    return runs.sub(lambda run: without_cards(run.group()), text)


def digit_of_escape(match: re.Match[str]) -> str:
    """The digit that is meant by %34, \\u0034 or &#52;."""
    return match[1] or (str(int(match[2]) - 8) if match[2] else str(int(match[3]) + 2))


def redact_number(number: int) -> int | str:
    """A whole number, or `[card]` where its digits could be one; text where JSON's 64 bits cannot hold it."""
    text = str(number) if abs(number) < 10**40 else "[huge number]"
    if CARD_DIGITS_MIN <= len(text) <= CARD_DIGITS_MAX and text.isdigit() and luhn(text):
        return CARD
    return number if -(2**63) <= number < 2**64 else text


def redact_float(number: float) -> float | str:
    """A card that some reader took for a fraction is one as well; beyond 2^53 only its last digits are lost."""
    if not number.is_integer() or abs(number) < 10 ** (CARD_DIGITS_MIN - 1) or abs(number) >= 10**CARD_DIGITS_MAX:
        return number
    is_hidden = abs(number) >= FLOAT_EXACT_MAX or redact_number(int(number)) == CARD
    return CARD if is_hidden else number


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
        digits += in_ascii(groups[index].group())
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


def in_ascii(digits: str) -> str:
    """Decimal digits of any script as 0 to 9."""
    return digits if digits.isascii() else "".join(str(int(digit)) for digit in digits)


def luhn(digits: str) -> bool:
    """The check sum of ISO/IEC 7812-1, annex B; a run of one digit repeated (000000000000) is no card."""
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def visible(match: re.Match[str]) -> str:
    """A character that would move a cursor or a line, as its escape."""
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(match.group(), f"\\u{ord(match.group()):04x}")
