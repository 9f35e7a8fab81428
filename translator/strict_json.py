"""Bytes -> JSON value, refusing what JSON parsers usually let through.

Refused: anything but UTF-8, NaN and Infinity, duplicate keys, lone surrogates, U+0000, numbers too large for a double,
nesting beyond a bound. Integers never turn into floats: one outside int64 is kept exactly and reported, because only
the schema knows whether it broke a format or stands in free-form data.

orjson does the parsing. A value that is written back as the very same bytes lost nothing in being read: most programs
send JSON without spaces, and 1 us settles it. It keeps the last of two equal keys, so elsewhere duplicates are found by
arithmetic instead of by a second parser: each member of an object has one colon outside strings. If the colons of the
bytes equal the members and the colons inside strings of the parsed value, nothing was dropped. Only an escaped colon or
control character, or a float that may have been an integer, makes the slower parser necessary.
"""

import json
from collections.abc import Iterable
from typing import Any

import orjson

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
BACKSLASH = ord("\\")
INVALID = "Invalid json"


class JsonRefused(ValueError):
    """The bytes are not acceptable JSON; the argument is the published description."""


class _ReadAgain(Exception):
    """The value holds something that orjson may have altered."""


def parse(raw: bytes, depth_max: int) -> tuple[Any, bool]:
    """The value, and whether it holds an integer outside int64. Raises JsonRefused."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise JsonRefused(INVALID) from None
    if _is_exact(raw, value, depth_max):
        return value, False
    try:
        colons = _colons(value, depth_max)
    except _ReadAgain:
        return _parse_slowly(raw, depth_max)
    if b"\\u00" in raw:
        return _parse_slowly(raw, depth_max)
    if colons != raw.count(b":"):
        raise JsonRefused(INVALID)
    return value, False


def _is_exact(raw: bytes, value: Any, depth_max: int) -> bool:
    """Whether the value is surely all that the bytes say, without U+0000, long numbers and deep nesting."""
    return (
        raw.count(b"{") + raw.count(b"[") <= depth_max
        and (BACKSLASH not in raw or b"\\u00" not in raw)
        and _written(value) == raw
    )


def _written(value: Any) -> bytes:
    """The value as JSON; nothing where it holds an integer beyond 53 bits, and so perhaps one outside int64."""
    try:
        return orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        return b""


def _colons(value: Any, depth_max: int) -> int:
    """Colons that a text of this value must have: one a member, and those inside strings.

    Level by level, so that the depth is known without recursion.
    """
    colons, level, depth = 0, [[value]], -1
    while level:
        depth += 1
        if depth > depth_max:
            raise JsonRefused(INVALID)
        below: list[dict | list] = []
        for container in level:
            if type(container) is dict:
                colons += len(container) + _in_items(container, below)
                container = container.values()
            colons += _in_items(container, below)
        level = below
    return colons


def _in_items(items: Iterable[Any], below: list[dict | list]) -> int:
    """Colons inside the strings among `items`; arrays and objects are put into `below`."""
    colons = 0
    for item in items:
        kind = type(item)
        if kind is str:
            if ":" in item:
                colons += item.count(":")
        elif kind is dict or kind is list:
            below.append(item)
        elif kind is int:
            if not INT64_MIN <= item <= INT64_MAX:
                raise _ReadAgain
        elif kind is float and not -INT64_MAX < item < INT64_MAX:
            raise _ReadAgain
    return colons


def _parse_slowly(raw: bytes, depth_max: int) -> tuple[Any, bool]:
    """Exact in everything. Only for bytes whose syntax is known to be right."""
    beyond: list[int] = []

    def integer(digits: str) -> int:
        number = int(digits)
        if not INT64_MIN <= number <= INT64_MAX:
            beyond.append(number)
        return number

    try:
        value = json.loads(raw, object_pairs_hook=_unique, parse_int=integer, parse_float=_finite)
    except (ValueError, RecursionError):
        raise JsonRefused(INVALID) from None
    _refuse_nul_and_depth(value, depth_max)
    return value, bool(beyond)


def _unique(pairs: list[tuple[str, Any]]) -> dict:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate key")
    return members


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("too large for a double")
    return number


def _refuse_nul_and_depth(value: Any, depth_left: int) -> None:
    """U+0000 cannot be stored as text by every database, and no name or description needs it."""
    if isinstance(value, str):
        if "\0" in value:
            raise JsonRefused(INVALID)
    elif isinstance(value, list | dict):
        if depth_left <= 0:
            raise JsonRefused(INVALID)
        for item in value:
            _refuse_nul_and_depth(item, depth_left - 1)
        if isinstance(value, dict):
            for item in value.values():
                _refuse_nul_and_depth(item, depth_left - 1)
