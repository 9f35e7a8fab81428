"""A published document, Swagger 2.0 or OpenAPI 3.1, read for those who want every operation and everything it takes."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.contract.openapi3 import Spec
from tests.contract.sample_requests import resolved, sample_scalar
from translator.schemas import Schemas

Node = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
TOKENS = "Tokens"
"""The tag of what only the second gateway of a version serves."""


class Parameter(NamedTuple):
    """`schema`: what its value may be."""

    name: str
    is_required: bool
    schema: Node


@dataclass(frozen=True)
class Operation:
    """One operation: what it takes, by the document's names. `path` begins with the version's own."""

    id: str
    method: str
    path: str
    in_path: tuple[str, ...]
    in_query: tuple[Parameter, ...]
    in_header: tuple[Parameter, ...]
    body: Node | None
    media_type: str
    is_of_tokens: bool

    def takes(self, header: str) -> bool:
        """Whether the document names such a header."""
        return any(one.name == header for one in self.in_header)


@dataclass(frozen=True)
class Published:
    """`variants`: (schema, members that choose it) of each variant there is, none where there is one form only."""

    operations: tuple[Operation, ...]
    resolved: Callable[[Node], Node]
    variants: Callable[[Node], list[tuple[Node, dict[str, Any]]]]
    scalar: Callable[[Node], Any]
    is_read_only: Callable[[Node], bool]

    def operation(self, id: str) -> Operation:
        """By its operationId. Raises StopIteration where there is none."""
        return next(one for one in self.operations if one.id == id)


@cache
def published(file: Path) -> Published:
    """The document of a file."""
    document = json.loads(file.read_text(encoding="utf-8"))
    return modern(document) if "openapi" in document else classic(document)


def classic(document: Node) -> Published:
    """Swagger 2.0: a discriminator chooses definitions by their names."""
    schemas = Schemas(document)

    def look(node: Node) -> Node:
        while "$ref" in node:
            node = schemas.definition(node["$ref"])
        return node

    def variants(node: Node) -> list[tuple[Node, dict[str, Any]]]:
        member = node.get("discriminator")
        return [(schemas.definitions[name], {member: name}) for name in schemas.choices(node)] if member else []

    found = []
    for path, method, node, parameters in entries(document, lambda one: resolved(document, one)):
        body = next((one["schema"] for one in parameters if one["in"] == "body"), None)
        listed = [(one["in"], Parameter(one["name"], bool(one.get("required")), one)) for one in parameters]
        found.append(
            operation(document["basePath"] + path, method, node, listed, body, "application/json; charset=utf-8")
        )
    return Published(tuple(found), look, variants, sample_scalar, schemas.is_read_only)


def modern(document: Node) -> Published:
    """OpenAPI 3.1: variants are schemas of their own."""
    spec = Spec(document)
    prefix, found = document["servers"][0]["url"], []
    for path, method, node, parameters in entries(document, spec.resolved):
        media_type, body = spec.body(node) or ("", None)
        listed = [(one["in"], Parameter(one["name"], bool(one.get("required")), one["schema"])) for one in parameters]
        found.append(operation(prefix + path, method, node, listed, body, media_type))

    def variants(node: Node) -> list[tuple[Node, dict[str, Any]]]:
        return [(one, {}) for one in node.get("oneOf", ())]

    return Published(tuple(found), spec.resolved, variants, spec.sample, lambda node: bool(node.get("readOnly")))


def entries(document: Node, look: Callable[[Any], Any]) -> Iterator[tuple[str, str, Node, list[Node]]]:
    """(path, method, operation, its parameters) of a document of either format."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                named = [*item.get("parameters", []), *item[method].get("parameters", [])]
                yield path, method, item[method], [look(one) for one in named]


def operation(
    path: str, method: str, node: Node, listed: list[tuple[str, Parameter]], body: Node | None, media_type: str
) -> Operation:
    """An operation of either format. `listed`: each parameter with where it stands."""

    def those(place: str) -> tuple[Parameter, ...]:
        return tuple(one for where, one in listed if where == place)

    return Operation(
        id=node["operationId"], method=method.upper(), path=path, in_path=tuple(one.name for one in those("path")),
        in_query=those("query"), in_header=those("header"), body=body, media_type=media_type,
        is_of_tokens=TOKENS in node.get("tags", ()),
    )  # fmt: skip


def is_text(node: Node) -> bool:
    """Whether a value is a text of the caller's own."""
    kind = node.get("type")
    return (
        "enum" not in node and "const" not in node and (kind == "string" or (type(kind) is list and "string" in kind))
    )
