"""Amounts as this bank writes them: decimal strings with the currency's own number of decimals.

Currencies go by their ISO 4217 number. Inside, an amount is a whole number of minor units. No floating point anywhere.
"""

import re

# ISO 4217 numeric code -> decimals of the minor unit, for the currencies this bank clears.
DECIMALS = {
    "008": 2, "036": 2, "048": 3, "051": 2, "124": 2, "156": 2, "203": 2, "208": 2, "344": 2, "348": 2,
    "352": 0, "356": 2, "376": 2, "392": 0, "398": 2, "400": 3, "410": 0, "414": 3, "417": 2, "484": 2,
    "498": 2, "512": 3, "554": 2, "578": 2, "634": 2, "643": 2, "682": 2, "702": 2, "704": 0, "710": 2,
    "752": 2, "756": 2, "764": 2, "784": 2, "788": 3, "818": 2, "826": 2, "840": 2, "860": 2, "933": 2,
    "941": 2, "944": 2, "946": 2, "949": 2, "972": 2, "975": 2, "978": 2, "980": 2, "981": 2, "985": 2, "986": 2,
}  # fmt: skip

PATTERNS = {
    decimals: re.compile(rf"\d{{1,15}}\.\d{{{decimals}}}" if decimals else r"\d{1,15}") for decimals in (0, 2, 3)
}


def parse(text: object, currency: object) -> int | None:
    """Minor units of "12.34" in currency "643"; None when the protocol does not allow either, or for nothing at all."""
    decimals = DECIMALS.get(currency) if isinstance(currency, str) else None
    if decimals is None or not isinstance(text, str) or not PATTERNS[decimals].fullmatch(text):
        return None
    return int(text.replace(".", "")) or None


def render(amount: int, currency: str) -> str:
    """1234 in "643" -> "12.34"."""
    decimals = DECIMALS[currency]
    if not decimals:
        return str(amount)
    whole, rest = divmod(amount, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}"
