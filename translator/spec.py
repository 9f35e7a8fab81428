"""A version's published spec, bundled -> a table of compiled operations. Swagger 2.0 here, OpenAPI 3.1 in `openapi3`.

Everything a request needs from the spec is computed here, once, at the start: how each parameter is read and checked,
the validator of the body, the validators of the answers. What could not be enforced stops the start with a sentence.

Knows nothing of handlers, tokens and ASGI.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from translator.openapi3 import compile_openapi3, is_openapi3
from translator.parameters import compile_parameter, takes_several
from translator.schemas import Node, Schemas, SpecRefused
from translator.spec_rows import (
    KEPT_HEADERS,
    METHODS,
    Body,
    Parameter,
    Schema,
    SpecOperation,
    argument_name,
    check_names,
)
from translator.strict_json import JsonRefused, parse
from translator.validation_compiled import compile_schema
from translator.validation_explained import explain

SPEC_DEPTH_MAX = 100


def read_spec(path: Path) -> dict[str, Any]:
    """The spec's JSON; SpecRefused when the file is missing, unreadable or not strict JSON."""
    try:
        spec, _ = parse(path.read_bytes(), SPEC_DEPTH_MAX)
    except (OSError, JsonRefused) as problem:
        raise SpecRefused(f"The spec {path} cannot be read: {problem}. `make specs` writes it.") from problem
    return spec


def compile_operations(spec: Mapping[str, Any]) -> tuple[SpecOperation, ...]:
    """Every operation of the spec in its order; SpecRefused names the operation that cannot be served."""
    operations = tuple(compile_openapi3(spec) if is_openapi3(spec) else _Compiler(spec).operations())
    refuse_twins(operations)
    return operations


def refuse_twins(operations: Iterable[SpecOperation]) -> None:
    """SpecRefused when an operationId stands in a spec twice."""
    seen: set[str] = set()
    for operation in operations:
        if operation.operation_id in seen:
            raise SpecRefused(f"Operation {operation.operation_id} stands in the spec twice.")
        seen.add(operation.operation_id)


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
        check_names(operation)
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
        key=None if name in KEPT_HEADERS else argument_name(name),
        required=bool(node.get("required")),
        several=takes_several(node),
        parse=compile_parameter(node),
        header=name.lower().encode() if location == "header" else b"",
    )
