"""A version's published spec (Swagger 2.0, bundled) -> a table of compiled operations.

Everything a request needs from the spec is computed here, once, at the start: how each parameter is read and checked,
the validator of the body, the validators of the answers. What could not be enforced stops the start with a sentence.

Knows nothing of handlers, tokens and ASGI.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from translator.parameters import compile_parameter, takes_several
from translator.schemas import Node, Schemas, SpecRefused
from translator.strict_json import JsonRefused, parse
from translator.validation_compiled import compile_schema
from translator.validation_explained import explain

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
SPEC_DEPTH_MAX = 100
GATEWAY_HEADERS = {"X-Request-ID", "X-Request-Deadline", "Authorization"}
"""Headers that the gateway itself lives by; they are not handed to operations."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A header, path or query parameter. `key`: the handler's argument, None when the gateway keeps it."""

    name: str
    location: str
    key: str | None
    required: bool
    several: bool
    parse: Callable[[Any], Any]
    header: bytes = b""


@dataclass(frozen=True, slots=True)
class Schema:
    """A body's schema compiled. `name`: the definition's, by which violations call the body."""

    name: str
    members: frozenset[str]
    is_valid: Callable[[Any], bool]
    explain: Callable[[Any], str | None]
    node: Node = field(repr=False)


@dataclass(frozen=True, slots=True)
class Body:
    """The body parameter."""

    key: str
    required: bool
    schema: Schema


@dataclass(frozen=True, slots=True)
class SpecOperation:
    """One operationId. `before` and `after` are the parameters that stand before and after the body in the spec.

    `answers`: status -> schema of its body, None where the body must be empty.
    """

    operation_id: str
    method: str
    template: str
    tags: tuple[str, ...]
    secured: bool
    media_types: tuple[str, ...]
    before: tuple[Parameter, ...]
    body: Body | None
    after: tuple[Parameter, ...]
    answers: Mapping[int, Schema | None] = field(repr=False)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self.before + self.after

    def keys(self) -> list[str]:
        """The arguments its handler is called with."""
        body = [self.body.key] if self.body else []
        return [parameter.key for parameter in self.parameters if parameter.key] + body


def read_spec(path: Path) -> dict[str, Any]:
    """The spec's JSON; SpecRefused when the file is missing, unreadable or not strict JSON."""
    try:
        spec, _ = parse(path.read_bytes(), SPEC_DEPTH_MAX)
    except (OSError, JsonRefused) as problem:
        raise SpecRefused(f"The spec {path} cannot be read: {problem}. `make specs` writes it.") from problem
    return spec


def compile_operations(spec: Mapping[str, Any]) -> tuple[SpecOperation, ...]:
    """Every operation of the spec in its order; SpecRefused names the operation that cannot be served."""
    compiler = _Compiler(spec)
    operations = tuple(compiler.operations())
    seen: set[str] = set()
    for operation in operations:
        if operation.operation_id in seen:
            raise SpecRefused(f"Operation {operation.operation_id} stands in the spec twice.")
        seen.add(operation.operation_id)
    return operations


