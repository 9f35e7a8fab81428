"""The spellings of a card: what people paste, what encoders make of it, and what somebody does who wants it written."""

import base64
from collections.abc import Callable, Mapping

Trick = Callable[[str], str]
FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
ARABIC = {ord("0") + digit: 0x0660 + digit for digit in range(10)}


def grouped(separator: str, size: int = 4) -> Trick:
    """Groups of digits, as on a card."""
    return lambda number: separator.join(number[place : place + size] for place in range(0, len(number), size))


def mapped(form: str) -> Trick:
    """Each digit in some escape; `form` is given its code."""
    return lambda number: "".join(form.format(ord(digit)) for digit in number)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


TRICKS: Mapping[str, Trick] = {
    "plain": str,
    "spaces": grouped(" "),
    "dashes": grouped("-"),
    "dots": grouped("."),
    "slashes": grouped("/"),
    "underscores": grouped("_"),
    "no-break spaces": grouped("\u00a0"),
    "en dashes": grouped("\u2013"),
    "digit by digit": grouped(" ", 1),
    "groups of six": grouped(" ", 6),
    "full-width digits": lambda number: number.translate(FULL_WIDTH),
    "arabic digits": lambda number: number.translate(ARABIC),
    "percent escapes": mapped("%{:02x}"),
    "JSON escapes as text": mapped("\\u{:04x}"),
    "character references": mapped("&#{};"),
    "base64": encoded,
    "base64, shifted": lambda number: encoded("x" + number),
    "base64, no padding": lambda number: encoded("pan" + number).rstrip("="),
    "hexadecimal": lambda number: number.encode().hex(),
    "magnetic stripe": lambda number: f";{number}=30122010000000000000?",
    "stripe with a name": lambda number: f"%B{number}^HOLDER/A^3012201",
    "glued to letters": lambda number: f"pan{number}exp",
    "in a URL": lambda number: f"https://shop.example/pay?pan={number}&exp=1230",
    "in JSON": lambda number: f'{{"cardNumber":"{number}","expDate":"12/30"}}',
    "in XML": lambda number: f"<Pan>{number}</Pan>",
    "in a sentence": lambda number: f"Charged {number} again, please call back",
}
ASCII = {name: trick for name, trick in TRICKS.items() if trick("4242424242424242").isascii()}
# What a header or a path can carry and stay one request.
SHORT = ("plain", "spaces", "dashes", "dots", "underscores", "digit by digit", "groups of six", "base64",
         "base64, shifted", "base64, no padding", "hexadecimal", "glued to letters", "in XML")  # fmt: skip
