"""One Swagger 2.0 schema -> one compiled validator that answers yes or no in microseconds.

The schema is rewritten once, at the start, into plain Draft 4: a discriminator becomes a choice between definitions,
`readOnly` becomes "never" in requests, int32 and int64 become bounds, the other formats become calls of ours. Draft 4
and not a later one, because there 5.0 is not an integer.

Says nothing about what is wrong with a value; `validation_explained` does, and must agree with this module on every
value (tests/translator/test_validation_agreement.py).
"""

from collections.abc import Callable
from typing import Any

import jsonschema_rs

from translator.formats import INTEGER_RANGES, TEXT_FORMATS
from translator.schemas import Node, Schemas, SpecRefused

KEPT = {
    "type",
    "enum",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
}
NEVER = {"not": {}}
OUR_FORMATS = {f"capi-{word}": check for word, check in TEXT_FORMATS.items()}

Followed = frozenset[int]
"""Discriminators already followed for the value at hand: a chosen definition refers back to the one that chose it."""


def compile_schema(schemas: Schemas, node: Node, in_request: bool) -> Callable[[Any], bool]:
    """A function that says whether a value of `strict_json.parse` satisfies the schema."""
    rewriting = _Rewriting(schemas, in_request)
    root = rewriting.node(node, frozenset())
    return validator_of({**root, "definitions": rewriting.finish()})


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A search for `pattern` with the meaning it has in bodies: \\d is 0-9, and $ is the end, not the last line's."""
    return validator_of({"pattern": pattern})


def validator_of(schema: dict[str, Any]) -> Callable[[Any], bool]:
    """Whether a value satisfies a Draft 4 schema whose formats are `capi-` words. SpecRefused when it is none."""
    try:
        validator = jsonschema_rs.Draft4Validator(
            schema,
            formats=OUR_FORMATS,
            validate_formats=True,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
        )
    except (ValueError, jsonschema_rs.ValidationError) as problem:
        raise SpecRefused(f"A schema of the spec cannot be compiled: {problem}") from problem
    return validator.is_valid


class _Rewriting:
    """The growing set of rewritten definitions of one schema."""

    def __init__(self, schemas: Schemas, in_request: bool) -> None:
        self.schemas = schemas
        self.in_request = in_request
        self._keys: dict[tuple[str, Followed], str] = {}
        self._done: dict[str, dict[str, Any]] = {}

    def finish(self) -> dict[str, dict[str, Any]]:
        """Every definition referred to, rewritten. Rewriting one may ask for others, until none is left."""
        while len(self._done) < len(self._keys):
            for (name, followed), key in list(self._keys.items()):
                if key not in self._done:
                    self._done[key] = self.node(self.schemas.definitions[name], followed)
        return self._done

    def reference(self, ref: str, followed: Followed) -> dict[str, Any]:
        name = self.schemas.name_of(ref)
        key = self._keys.setdefault((name, followed), f"d{len(self._keys)}")
        return {"$ref": f"#/definitions/{key}"}

    def node(self, node: Node, followed: Followed) -> dict[str, Any]:
        if self.in_request and node.get("readOnly"):
            return NEVER
        if "$ref" in node:
            return self.reference(node["$ref"], followed)
        rewritten = {keyword: value for keyword, value in node.items() if keyword in KEPT}
        self._add_members(node, rewritten)
        rules = [self.node(part, followed) for part in node.get("allOf", [])]
        if node.get("format") in INTEGER_RANGES and node.get("type") == "integer":
            least, most = INTEGER_RANGES[node["format"]]
            rules.append({"minimum": least, "maximum": most})
        elif node.get("format") in TEXT_FORMATS:
            rewritten["format"] = f"capi-{node['format']}"
        if "discriminator" in node and id(node) not in followed:
            rules.append(self._choice(node, followed | {id(node)}))
        if rules:
            rewritten["allOf"] = rules
        return rewritten

    def _add_members(self, node: Node, rewritten: dict[str, Any]) -> None:
        if "properties" in node:
            rewritten["properties"] = {
                name: self.node(child, frozenset()) for name, child in node["properties"].items()
            }
        if required := self.schemas.required(node, self.in_request):
            rewritten["required"] = required
        if "items" in node:
            rewritten["items"] = self.node(node["items"], frozenset())
        others = node.get("additionalProperties")
        if others is not None:
            rewritten["additionalProperties"] = others if isinstance(others, bool) else self.node(others, frozenset())

    def _choice(self, node: Node, followed: Followed) -> dict[str, Any]:
        """No object, or no discriminator in it, or a known name whose definition holds."""
        field = node["discriminator"]
        branches: list[dict[str, Any]] = [{"not": {"type": "object", "required": [field]}}]
        for name in self.schemas.choices(node):
            chosen = self.reference("#/definitions/" + name, followed)
            branches.append({"allOf": [{"properties": {field: {"enum": [name]}}}, chosen]})
        return {"anyOf": branches}
