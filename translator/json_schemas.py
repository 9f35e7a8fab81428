"""Schemas of an OpenAPI 3.1 document (JSON Schema 2020-12, as far as our specs use it): their graph, and one compiled
validator each that answers yes or no in microseconds.

A schema is rewritten once, at the start, into plain Draft 4, where 5.0 is not an integer: a discriminator becomes a
choice by the value of its property, `readOnly` becomes "never" in requests and `writeOnly` in answers, formats become
bounds or calls of ours. A keyword that would not be enforced stops the start.

Says nothing about what is wrong with a value; `json_faults` does, and must agree with this module on every value
(tests/translator/test_faults_agreement.py).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from translator.formats import INTEGER_RANGES, TEXT_FORMATS
from translator.schemas import Node, SpecRefused
from translator.validation_compiled import NEVER, validator_of

COMPONENT = "#/components/schemas/"
KEPT = {
    "type",
    "enum",
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "required",
}
REWRITTEN = {
    "$ref",
    "const",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "format",
    "items",
    "properties",
    "additionalProperties",
    "propertyNames",
    "unevaluatedProperties",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "discriminator",
    "readOnly",
    "writeOnly",
}
FOR_READERS = {
    "description",
    "title",
    "example",
    "examples",
    "default",
    "deprecated",
    "externalDocs",
    "$comment",
    "contentMediaType",
    "contentEncoding",
}
NAME_RULES = {"type", "minLength", "maxLength", "pattern", "description"}
LISTS = ("allOf", "oneOf", "anyOf")
SINGLES = ("items", "additionalProperties", "propertyNames", "not")


class JsonSchemas:
    """`JsonSchemas(spec)`: checks every component once. SpecRefused names a keyword that would not be enforced."""

    def __init__(self, spec: Node) -> None:
        self.components: Mapping[str, Node] = spec.get("components", {}).get("schemas", {})
        for name, node in self.components.items():
            self.check(node, COMPONENT + name)

    def component(self, ref: str) -> Node:
        """The node that a `$ref` text points to; SpecRefused when there is none."""
        name = name_of(ref)
        if name not in self.components:
            raise SpecRefused(f"The spec refers to {ref}, which does not exist.")
        return self.components[name]

    def check(self, node: Any, place: str) -> None:
        """SpecRefused if `node` holds a keyword that validation would silently pass over, or a bad `$ref`."""
        if isinstance(node, bool):
            return
        if not isinstance(node, Mapping):
            raise SpecRefused(f"{place} is not a schema.")
        for keyword in node:
            if keyword not in KEPT | REWRITTEN | FOR_READERS and not keyword.startswith("x-"):
                raise SpecRefused(f"{place} uses the keyword {keyword!r}, which would not be enforced.")
        if "$ref" in node:
            self.component(node["$ref"])
        for fault in misuses(node):
            raise SpecRefused(f"{place}: {fault}.")
        for step, child in children(node):
            self.check(child, f"{place}/{step}")

    def resolved(self, node: Node) -> Node:
        """The node behind a bare `$ref`."""
        while isinstance(node, Mapping) and "$ref" in node:
            node = self.component(node["$ref"])
        return node

    def members(self, node: Any) -> frozenset[str]:
        """Names of the properties that a value may have by this schema and by what it is made of."""
        if not isinstance(node, Mapping):
            return frozenset()
        own = frozenset(node.get("properties", {}))
        if "$ref" in node:
            own |= self.members(self.component(node["$ref"]))
        return own.union(*(self.members(part) for keyword in LISTS for part in node.get(keyword, ())))

    def chosen(self, node: Node) -> dict[str, Node]:
        """Value of the discriminator -> the schema it chooses, in the order of the spec."""
        field, mapping = node["discriminator"]["propertyName"], node["discriminator"].get("mapping", {})
        by_ref = {ref: name for name, ref in mapping.items()}
        found: dict[str, Node] = {}
        for part in node["oneOf"]:
            ref = part.get("$ref", "")
            constant = self._constant(part, field)
            name = constant or by_ref.get(ref) or (name_of(ref) if ref else None)
            if name is None or name in found:
                raise SpecRefused(f"A discriminator over {field!r} cannot tell its schemas apart.")
            found[name] = part
        return found

    def _constant(self, node: Node, field: str) -> str | None:
        """The one value that a schema allows for a property."""
        node = self.resolved(node)
        rule = node.get("properties", {}).get(field, {})
        if "const" in rule:
            return rule["const"]
        found = (self._constant(part, field) for part in node.get("allOf", ()))
        return next((constant for constant in found if constant), None)


def misuses(node: Node) -> Iterator[str]:
    """Keywords that stand where they would not be enforced, each in a sentence."""
    if "unevaluatedProperties" in node and (
        node["unevaluatedProperties"] is not False or "oneOf" in node or "anyOf" in node
    ):
        yield "unevaluatedProperties may only be false, and not beside oneOf or anyOf"
    if node.get("uniqueItems") and "maxItems" not in node:
        yield "uniqueItems needs maxItems beside it"
    if not NAME_RULES.issuperset(node.get("propertyNames", ())):
        yield f"propertyNames may only say {', '.join(sorted(NAME_RULES))}"
    if "discriminator" in node and "oneOf" not in node:
        yield "a discriminator chooses between the schemas of a oneOf"


def name_of(ref: str) -> str:
    """The component's name in a `$ref` text."""
    if not ref.startswith(COMPONENT):
        raise SpecRefused(f"The spec refers to {ref}; schemas may refer only to {COMPONENT}...")
    return ref.removeprefix(COMPONENT)


