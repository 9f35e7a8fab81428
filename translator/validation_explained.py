"""What is wrong with a value that its schema refuses: the first violation, in words the contract publishes (3.3).

Reads the Swagger 2.0 schema itself, keyword by keyword, in one fixed order, so that the same body always gets the same
answer: readOnly, type, enum, the discriminator with the schema it chooses, format, bounds, length, pattern, size,
required, members in the order of the spec, allOf in the order of the spec.

Slow and exact: it runs only for requests that are refused. `validation_compiled` decides whether they are.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from translator.formats import INTEGER_RANGES, TEXT_FORMATS
from translator.schemas import Node, Schemas
from translator.validation_compiled import Followed, compile_pattern

SHOWN_CHARS_MAX = 100
READ_ONLY = 'Property that marked as "readOnly" must not be sent as part of the request'

TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def explain(schemas: Schemas, node: Node, value: Any, in_request: bool) -> str | None:
    """The description of the first violation, for example "Missing required property: shopID."; None when valid."""
    return next(_Explanation(schemas, in_request).of(node, value, "", frozenset()), None)


class _Explanation:
    """Walks schema and value together; every method yields descriptions, and only the first is ever asked for."""

    def __init__(self, schemas: Schemas, in_request: bool) -> None:
        self.schemas = schemas
        self.in_request = in_request

    def of(self, node: Node, value: Any, path: str, followed: Followed) -> Iterator[str]:
        if self.in_request and node.get("readOnly"):
            yield at(READ_ONLY, path)
        if "$ref" in node:
            yield from self.of(self.schemas.definition(node["$ref"]), value, path, followed)
            return
        if "type" in node and not TYPES[node["type"]](value):
            yield at("Wrong type", path)
        if "enum" in node and not any(same(value, allowed) for allowed in node["enum"]):
            yield at("Not in enum", path)
        if isinstance(value, dict):
            yield from self._chosen(node, value, path, followed)
        yield from (at(word, path) for word in scalar_violations(node, value))
        if isinstance(value, dict):
            yield from self._members(node, value, path)
        if isinstance(value, list):
            yield from self._items(node, value, path)
        for part in node.get("allOf", []):
            yield from self.of(part, value, path, followed)

    def _chosen(self, node: Node, value: dict, path: str, followed: Followed) -> Iterator[str]:
        field = node.get("discriminator")
        if field is None or field not in value or id(node) in followed:
            return
        name = value[field]
        if not isinstance(name, str):
            yield at("Wrong type", join(path, field))
        elif name not in self.schemas.choices(node):
            yield at(f"Discriminator child schema {name[:SHOWN_CHARS_MAX]} doesn't exist", path)
        else:
            yield from self.of(self.schemas.definitions[name], value, path, followed | {id(node)})

    def _members(self, node: Node, value: dict, path: str) -> Iterator[str]:
        if len(value) < node.get("minProperties", 0):
            yield at("Too few properties", path)
        if len(value) > node.get("maxProperties", len(value)):
            yield at("Too many properties", path)
        for name in self.schemas.required(node, self.in_request):
            if name not in value:
                yield at(f"Missing required property: {name}", path)
        properties = node.get("properties", {})
        for name, child in properties.items():
            if name in value:
                yield from self.of(child, value[name], join(path, name), frozenset())
        yield from self._others(node.get("additionalProperties", True), properties, value, path)

    def _others(self, rule: bool | Node, properties: Node, value: dict, path: str) -> Iterator[str]:
        for name in [] if rule is True else [name for name in value if name not in properties]:
            if rule is False:
                yield at("Extra properties not allowed", path)
            else:
                yield from self.of(rule, value[name], join(path, name), frozenset())

    def _items(self, node: Node, value: list, path: str) -> Iterator[str]:
        if not node.get("minItems", 0) <= len(value) <= node.get("maxItems", len(value)):
            yield at("Wrong size", path)
        if node.get("uniqueItems") and any(same(one, two) for n, one in enumerate(value) for two in value[:n]):
            yield at("Not unique", path)
        if "items" in node:
            for number, item in enumerate(value):
                yield from self.of(node["items"], item, f"{path}[{number}]", frozenset())


def scalar_violations(node: Node, value: Any) -> Iterator[str]:
    """Names of the rules for numbers and texts that `value` breaks."""
    if isinstance(value, str):
        if node.get("format") in TEXT_FORMATS and not TEXT_FORMATS[node["format"]](value):
            yield "Wrong format"
        if not node.get("minLength", 0) <= len(value) <= node.get("maxLength", len(value)):
            yield "Wrong length"
        if "pattern" in node and not pattern(node["pattern"])(value):
            yield "No match to pattern"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from number_violations(node, value)


def number_violations(node: Node, value: int | float) -> Iterator[str]:
    if node.get("format") in INTEGER_RANGES and node.get("type") == "integer":
        least, most = INTEGER_RANGES[node["format"]]
        if not least <= value <= most:
            yield "Wrong format"
    least, most = node.get("minimum", value), node.get("maximum", value)
    if value < least or (value == least and node.get("exclusiveMinimum") and "minimum" in node):
        yield "Not in range"
    if value > most or (value == most and node.get("exclusiveMaximum") and "maximum" in node):
        yield "Not in range"
    if "multipleOf" in node and value % node["multipleOf"] != 0:
        yield 'Schema rule "MultipleOf" violated'


def same(one: Any, two: Any) -> bool:
    """Equality of JSON values, where true is not 1."""
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(value, two[name]) for name, value in one.items())
    return one == two


def join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def at(what: str, path: str) -> str:
    """The published form: `What.` at the root, `What. Path to item: cart[0].price` below it."""
    return f"{what}. Path to item: {path}" if path else f"{what}."


@lru_cache(maxsize=1024)
def pattern(text: str) -> Callable[[str], bool]:
    return compile_pattern(text)
