"""A version's published spec in OpenAPI 3.1, bundled -> the same table of compiled operations as `spec` makes of
Swagger 2.0, with what a version needs that names every violation at once.

Reads requestBody, components, content types and 3.1 schemas; `webhooks` and links are for readers. The argument of an
operation for its body is called after the body's schema: OpenAPI 3 gives a body no name of its own.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from translator.json_faults import faults_of
from translator.json_schemas import JsonSchemas, compile_json_schema, kinds_of, name_of
from translator.parameters import compile_parameter, takes_several
from translator.schemas import Node, SpecRefused
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

RATE_CLASSES = ("read", "write", "money", "search")
FOR_READERS = {"description", "title", "example", "examples", "default", "deprecated"}
IF_MATCH = "If-Match"
ONLY_JSON = ("application/json",)


def is_openapi3(spec: Mapping[str, Any]) -> bool:
    """Whether this module reads the spec."""
    return str(spec.get("openapi", "")).startswith("3.1.")


def compile_openapi3(spec: Mapping[str, Any]) -> Iterator[SpecOperation]:
    """Every operation in its order; SpecRefused names the operation that cannot be served."""
    compiler = _Compiler(spec)
    for template, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield compiler.operation(template, method, item)


def base_path_of(spec: Mapping[str, Any]) -> str:
    """Where the operations hang: the path of the first server."""
    return spec["servers"][0]["url"].rstrip("/")


def view_for_connexion(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Paths, operationIds, path parameters and security as an OpenAPI 3.0 document: connexion refuses 3.1."""
    return {
        "openapi": "3.0.3",
        "info": {"title": spec["info"]["title"], "version": spec["info"]["version"]},
        "servers": [{"url": base_path_of(spec)}],
        "paths": {template: _item_for_connexion(template, item) for template, item in spec["paths"].items()},
    }


def _item_for_connexion(template: str, item: Node) -> dict[str, Any]:
    names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return {
        method: {
            "operationId": item[method]["operationId"],
            "parameters": parameters,
            "responses": {"default": {"description": "see the spec"}},
        }
        for method in METHODS
        if method in item
    }


