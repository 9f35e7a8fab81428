"""Header, path and query parameters: text -> exact value, or a Violation.

Each parameter of the spec is compiled once into a function. Coercion is exact: an integer is a sign and ASCII digits,
never "+1", " 1", "1_0" or a digit of another script; a boolean is "true" or "false". Rules are tried in the order of
the reference: type, format, enum, maximum, minimum, length, pattern.

A header's length is counted in bytes, any other in characters.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from translator.formats import INTEGER_RANGES, TEXT_FORMATS
from translator.schemas import Node, SpecRefused
from translator.validation_compiled import compile_pattern
from translator.violations import (
    NO_MATCH,
    NOT_IN_RANGE,
    WRONG_ARRAY,
    WRONG_FORMAT,
    WRONG_LENGTH,
    WRONG_SIZE,
    WRONG_TYPE,
    Violation,
)

Step = Callable[[Any], Any]
"""Takes the value so far and returns it, perhaps converted; raises _Wrong."""

INTEGER = re.compile(r"-?[0-9]{1,40}")
NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,4})?")
SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}

CHECKED = {
    "type",
    "format",
    "enum",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "items",
    "collectionFormat",
    "minItems",
    "maxItems",
    "uniqueItems",
    "multipleOf",
}
DESCRIBING = {
    "name",
    "in",
    "required",
    "description",
    "default",
    "allowEmptyValue",
}


class _Wrong(Exception):
    """The kind of rule that was broken is the argument."""


def compile_parameter(node: Node) -> Callable[[str], Any]:
    """A function from the parameter's text to its value; it raises Violation. SpecRefused for a rule it cannot keep."""
    name, steps = node["name"], _steps(node)

    def parse(text: str) -> Any:
        value: Any = text
        try:
            for step in steps:
                value = step(value)
        except _Wrong as wrong:
            raise Violation(name, wrong.args[0]) from None
        return value

    return parse


def takes_several(node: Node) -> bool:
    """Whether the parameter may stand in the query more than once."""
    return node.get("type") == "array" and node.get("collectionFormat") == "multi"


def _steps(node: Node) -> list[Step]:
    for keyword in node:
        if keyword not in CHECKED | DESCRIBING and not keyword.startswith("x-"):
            raise SpecRefused(f"Parameter {node.get('name')} uses {keyword!r}, which would not be enforced.")
    kind = node.get("type")
    if kind == "array":
        return [_array(node)]
    if kind not in TYPES and kind != "string":
        raise SpecRefused(f"Parameter {node.get('name')} is of type {kind!r}, which is not supported.")
    steps = [_header_text if node.get("in") == "header" else _text]
    steps += [TYPES[kind]] if kind != "string" else []
    return [*steps, *_rules(node, kind)]


def _rules(node: Node, kind: str) -> list[Step]:
    found = []
    if (form := node.get("format")) in TEXT_FORMATS and kind == "string":
        found.append(_rule(TEXT_FORMATS[form], WRONG_FORMAT))
    elif kind == "integer":
        # Where the spec names no format the bound is int64 still: nothing behind this gateway can hold more.
        least, most = INTEGER_RANGES[form if form in INTEGER_RANGES else "int64"]
        found.append(_rule(lambda value: least <= value <= most, WRONG_FORMAT))
    if "enum" in node:
        allowed = frozenset(node["enum"])
        found.append(_rule(allowed.__contains__, NOT_IN_RANGE))
    found.extend(_bounds(node))
    found.extend(_lengths(node))
    if "pattern" in node:
        found.append(_rule(compile_pattern(node["pattern"]), NO_MATCH))
    return found


def _bounds(node: Node) -> list[Step]:
    found = []
    if (most := node.get("maximum")) is not None:
        exclusive = node.get("exclusiveMaximum", False)
        found.append(_rule(lambda value: value < most or (value == most and not exclusive), WRONG_SIZE))
    if (least := node.get("minimum")) is not None:
        below = node.get("exclusiveMinimum", False)
        found.append(_rule(lambda value: value > least or (value == least and not below), WRONG_SIZE))
    if (step := node.get("multipleOf")) is not None:
        found.append(_rule(lambda value: value % step == 0, WRONG_SIZE))
    return found


def _lengths(node: Node) -> list[Step]:
    """A header's text has one byte a character once `_header_text` let it through, so `len` counts its bytes too."""
    shortest, longest = node.get("minLength", 0), node.get("maxLength", math.inf)
    if shortest == 0 and longest == math.inf:
        return []

    def step(value: str) -> str:
        if not shortest <= len(value) <= longest:
            raise _Wrong(WRONG_LENGTH)
        return value

    return [step]


def _rule(holds: Callable[[Any], bool], kind: str) -> Step:
    def step(value: Any) -> Any:
        if not holds(value):
            raise _Wrong(kind)
        return value

    return step


def _array(node: Node) -> Step:
    """Whatever is wrong inside an array is one kind of violation, as in the reference."""
    separator = SEPARATORS.get(node.get("collectionFormat", "csv"))
    steps = _steps({**node.get("items", {}), "name": node["name"]})
    least, most = node.get("minItems", 0), node.get("maxItems", math.inf)

    def array(value: str | list[str]) -> list[Any]:
        texts = value if isinstance(value, list) else value.split(separator)
        if not least <= len(texts) <= most:
            raise _Wrong(WRONG_ARRAY)
        try:
            items = [_through(steps, text) for text in texts]
        except _Wrong:
            raise _Wrong(WRONG_ARRAY) from None
        if node.get("uniqueItems") and len(set(items)) != len(items):
            raise _Wrong(WRONG_ARRAY)
        return items

    return array


def _through(steps: list[Step], value: Any) -> Any:
    for step in steps:
        value = step(value)
    return value


def _header_text(value: str) -> str:
    """Visible ASCII, as RFC 9110 5.5 asks of new fields: a request id travels on as a header of internal calls."""
    if not (value.isascii() and value.isprintable()):
        raise _Wrong(WRONG_TYPE)
    return value


def _text(value: str) -> str:
    """Without U+0000, which no store of text must be asked for."""
    if "\0" in value:
        raise _Wrong(WRONG_TYPE)
    return value


def _integer(value: str) -> int:
    if not INTEGER.fullmatch(value):
        raise _Wrong(WRONG_TYPE)
    return int(value)


def _number(value: str) -> float:
    if not NUMBER.fullmatch(value) or not math.isfinite(number := float(value)):
        raise _Wrong(WRONG_TYPE)
    return number


def _boolean(value: str) -> bool:
    if value not in ("true", "false"):
        raise _Wrong(WRONG_TYPE)
    return value == "true"


TYPES: dict[str, Step] = {"integer": _integer, "number": _number, "boolean": _boolean}
