"""The `format` words of the specs that are checked, one function each.

Contract section 3.3: int32, int64, date, date-time, email, ip-address, http-url and uri. Every other word standing as a
`format` (uri-template, hexadecimal, binary, a regular expression) says something to a reader and nothing to us.

A text that passes `date-time` here is read by `parse_date_time` without an error, so that shapes need not check again.
"""

import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, date, datetime

INTEGER_RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
}

DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = re.compile(
    rf"""(?:{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])*")@(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])"""
)
EMAIL_LENGTH_MAX = 320

URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
HTTP_URL = re.compile(
    r"https?://(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@?"
    r"(?:[A-Za-z0-9._~!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?#].*)?",
    re.IGNORECASE,
)


def parse_date_time(text: str) -> datetime:
    """An RFC 3339 date-time (its offset is required) as an aware datetime in UTC; ValueError for anything else.

    Also refused, though the grammar allows them: second 60, and moments that UTC puts outside the years 1 to 9999.
    """
    if not DATE_TIME.fullmatch(text):
        raise ValueError("not an RFC 3339 date-time")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as problem:
        raise ValueError("outside the years 1 to 9999") from problem


def is_date_time(text: str) -> bool:
    if not DATE_TIME.fullmatch(text):
        return False
    try:
        moment = datetime.fromisoformat(text.upper())
        if not 1 < moment.year < 9999:
            moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def is_date(text: str) -> bool:
    if not DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_email(text: str) -> bool:
    """RFC 5321 mailbox in ASCII: an atom or a quoted string, then a host name or an address in brackets."""
    return len(text) <= EMAIL_LENGTH_MAX and EMAIL.fullmatch(text) is not None


def is_ip_address(text: str) -> bool:
    """A strict IPv4 or IPv6 address: no leading zeros, no zone."""
    if "%" in text:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_uri(text: str) -> bool:
    """An absolute URI of RFC 3986: a scheme and something behind it."""
    return URI.fullmatch(text) is not None


def is_http_url(text: str) -> bool:
    """An absolute http or https URL with a host. Whether it may be called is another question."""
    return is_uri(text) and HTTP_URL.fullmatch(text) is not None


TEXT_FORMATS: dict[str, Callable[[str], bool]] = {
    "date": is_date,
    "date-time": is_date_time,
    "email": is_email,
    "ip-address": is_ip_address,
    "http-url": is_http_url,
    "uri": is_uri,
}
