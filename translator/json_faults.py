"""Everything that is wrong with a value by an OpenAPI 3.1 schema: each broken rule with its JSON pointer (RFC 6901).

Walks schema and value together, in the order of the spec, and goes on behind a broken rule, except below a value of
another type. Where schemas may be chosen from, only those are named that the value seems to be meant for: by the
discriminator, or by its type.

Slow and exact: it runs only for requests that are refused. `json_schemas` decides whether they are.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from telemetry.redaction import HIDDEN, is_secret_name, redact
from translator.formats import INTEGER_RANGES, TEXT_FORMATS
from translator.json_schemas import JsonSchemas, is_never, kinds_of, name_of, name_patterns, required_of
from translator.schemas import Node
from translator.validation_explained import TYPES, pattern, same
from translator.violations import Fault

FAULTS_MAX = 100
"""Violations named in one answer: a body can break more rules than anybody reads."""
LOOKED_AT_MAX = 10_000
"""Values and names that are looked at for one answer: what is longer has been told that it is too long. Explaining all
of a large body would keep everybody else waiting for seconds."""
SHOWN_CHARS_MAX = 80
POINTER_CHARS_MAX = 200
READ_CHARS_MAX = 2_000
"""Of a text, before what is secret in it is looked for: so much more than is shown that no number is cut in two."""
KINDS = {**TYPES, "null": lambda value: value is None}
Pointer = tuple[str | int, ...]


def faults_of(schemas: JsonSchemas, node: Node, value: Any, in_request: bool, place: str = "body") -> Iterator[Fault]:
    """Every broken rule; none when the value is valid."""
    return _Faults(schemas, in_request, place).of(node, value, (), False)


def pointer_text(pointer: Pointer) -> str:
    """`("cart", 0, "a/b")` -> `/cart/0/a~1b`, with card numbers hidden: names may hold them too; cut when very long."""
    steps = (str(step)[:READ_CHARS_MAX].replace("~", "~0").replace("/", "~1") for step in pointer)
    return cut(str(redact("".join(f"/{step}" for step in steps))), POINTER_CHARS_MAX)


def shown(value: Any, is_secret: bool = False) -> str:
    """A value as JSON text, cut, without card numbers and secrets; an object or array only by its kind."""
    if is_secret:
        return HIDDEN
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"an array of {len(value)}"
    if isinstance(value, str):
        value = value[:READ_CHARS_MAX]
    return cut(orjson.dumps(redact(value)).decode(), SHOWN_CHARS_MAX)


def cut(text: str, chars_max: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= chars_max else text[: chars_max - 1] + "\u2026"


class _Faults:
    """Every method yields faults in their order."""

    def __init__(self, schemas: JsonSchemas, in_request: bool, place: str) -> None:
        self.schemas = schemas
        self.in_request = in_request
        self.place = place
        self.left = LOOKED_AT_MAX

    def is_over(self) -> bool:
        """Whether enough was looked at; counts one more."""
        self.left -= 1
        return self.left < 0

    def fault(self, at: Pointer, rule: str, expected: Any, value: Any, is_secret: bool) -> Fault:
        secret = is_secret or any(isinstance(step, str) and is_secret_name(step) for step in at)
        return Fault(self.place, pointer_text(at), rule, str(expected), shown(value, secret))

    def of(self, node: Any, value: Any, at: Pointer, is_secret: bool) -> Iterator[Fault]:
        if node is True or self.is_over():
            return
        if is_never(node, self.in_request):
            yield self.fault(at, "readOnly" if self.in_request else "writeOnly", "nothing", value, is_secret)
            return
        is_secret = is_secret or bool(node.get("writeOnly")) or node.get("format") == "password"
        if "$ref" in node:
            yield from self.of(self.schemas.component(node["$ref"]), value, at, is_secret)
        kinds = kinds_of(node)
        if kinds and not any(KINDS[kind](value) for kind in kinds):
            yield self.fault(at, "type", " or ".join(kinds), value, is_secret)
            return
        yield from (self.fault(at, rule, expected, value, is_secret) for rule, expected in plain_faults(node, value))
        if isinstance(value, dict):
            yield from self._members(node, value, at, is_secret)
        if isinstance(value, list):
            yield from self._items(node, value, at, is_secret)
        for part in node.get("allOf", ()):
            yield from self.of(part, value, at, is_secret)
        yield from self._choices(node, value, at, is_secret)

    def _members(self, node: Node, value: dict, at: Pointer, is_secret: bool) -> Iterator[Fault]:
        for name in required_of(self.schemas, node, self.in_request):
            if name not in value:
                yield Fault(self.place, pointer_text((*at, name)), "required", "a value")
        properties = node.get("properties", {})
        for name, child in properties.items():
            if name in value:
                yield from self.of(child, value[name], (*at, name), is_secret)
        others = node.get("additionalProperties", True)
        if "unevaluatedProperties" in node:
            properties, others = dict.fromkeys(self.schemas.members(node)), False
        for name in value:
            if self.is_over():
                return
            if name not in properties:
                yield from self._other(others, properties, value[name], (*at, name), is_secret)
            yield from self._name(node, name, at)

    def _other(
        self, rule: bool | Node, known: Mapping[str, Any], value: Any, at: Pointer, is_secret: bool
    ) -> Iterator[Fault]:
        if rule is False:
            yield self.fault(at, "unknown", "one of " + ", ".join(sorted(known)), value, is_secret)
        elif rule is not True:
            yield from self.of(rule, value, at, is_secret)

    def _name(self, node: Node, name: str, at: Pointer) -> Iterator[Fault]:
        for text in name_patterns(node.get("propertyNames", {})):
            if not pattern(text)(name):
                yield self.fault((*at, name), "propertyNames", f"a name like {text}", name, False)

    def _items(self, node: Node, value: list, at: Pointer, is_secret: bool) -> Iterator[Fault]:
        is_short = len(value) <= node.get(
            "maxItems", 0
        )  # pairs of very many are not looked for: too long is fault enough
        if (
            is_short
            and node.get("uniqueItems")
            and any(same(one, two) for n, one in enumerate(value) for two in value[:n])
        ):
            yield self.fault(at, "uniqueItems", "no item twice", value, is_secret)
        if "items" in node:
            for number, item in enumerate(value):
                if self.left <= 0:
                    return
                yield from self.of(node["items"], item, (*at, number), is_secret)

    def _choices(self, node: Node, value: Any, at: Pointer, is_secret: bool) -> Iterator[Fault]:
        if "discriminator" in node:
            yield from self._chosen(node, value, at, is_secret)
        elif "oneOf" in node:
            yield from self._fitting("oneOf", node["oneOf"], value, at, is_secret)
        if "anyOf" in node:
            yield from self._fitting("anyOf", node["anyOf"], value, at, is_secret)
        if "not" in node and not any(self.of(node["not"], value, at, is_secret)):
            yield self.fault(at, "not", "something else", value, is_secret)

    def _chosen(self, node: Node, value: Any, at: Pointer, is_secret: bool) -> Iterator[Fault]:
        field, by_name = node["discriminator"]["propertyName"], self.schemas.chosen(node)
        if not isinstance(value, dict):
            yield self.fault(at, "type", "object", value, is_secret)
        elif field not in value:
            yield Fault(self.place, pointer_text((*at, field)), "required", "one of " + ", ".join(by_name))
        elif not isinstance(value[field], str) or value[field] not in by_name:
            yield self.fault((*at, field), "enum", "one of " + ", ".join(by_name), value[field], is_secret)
        else:
            yield from self.of(by_name[value[field]], value, at, is_secret)

    def _fitting(self, rule: str, parts: list[Node], value: Any, at: Pointer, is_secret: bool) -> Iterator[Fault]:
        """The faults by the only schema that the value seems to be meant for; else that none, or several, fit."""
        tried = [list(self.of(part, value, at, is_secret)) for part in parts]
        fits = sum(not faults for faults in tried)
        if fits == 1 or (fits and rule == "anyOf"):
            return
        near = [faults for faults in tried if not any(one.rule == "type" and self._is_at(one, at) for one in faults)]
        if len(near) == 1 and not fits:
            yield from near[0]
        else:
            names = [name_of(part["$ref"]) if "$ref" in part else " or ".join(kinds_of(part)) for part in parts]
            yield self.fault(at, rule, "one of " + ", ".join(filter(None, names)), value, is_secret)

    def _is_at(self, fault: Fault, at: Pointer) -> bool:
        return fault.pointer == pointer_text(at)


def plain_faults(node: Node, value: Any) -> Iterator[tuple[str, Any]]:
    """(rule, what it expects) for each rule on the value itself that it breaks."""
    if "const" in node and not same(value, node["const"]):
        yield "const", orjson.dumps(node["const"]).decode()
    if "enum" in node and not any(same(value, allowed) for allowed in node["enum"]):
        yield "enum", "one of " + ", ".join(str(allowed) for allowed in node["enum"])
    if isinstance(value, str):
        yield from _text_faults(node, value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_faults(node, value)
    elif isinstance(value, dict | list):
        kind = "Properties" if isinstance(value, dict) else "Items"
        if len(value) < node.get(f"min{kind}", 0):
            yield f"min{kind}", f"at least {node[f'min{kind}']}"
        if len(value) > node.get(f"max{kind}", len(value)):
            yield f"max{kind}", f"at most {node[f'max{kind}']}"


def _text_faults(node: Node, value: str) -> Iterator[tuple[str, Any]]:
    if node.get("format") in TEXT_FORMATS and not TEXT_FORMATS[node["format"]](value):
        yield "format", node["format"]
    if len(value) < node.get("minLength", 0):
        yield "minLength", f"at least {node['minLength']} characters"
    if len(value) > node.get("maxLength", len(value)):
        yield "maxLength", f"at most {node['maxLength']} characters"
    if "pattern" in node and not pattern(node["pattern"])(value):
        yield "pattern", node["pattern"]


def _number_faults(node: Node, value: int | float) -> Iterator[tuple[str, Any]]:
    if node.get("format") in INTEGER_RANGES and "integer" in kinds_of(node):
        least, most = INTEGER_RANGES[node["format"]]
        if not least <= value <= most:
            yield "format", node["format"]
    if value < node.get("minimum", value):
        yield "minimum", f"at least {node['minimum']}"
    if value > node.get("maximum", value):
        yield "maximum", f"at most {node['maximum']}"
    if "exclusiveMinimum" in node and value <= node["exclusiveMinimum"]:
        yield "exclusiveMinimum", f"more than {node['exclusiveMinimum']}"
    if "exclusiveMaximum" in node and value >= node["exclusiveMaximum"]:
        yield "exclusiveMaximum", f"less than {node['exclusiveMaximum']}"
    if "multipleOf" in node and value % node["multipleOf"] != 0:
        yield "multipleOf", f"a multiple of {node['multipleOf']}"