class _Compiler:
    """The spec being compiled; schemas used by several operations are compiled once."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = spec
        self.schemas = Schemas(spec)
        self._compiled: dict[tuple[int, bool], Schema] = {}

    def operations(self) -> Iterator[SpecOperation]:
        for template, item in self.spec["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self.operation(template, method, item)

    def operation(self, template: str, method: str, item: Node) -> SpecOperation:
        node = item[method]
        operation_id = node.get("operationId")
        if not operation_id:
            raise SpecRefused(f"{method.upper()} {template} has no operationId.")
        try:
            return self._operation(operation_id, template, method, node, item)
        except SpecRefused as problem:
            raise SpecRefused(f"Operation {operation_id}: {problem}") from problem

    def _operation(self, operation_id: str, template: str, method: str, node: Node, item: Node) -> SpecOperation:
        nodes = self._parameter_nodes(node, item)
        places = [number for number, one in enumerate(nodes) if one["in"] == "body"]
        cut = places[0] if places else len(nodes)
        operation = SpecOperation(
            operation_id=operation_id,
            method=method.upper(),
            template=template,
            tags=tuple(node.get("tags", ())),
            secured=bool(node.get("security", self.spec.get("security", ()))),
            media_types=tuple(node.get("consumes", self.spec.get("consumes", ["application/json"]))),
            before=tuple(map(_parameter, nodes[:cut])),
            body=self._body(nodes[cut]) if places else None,
            after=tuple(map(_parameter, nodes[cut + 1 :])),
            answers=self._answers(node),
        )
        _check_names(operation)
        return operation

    def _parameter_nodes(self, node: Node, item: Node) -> list[Node]:
        """In the order of the spec; the operation's own parameter replaces the path's of the same name and place."""
        found: dict[tuple[str, str], Node] = {}
        for one in [*item.get("parameters", []), *node.get("parameters", [])]:
            one = self._resolved(one, "parameters")
            found[one["name"], one["in"]] = one
        return list(found.values())

    def _resolved(self, node: Node, kind: str) -> Node:
        if "$ref" not in node:
            return node
        prefix = f"#/{kind}/"
        name = node["$ref"].removeprefix(prefix)
        if not node["$ref"].startswith(prefix) or name not in self.spec.get(kind, {}):
            raise SpecRefused(f"{node['$ref']} does not exist.")
        return self.spec[kind][name]

    def _body(self, node: Node) -> Body:
        schema = self.schema(node["schema"], True, node["name"])
        return Body(argument_name(node["name"]), bool(node.get("required")), schema)

    def _answers(self, node: Node) -> dict[int, Schema | None]:
        answers: dict[int, Schema | None] = {}
        for status, answer in node["responses"].items():
            answer = self._resolved(answer, "responses")
            schema = answer.get("schema")
            answers[int(status)] = self.schema(schema, False, f"the {status} answer") if schema else None
        return answers

    def schema(self, node: Node, in_request: bool, place: str) -> Schema:
        """Named after its definition, or after its place when it has none."""
        self.schemas.check(node, place)
        name = self.schemas.name_of(node["$ref"]) if "$ref" in node else place
        key = (id(self.schemas.definitions[name]) if "$ref" in node else id(node), in_request)
        if key not in self._compiled:
            self._compiled[key] = Schema(
                name,
                self.schemas.members(node),
                compile_schema(self.schemas, node, in_request),
                lambda value: explain(self.schemas, node, value, in_request),
                node,
            )
        return self._compiled[key]


def _parameter(node: Node) -> Parameter:
    name, location = node["name"], node["in"]
    if location not in ("header", "path", "query"):
        raise SpecRefused(f"Parameter {name} stands in {location!r}, which is not supported.")
    return Parameter(
        name=name,
        location=location,
        key=None if name in GATEWAY_HEADERS else argument_name(name),
        required=bool(node.get("required")),
        several=takes_several(node),
        parse=compile_parameter(node),
        header=name.lower().encode() if location == "header" else b"",
    )


def _check_names(operation: SpecOperation) -> None:
    keys = operation.keys()
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise SpecRefused(f"two parameters are called {twice[0]}.")
    in_template = set(re.findall(r"{([^}]*)}", operation.template))
    in_path = {parameter.name for parameter in operation.parameters if parameter.location == "path"}
    if in_template != in_path:
        raise SpecRefused(f"its path {operation.template} and its path parameters {sorted(in_path)} do not agree.")


def argument_name(name: str) -> str:
    """invoiceID -> invoice_id, getInvoiceByID -> get_invoice_by_id, geoIDs -> geo_ids, X-Thing -> x_thing."""
    words = re.sub(r"IDs", "Ids", name.replace("-", "_"))
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", words)
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words)
    return words.lower()
