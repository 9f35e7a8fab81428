"""The operations of a published spec, as documentation needs them: Swagger 2.0 and OpenAPI 3 read alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Node = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
JSON_BODY = "application/json"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter beside the body. `place`: path, query or header; `example`: a value a reader may send, or None."""

    name: str
    place: str
    required: bool
    example: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `path` is without the version's base path; `media_type` and `body` are None without a body."""

    operation_id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    secured: bool
    deprecated: bool
    parameters: tuple[Parameter, ...]
    media_type: str | None
    body: Any
    statuses: tuple[str, ...]


def operations(spec: Node) -> Iterator[Operation]:
    """Every operation in the order of the spec."""
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield _operation(spec, path, method, item)


def resolved(spec: Node, node: Node) -> Node:
    """The node a local $ref points to, however long the chain; another node itself. KeyError for a dead one."""
    while "$ref" in node:
        target: Any = spec
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def example_of(spec: Node, schema: Node, depth: int = 0) -> Any:
    """A value that the schema describes: its own example, or one put together from those of its parts."""
    schema = resolved(spec, schema)
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("enum"):
        return schema["enum"][0]
    if depth > 8:
        return None
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return example_of(spec, schema[key][0], depth + 1)
    return _put_together(spec, schema, depth)


def _put_together(spec: Node, schema: Node, depth: int) -> Any:
    merged: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        value = example_of(spec, part, depth + 1)
        merged |= value if isinstance(value, dict) else {}
    required = set(schema.get("required", ()))
    for name, part in schema.get("properties", {}).items():
        value = example_of(spec, part, depth + 1)
        if value is not None and (name in required or _says_example(spec, part)):
            merged[name] = value
    if merged or schema.get("properties") or schema.get("allOf"):
        return merged
    if "items" in schema:
        value = example_of(spec, schema["items"], depth + 1)
        return [] if value is None else [value]
    return {"string": "text", "integer": 1, "number": 1, "boolean": True, "object": {}}.get(_type(schema))


def _type(schema: Node) -> str | None:
    kinds = schema.get("type")
    return kinds[0] if isinstance(kinds, list) else kinds


def _says_example(spec: Node, part: Node) -> bool:
    return "example" in resolved(spec, part) or "examples" in resolved(spec, part)


def _operation(spec: Node, path: str, method: str, item: Node) -> Operation:
    node = item[method]
    given = [resolved(spec, each) for each in (*item.get("parameters", ()), *node.get("parameters", ()))]
    named = {(each["name"], each["in"]): each for each in given}
    media_type, body = _body(spec, node, list(named.values()))
    return Operation(
        operation_id=node["operationId"],
        method=method.upper(),
        path=path,
        tag=node.get("tags", ["Other"])[0],
        summary=node.get("summary", node["operationId"]),
        description=node.get("description", ""),
        secured=bool(node.get("security", spec.get("security"))),
        deprecated=bool(node.get("deprecated")),
        parameters=tuple(_parameter(spec, each) for each in named.values() if each["in"] != "body"),
        media_type=media_type,
        body=body,
        statuses=tuple(node["responses"]),
    )


def _parameter(spec: Node, node: Node) -> Parameter:
    schema = node.get("schema") or {key: value for key, value in node.items() if key != "required"}
    if "example" in node:
        schema = {"example": node["example"]}
    if node.get("examples"):
        schema = {"example": next(iter(node["examples"].values())).get("value")}
    example = node["x-example"] if "x-example" in node else example_of(spec, schema)
    return Parameter(node["name"], node["in"], bool(node.get("required")), example)


def _body(spec: Node, node: Node, parameters: list[Node]) -> tuple[str | None, Any]:
    for each in parameters:
        if each["in"] == "body":
            media_type = node.get("consumes", spec.get("consumes", [JSON_BODY]))[0]
            return media_type, example_of(spec, each["schema"])
    if "requestBody" not in node:
        return None, None
    media_type, content = next(iter(resolved(spec, node["requestBody"])["content"].items()))
    if "example" in content:
        return media_type, content["example"]
    if content.get("examples"):
        return media_type, resolved(spec, next(iter(content["examples"].values())))["value"]
    return media_type, example_of(spec, content["schema"])