def children(node: Node) -> Iterator[tuple[str, Any]]:
    """The schemas directly inside `node`, each with its place."""
    for name, child in node.get("properties", {}).items():
        yield f"properties/{name}", child
    for keyword in LISTS:
        for number, child in enumerate(node.get(keyword, ())):
            yield f"{keyword}/{number}", child
    for keyword in SINGLES:
        if keyword in node:
            yield keyword, node[keyword]


def is_never(node: Any, in_request: bool) -> bool:
    """Whether nothing may stand where this schema does: the server's own property in a request, or the reverse."""
    return node is False or (
        isinstance(node, Mapping) and bool(node.get("readOnly" if in_request else "writeOnly", False))
    )


def kinds_of(node: Node) -> tuple[str, ...]:
    """The types a schema allows; none when it does not say."""
    kind = node.get("type", ())
    return (kind,) if isinstance(kind, str) else tuple(kind)


def required_of(schemas: JsonSchemas, node: Node, in_request: bool) -> list[str]:
    """Properties that must be there; one that nobody may send is not asked for."""
    properties = node.get("properties", {})

    def is_closed(name: str) -> bool:
        child = properties.get(name, True)
        return is_never(child, in_request) or is_never(schemas.resolved(child), in_request)

    return [name for name in node.get("required", ()) if not is_closed(name)]


def name_patterns(rule: Node) -> list[str]:
    """What `propertyNames` asks of a name, as patterns: Draft 4 knows no such keyword, but it knows patterns."""
    found = [rule["pattern"]] if "pattern" in rule else []
    if "minLength" in rule or "maxLength" in rule:
        found.append(rf"^[\s\S]{{{rule.get('minLength', 0)},{rule.get('maxLength', '')}}}$")
    return found


def compile_json_schema(schemas: JsonSchemas, node: Node, in_request: bool) -> Callable[[Any], bool]:
    """A function that says whether a value of `strict_json.parse` satisfies the schema."""
    rewriting = _Rewriting(schemas, in_request)
    root = rewriting.node(node)
    return validator_of({"allOf": [root], "definitions": rewriting.finish()})


class _Rewriting:
    """The growing set of rewritten components of one schema."""

    def __init__(self, schemas: JsonSchemas, in_request: bool) -> None:
        self.schemas = schemas
        self.in_request = in_request
        self._wanted: dict[str, None] = {}

    def finish(self) -> dict[str, Any]:
        """Every component referred to, rewritten. Rewriting one may ask for others, until none is left."""
        done: dict[str, Any] = {}
        while len(done) < len(self._wanted):
            for name in list(self._wanted):
                if name not in done:
                    done[name] = self.node(self.schemas.components[name])
        return done

    def node(self, node: Any) -> dict[str, Any]:
        if node is True:
            return {}
        if is_never(node, self.in_request):
            return NEVER
        rewritten = {keyword: value for keyword, value in node.items() if keyword in KEPT - {"required"}}
        rules = [self._reference(node["$ref"])] if "$ref" in node else []
        if "const" in node:
            rules.append({"enum": [node["const"]]})
        rules += self._bounds(node)
        for pattern in name_patterns(node.get("propertyNames", {})):
            rules.append({"patternProperties": {pattern: {}}, "additionalProperties": False})
        self._add_members(node, rewritten)
        rules += [self.node(part) for part in node.get("allOf", ())]
        if "anyOf" in node:
            rewritten["anyOf"] = [self.node(part) for part in node["anyOf"]]
        if "not" in node:
            rewritten["not"] = self.node(node["not"])
        if "oneOf" in node:
            rules.append(self._choice(node))
        if rules:
            rewritten["allOf"] = rules
        return rewritten

    def _reference(self, ref: str) -> dict[str, Any]:
        name = name_of(ref)
        self._wanted.setdefault(name)
        return {"$ref": f"#/definitions/{name}"}

    def _bounds(self, node: Node) -> Iterator[dict[str, Any]]:
        if "exclusiveMinimum" in node:
            yield {"minimum": node["exclusiveMinimum"], "exclusiveMinimum": True}
        if "exclusiveMaximum" in node:
            yield {"maximum": node["exclusiveMaximum"], "exclusiveMaximum": True}
        form = node.get("format")
        if form in INTEGER_RANGES and "integer" in kinds_of(node):
            least, most = INTEGER_RANGES[form]
            yield {"minimum": least, "maximum": most}
        elif form in TEXT_FORMATS:
            yield {"format": f"capi-{form}"}

    def _add_members(self, node: Node, rewritten: dict[str, Any]) -> None:
        if "properties" in node:
            rewritten["properties"] = {name: self.node(child) for name, child in node["properties"].items()}
        if required := required_of(self.schemas, node, self.in_request):
            rewritten["required"] = required
        if "items" in node:
            rewritten["items"] = self.node(node["items"])
        others = node.get("additionalProperties")
        if others is not None:
            rewritten["additionalProperties"] = others if isinstance(others, bool) else self.node(others)
        if "unevaluatedProperties" in node:
            rewritten["properties"] = {
                **{name: {} for name in self.schemas.members(node)},
                **rewritten.get("properties", {}),
            }
            rewritten["additionalProperties"] = False

    def _choice(self, node: Node) -> dict[str, Any]:
        """One of the schemas: the one whose name the discriminator's property has, or exactly one that fits."""
        if "discriminator" not in node:
            return {"oneOf": [self.node(part) for part in node["oneOf"]]}
        field = node["discriminator"]["propertyName"]
        branches = [
            {"required": [field], "properties": {field: {"enum": [name]}}, "allOf": [self.node(part)]}
            for name, part in self.schemas.chosen(node).items()
        ]
        return {"type": "object", "anyOf": branches}
