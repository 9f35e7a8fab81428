"""A minimal valid request for every operation, made from the published spec alone."""

from typing import Any

from translator.schemas import Schemas

from . import openapi3
from .sample_request import BY_FORMAT, SampleRequest

BY_PATTERN = {
    r"^[A-Z]{3}$": "RUB",
    r"^\d{12,19}$": "4242424242424242",
    r"^\d{2}\/(\d{2}|\d{4})$": "12/30",
    r"^\d{20}$": "4" * 20,
    r"^\d{9}$": "0" * 9,
    r"^\d{6}$": "424242",
    r"^\d{6,8}$": "42424242",
    r"^\d{0,4}$": "4242",
    r"^\d{1,3}$": "7",
    r"^\d{10,12}$": "9161234567",
    r"^\+\d{4,15}$": "+79161234567",
    r"^\d{3,4}$": "123",
    r"^[a-zA-Z0-9]{12}$": "012345678901",
    r"^[A-Za-z\s!-/:-@\[-`{-~]+$": "A HOLDER",
}


def sample_requests(spec: dict[str, Any]) -> dict[str, SampleRequest]:
    """One for each operationId of the spec."""
    if "openapi" in spec:
        return openapi3.sample_requests(spec)
    schemas = Schemas(spec)
    found = {}
    for template, item in spec["paths"].items():
        for method, node in item.items():
            if method == "parameters":
                continue
            nodes = [resolved(spec, one) for one in [*item.get("parameters", []), *node.get("parameters", [])]]
            found[node["operationId"]] = SampleRequest(
                node["operationId"],
                method.upper(),
                template,
                path={one["name"]: sample(schemas, one) for one in nodes if one["in"] == "path"},
                query={
                    one["name"]: sample(schemas, one) for one in nodes if one["in"] == "query" and one.get("required")
                },
                body=next((sample(schemas, one["schema"]) for one in nodes if one["in"] == "body"), None),
            )
    return found


def resolved(spec: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """A parameter, looked up where it is a reference."""
    return spec["parameters"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def sample(schemas: Schemas, node: Any) -> Any:
    """A value that satisfies a schema and has no member that need not be there."""
    if "$ref" in node:
        return sample(schemas, schemas.definition(node["$ref"]))
    if choosing := discriminated(schemas, node):
        return of_variant(schemas, choosing)
    if "allOf" in node or node.get("type") == "object" or "properties" in node:
        return sample_object(schemas, node)
    if node.get("type") == "array":
        return [sample(schemas, node["items"]) for _ in range(max(node.get("minItems", 0), 1))]
    return sample_scalar(node)


def discriminated(schemas: Schemas, node: Any) -> Any:
    """The part of a schema that chooses between definitions, when there is one."""
    return node if "discriminator" in node and schemas.choices(node) else None


def of_variant(schemas: Schemas, node: Any) -> dict[str, Any]:
    """The first variant that the contract names, or the first there is."""
    member = node["discriminator"]
    names = schemas.choices(node)
    named = [name for name in node.get("properties", {}).get(member, {}).get("enum", []) if name in names]
    chosen = (named or names)[0]
    return {**sample_object(schemas, schemas.definitions[chosen]), member: chosen}


def sample_object(schemas: Schemas, node: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for part in node.get("allOf", []):
        below = schemas.definition(part["$ref"]) if "$ref" in part else part
        made.update(sample_object(schemas, below))
    properties = node.get("properties", {})
    for name in schemas.required(node, True):
        made[name] = sample(schemas, properties[name]) if name in properties else made.get(name)
    return made


def sample_scalar(node: Any) -> Any:
    if "enum" in node:
        return node["enum"][0]
    if node["type"] in ("integer", "number"):
        return max(node.get("minimum", 1), 1)
    if node["type"] == "boolean":
        return True
    if "pattern" in node:
        return BY_PATTERN[node["pattern"]]
    return BY_FORMAT.get(node.get("format"), "x" * max(node.get("minLength", 1), 1))
