"""The definitions of one spec as a graph: what a `$ref` means, and which definitions a `discriminator` may choose.

Swagger 2.0 semantics: the value of a discriminator is the name of a concrete definition that reaches, by `allOf`, the
definition which carries the discriminator. `validation_compiled` and `validation_explained` both read this graph, so
that they cannot disagree about it.

Knows nothing of requests, values or messages.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]
DEFINITION = "#/definitions/"

CHECKED = {
    "$ref",
    "type",
    "enum",
    "discriminator",
    "format",
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
    "items",
    "minProperties",
    "maxProperties",
    "properties",
    "required",
    "additionalProperties",
    "allOf",
    "readOnly",
}
FOR_READERS = {
    "description",
    "title",
    "example",
    "default",
    "externalDocs",
    "xml",
}


class SpecRefused(ValueError):
    """The spec, or what is paired with it, cannot be served; the message is a sentence that names the place."""


class Schemas:
    """`Schemas(spec)`: checks every definition once; SpecRefused names a keyword that would not be enforced."""

    def __init__(self, spec: Node) -> None:
        self.definitions: Mapping[str, Node] = spec.get("definitions", {})
        for name, node in self.definitions.items():
            self.check(node, DEFINITION + name)
        self._bases = {name: set(self._all_of_names(node)) for name, node in self.definitions.items()}
        self._home = self._discriminator_homes()
        self._choices: dict[int, list[str]] = {}

    def definition(self, ref: str) -> Node:
        """The node that a `$ref` text points to; SpecRefused when there is none."""
        name = self.name_of(ref)
        if name not in self.definitions:
            raise SpecRefused(f"The spec refers to {ref}, which does not exist.")
        return self.definitions[name]

    @staticmethod
    def name_of(ref: str) -> str:
        """The definition's name in a `$ref` text."""
        if not ref.startswith(DEFINITION):
            raise SpecRefused(f"The spec refers to {ref}; schemas may refer only to {DEFINITION}...")
        return ref.removeprefix(DEFINITION)

    def is_read_only(self, node: Node) -> bool:
        """Whether a property with this schema is the server's to write."""
        while True:
            if node.get("readOnly"):
                return True
            if "$ref" not in node:
                return False
            node = self.definition(node["$ref"])

    def required(self, node: Node, in_request: bool) -> list[str]:
        """Properties that must be there. A property nobody may send is not required in a request."""
        names = node.get("required", [])
        if not in_request:
            return list(names)
        properties = node.get("properties", {})
        return [name for name in names if not (name in properties and self.is_read_only(properties[name]))]

    def members(self, node: Node) -> frozenset[str]:
        """Names of the properties a value may have by this schema, those of its allOf parts among them."""
        if "$ref" in node:
            return self.members(self.definition(node["$ref"]))
        own = frozenset(node.get("properties", {}))
        return own.union(*(self.members(part) for part in node.get("allOf", [])))

    def choices(self, node: Node) -> list[str]:
        """Definition names that the discriminator of `node` may take as its value, in the order of the spec."""
        known = self._choices.get(id(node))
        if known is None:
            known = self._choices[id(node)] = self._find_choices(node)
        return known

    def _find_choices(self, node: Node) -> list[str]:
        home = self._home.get(id(node))
        if home is not None:
            return [name for name in self.definitions if self._reaches(name, home)]
        # An anonymous copy of a polymorphic schema inside a property: nothing can reach it by allOf, so the
        # definitions meant are those of its named twin, which has the same discriminator.
        field = node["discriminator"]
        twins = {name for other, name in self._home.items() if self._discriminators[other] == field}
        return [name for name in self.definitions if any(self._reaches(name, twin) for twin in twins)]

    def check(self, node: Node, place: str) -> None:
        """SpecRefused if `node` holds a keyword that validation would silently pass over, or a bad `$ref`."""
        if not isinstance(node, Mapping):
            raise SpecRefused(f"{place} is not a schema.")
        for keyword in node:
            if keyword not in CHECKED and keyword not in FOR_READERS and not keyword.startswith("x-"):
                raise SpecRefused(f"{place} uses the keyword {keyword!r}, which would not be enforced.")
        if "$ref" in node:
            self.definition(node["$ref"])
            return
        for step, child in children(node):
            self.check(child, f"{place}/{step}")

    def _all_of_names(self, node: Node) -> Iterator[str]:
        for part in node.get("allOf", []):
            if "$ref" in part:
                yield self.name_of(part["$ref"])
            else:
                yield from self._all_of_names(part)

    def _discriminator_homes(self) -> dict[int, str]:
        """Which definition a discriminator belongs to: the one whose top level, or inline allOf part, carries it."""
        self._discriminators: dict[int, str] = {}
        homes: dict[int, str] = {}
        for name, node in self.definitions.items():
            for part in own_parts(node):
                if "discriminator" in part:
                    homes[id(part)] = name
                    self._discriminators[id(part)] = part["discriminator"]
        return homes

    def _reaches(self, name: str, home: str) -> bool:
        bases = self._bases.get(name, set())
        return home in bases or any(self._reaches(base, home) for base in bases)


def own_parts(node: Node) -> Iterator[Node]:
    """The node and its inline allOf parts: all that is said about the same value without a `$ref`."""
    yield node
    for part in node.get("allOf", []):
        if "$ref" not in part:
            yield from own_parts(part)


def children(node: Node) -> Iterator[tuple[str, Node]]:
    """The schemas directly inside `node`, each with its place."""
    for name, child in node.get("properties", {}).items():
        yield f"properties/{name}", child
    for number, child in enumerate(node.get("allOf", [])):
        yield f"allOf/{number}", child
    if "items" in node:
        yield "items", node["items"]
    if isinstance(node.get("additionalProperties"), Mapping):
        yield "additionalProperties", node["additionalProperties"]