class _Compiler:
    """The spec being compiled; schemas used by several operations are compiled once."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = spec
        self.schemas = JsonSchemas(spec)
        self._compiled: dict[tuple[Any, bool], Schema] = {}

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
        answers = {status: self._answer(status, answer) for status, answer in self._exact_answers(node)}
        nodes = self._parameter_nodes(node, item)
        body = self._resolved(node["requestBody"], "requestBodies") if "requestBody" in node else None
        operation = SpecOperation(
            operation_id=operation_id,
            method=method.upper(),
            template=template,
            tags=tuple(node.get("tags", ())),
            secured=bool(node.get("security", self.spec.get("security", ()))),
            media_types=tuple(body["content"]) if body else ONLY_JSON,
            before=tuple(map(self._parameter, nodes)),
            body=self._body(body, f"{operation_id}Body") if body else None,
            after=(),
            answers={status: schema for status, (_, schema) in answers.items()},
            content_types={status: kind for status, (kind, _) in answers.items() if kind},
            rate_class=_rate_class(method, node),
            query_names=frozenset(one["name"] for one in nodes if one["in"] == "query"),
            needs_match=any(one["name"] == IF_MATCH and one.get("required") for one in nodes),
        )
        check_names(operation)
        return operation

    def _parameter_nodes(self, node: Node, item: Node) -> list[Node]:
        """In the order of the spec, path parameters first; the operation's own replaces the path's of the same name."""
        found: dict[tuple[str, str], Node] = {}
        for one in [*item.get("parameters", []), *node.get("parameters", [])]:
            one = self._resolved(one, "parameters")
            found[one["name"], one["in"]] = one
        return list(found.values())

    def _resolved(self, node: Node, kind: str) -> Node:
        if "$ref" not in node:
            return node
        prefix = f"#/components/{kind}/"
        name = node["$ref"].removeprefix(prefix)
        known = self.spec.get("components", {}).get(kind, {})
        if not node["$ref"].startswith(prefix) or name not in known:
            raise SpecRefused(f"{node['$ref']} does not exist.")
        return known[name]

    def _parameter(self, node: Node) -> Parameter:
        name, location, schema = node["name"], node["in"], self.schemas.resolved(node["schema"])
        if location not in ("header", "path", "query"):
            raise SpecRefused(f"Parameter {name} stands in {location!r}, which is not supported.")
        self.schemas.check(schema, f"Parameter {name}")
        plain = _plain_parameter(node, schema)
        return Parameter(
            name=name,
            location=location,
            key=None if name in KEPT_HEADERS else argument_name(name),
            # A precondition that is missing is 428, not a violation: `needs_match` says so of the operation.
            required=bool(node.get("required")) and name != IF_MATCH,
            several=takes_several(plain),
            parse=compile_parameter(plain),
            header=name.lower().encode() if location == "header" else b"",
            faults=partial(faults_of, self.schemas, schema, in_request=True, place=location),
            as_json=partial(_as_json, self.schemas, schema),
            default=schema.get("default"),
        )

    def _body(self, node: Node, place: str) -> Body:
        schemas = [content["schema"] for content in node["content"].values()]
        if any(schema != schemas[0] for schema in schemas):
            raise SpecRefused("its body has another schema for another content type, which is not supported.")
        schema = self._schema(schemas[0], True, place)
        return Body(argument_name(schema.name), bool(node.get("required")), schema)

    def _exact_answers(self, node: Node) -> Iterator[tuple[int, Node]]:
        """The answers with a status of their own; `5XX` and `default` say what all versions do: the cat."""
        for status, answer in node["responses"].items():
            if str(status).isdigit():
                yield int(status), self._resolved(answer, "responses")

    def _answer(self, status: int, node: Node) -> tuple[str | None, Schema | None]:
        content = node.get("content", {})
        if len(content) > 1:
            raise SpecRefused(f"its answer {status} has several content types, which is not supported.")
        for kind, media in content.items():
            return kind, self._schema(media["schema"], False, f"the {status} answer")
        return None, None

    def _schema(self, node: Node, in_request: bool, place: str) -> Schema:
        """Named after its component, or after its place when it has none."""
        self.schemas.check(node, place)
        name = name_of(node["$ref"]) if "$ref" in node else place
        key = (name if "$ref" in node else id(node), in_request)
        if key not in self._compiled:
            faults = partial(faults_of, self.schemas, node, in_request=in_request)
            self._compiled[key] = Schema(
                name,
                self.schemas.members(node),
                compile_json_schema(self.schemas, node, in_request),
                partial(_sentence, faults),
                node,
                faults,
            )
        return self._compiled[key]


def _sentence(faults: Any, value: Any) -> str | None:
    """The first broken rule in words; None for a valid value."""
    fault = next(faults(value), None)
    return fault and f"{fault.pointer or '/'}: {fault.rule}, expected {fault.expected}, got {fault.got}"


def _plain_parameter(node: Node, schema: Node) -> dict[str, Any]:
    """The parameter in the words of Swagger 2.0, which `parameters` compiles."""
    plain = {keyword: value for keyword, value in schema.items() if keyword not in FOR_READERS}
    for bound, keyword in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if keyword in plain:
            plain |= {bound: plain[keyword], keyword: True}
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    if plain.get("type") == "array":
        plain["items"] = {key: value for key, value in plain.get("items", {}).items() if key not in FOR_READERS}
        plain["collectionFormat"] = "multi" if node.get("explode", node["in"] == "query") else "csv"
    return {**plain, "name": node["name"], "in": node["in"], "required": node.get("required", False)}


def _as_json(schemas: JsonSchemas, schema: Node, text: Any) -> Any:
    """The texts of a parameter as the value they seem to stand for; as themselves where they stand for none."""
    kinds = kinds_of(schema)
    if "array" in kinds:
        texts = text if isinstance(text, list) else text.split(",")
        return [_as_json(schemas, schemas.resolved(schema.get("items", {})), each) for each in texts]
    try:
        return text if "string" in kinds or not kinds else parse(text.encode(), 1)[0]
    except JsonRefused:
        return text


def _rate_class(method: str, node: Node) -> str:
    """Which of the caller's limits a request counts against: `x-rate-class`, else by the method."""
    name = node.get("x-rate-class", "read" if method == "get" else "write")
    if name not in RATE_CLASSES:
        raise SpecRefused(f"x-rate-class is one of {', '.join(RATE_CLASSES)}, not {name!r}.")
    return name
