"""One row a schema keyword: how the demands of two fragments join, and what a change of the demand does to the values.

A change makes the accepted values FEWER, MORE or DIFFERENT, or leaves them as they are (SAME: it only writes down what
held before, or speaks of the other direction); an optional part is NEW, or a part is GONE. Whether that breaks anybody
is decided elsewhere, by the direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Effect(Enum):
    """What a change does to the set of values that a schema accepts, or to a named part of a message."""

    FEWER = "fewer"
    MORE = "more"
    DIFFERENT = "different"
    SAME = "same"
    NEW = "new"
    GONE = "gone"


ABSENT: Any = None
"""The value of a keyword that is not written."""

Change = tuple[Effect, str]


@dataclass(frozen=True, slots=True)
class Keyword:
    """How demands of one keyword join, and how they change. `direction` names the only direction in which it acts."""

    join: Callable[[Any, Any], Any]
    changes: Callable[[Any, Any], Iterator[Change]]
    direction: str | None = None


def _show(value: Any) -> str:
    if value is ABSENT:
        return "(none)"
    if isinstance(value, frozenset):
        return " and ".join(sorted(str(member) for member in value))
    return str(value)


def _arrow(base: Any, other: Any) -> str:
    return f"{_show(base)} -> {_show(other)}"


def _demand(base: Any, other: Any) -> Iterator[Change]:
    """A demand without an order: added, removed or exchanged."""
    effect = Effect.FEWER if base is ABSENT else Effect.MORE if other is ABSENT else Effect.DIFFERENT
    yield effect, _arrow(base, other)


def _spelling(base: Any, other: Any) -> Iterator[Change]:
    """How the same values are written; saying nothing is a way too."""
    yield Effect.DIFFERENT, _arrow(base, other)


def _formats(base: Any, other: Any) -> Iterator[Change]:
    sizes = {frozenset({"int32"}): 32, frozenset({"int64"}): 64, frozenset({"float"}): 33, frozenset({"double"}): 65}
    if base in sizes and other in sizes and sizes[base] % 2 == sizes[other] % 2:
        yield (Effect.MORE if sizes[base] < sizes[other] else Effect.FEWER), _arrow(base, other)
    else:
        yield from _demand(base, other)


def _types(base: Any, other: Any) -> Iterator[Change]:
    if base is ABSENT or other is ABSENT:
        yield from _demand(base, other)
        return
    before, after = _with_integers(base), _with_integers(other)
    effect = Effect.MORE if before < after else Effect.FEWER if after < before else Effect.DIFFERENT
    yield effect, _arrow(base, other)


def _with_integers(types: frozenset[str]) -> frozenset[str]:
    return types | {"integer"} if "number" in types else types


def _join_types(one: frozenset[str], two: frozenset[str]) -> frozenset[str]:
    both = _with_integers(one) & _with_integers(two)
    return both - {"integer"} if "number" in both else both


def _enum(base: Any, other: Any) -> Iterator[Change]:
    if base is ABSENT or other is ABSENT:
        yield from _demand(None if base is ABSENT else list(base), None if other is ABSENT else list(other))
        return
    for value in base:
        if value not in other:
            yield Effect.FEWER, f"{value!r} removed"
    for value in other:
        if value not in base:
            yield Effect.MORE, f"{value!r} added"


@dataclass(frozen=True, slots=True, order=True)
class Bound:
    """One end of a range; ordered so that of two lower bounds the greater is the stricter one."""

    value: float
    exclusive: bool = False

    def __str__(self) -> str:
        return f"{self.value} (excluded)" if self.exclusive else str(self.value)


def _lower(base: Any, other: Any) -> Iterator[Change]:
    stricter = base is ABSENT or (other is not ABSENT and other > base)
    yield (Effect.FEWER if stricter else Effect.MORE), _arrow(base, other)


def _upper(base: Any, other: Any) -> Iterator[Change]:
    stricter = base is ABSENT or (other is not ABSENT and _upper_key(other) < _upper_key(base))
    yield (Effect.FEWER if stricter else Effect.MORE), _arrow(base, other)


def _upper_key(bound: Any) -> tuple[float, bool]:
    return (bound.value, not bound.exclusive) if isinstance(bound, Bound) else (bound, True)


def _stricter_upper(one: Any, two: Any) -> Any:
    return min(one, two, key=_upper_key)


def _narrowing_flag(base: Any, other: Any) -> Iterator[Change]:
    yield (Effect.FEWER if other else Effect.MORE), _arrow(bool(base), bool(other))


def _widening_flag(base: Any, other: Any) -> Iterator[Change]:
    yield (Effect.MORE if other else Effect.FEWER), _arrow(bool(base), bool(other))


def _default(base: Any, other: Any) -> Iterator[Change]:
    """A default says what leaving out means; writing down one that was silent before changes nothing for anybody."""
    before, after = (None if value is ABSENT else value[0] for value in (base, other))
    effect = Effect.SAME if base is ABSENT else Effect.DIFFERENT
    yield effect, f"{'(none)' if base is ABSENT else repr(before)} -> {'(none)' if other is ABSENT else repr(after)}"


def _either(one: Any, two: Any) -> bool:
    return bool(one or two)


KEYWORDS: Mapping[str, Keyword] = {
    "type": Keyword(_join_types, _types),
    "format": Keyword(frozenset.union, _formats),
    "enum": Keyword(lambda one, two: tuple(value for value in one if value in two), _enum),
    "pattern": Keyword(frozenset.union, _demand),
    "multipleOf": Keyword(frozenset.union, _demand),
    "collectionFormat": Keyword(frozenset.union, _spelling),
    "minimum": Keyword(max, _lower),
    "maximum": Keyword(_stricter_upper, _upper),
    "minLength": Keyword(max, _lower),
    "maxLength": Keyword(min, _upper),
    "minItems": Keyword(max, _lower),
    "maxItems": Keyword(min, _upper),
    "minProperties": Keyword(max, _lower),
    "maxProperties": Keyword(min, _upper),
    "uniqueItems": Keyword(_either, _narrowing_flag),
    "nullable": Keyword(lambda one, two: one and two, _widening_flag),
    "default": Keyword(lambda one, two: one, _default),
    "readOnly": Keyword(_either, _narrowing_flag, direction="request"),
    "writeOnly": Keyword(_either, _narrowing_flag, direction="response"),
}

_SETS = ("format", "pattern", "multipleOf", "collectionFormat")
_SPELLINGS = {
    "x-nullable": "nullable",
    "const": "enum",
    "exclusiveMinimum": "minimum",
    "exclusiveMaximum": "maximum",
}
"""As a keyword may be written too. An excluded bound is a number in OpenAPI 3.1; in Swagger 2.0 it is a flag, and is
read with the bound that it excludes."""
_SILENT_VALUES: Mapping[str, Any] = {
    "uniqueItems": False,
    "nullable": False,
    "readOnly": False,
    "writeOnly": False,
    "minLength": 0,
    "minItems": 0,
    "minProperties": 0,
    "collectionFormat": "csv",
}


def demands(raw: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield (keyword, keyword as written, value in the form that its row compares), without silent values."""
    for written, value in raw.items():
        keyword = _SPELLINGS.get(written, written)
        if written.startswith("exclusive"):
            if not isinstance(value, bool):
                yield keyword, written, Bound(value, exclusive=True)
        elif written == "const":
            yield keyword, written, (value,)
        elif keyword in KEYWORDS and value != _SILENT_VALUES.get(keyword, ABSENT):
            yield keyword, written, _comparable(keyword, value, raw)


def _comparable(keyword: str, value: Any, raw: Mapping[str, Any]) -> Any:
    if keyword == "type":
        return frozenset([value] if isinstance(value, str) else value)
    if keyword in _SETS:
        return frozenset([value])
    if keyword == "enum":
        return tuple(value)
    if keyword == "default":
        return (value,)
    if keyword in ("minimum", "maximum"):
        return Bound(value, raw.get(f"exclusive{keyword.capitalize()}") is True)
    return value
