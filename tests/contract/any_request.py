"""Strategies for any request that the published spec lets through, made from the spec alone."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from translator.formats import INTEGER_RANGES
from translator.schemas import Schemas

from . import openapi3
from .sample_request import BY_FORMAT, SampleRequest
from .sample_requests import BY_PATTERN, resolved

TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
NESTING_MAX = 6
# Values at the edges of formats; each must be one that the format allows.
EDGES = {
    "date-time": [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "2026-02-28t23:59:59+14:00",
        "2026-03-02T12:00:00.1-00:30",
    ],
    "ip-address": ["192.0.2.7", "2001:db8::1"],
    "uri": ["urn:x:y", "https://shop.example/?a=b#c", "https://shop.example/%20"],
    "email": ['"a b"@shop.example', "a@b.c"],
}
# Other texts that the patterns of the contracts allow.
OTHERS = {
    r"^\d{12,19}$": ["0" * 12, "9" * 19],
    r"^\d{2}\/(\d{2}|\d{4})$": ["99/99", "00/0000", "12/9999"],
    r"^\d{0,4}$": ["", "1"],
    r"^\d{1,3}$": ["999"],
    r"^\d{10,12}$": ["0" * 12],
    r"^\+\d{4,15}$": ["+0000", "+999999999999999"],
    r"^[A-Z]{3}$": ["ZZZ"],
}


def requests(spec: dict[str, Any], sample: SampleRequest) -> st.SearchStrategy[SampleRequest]:
    """Requests of one operation: any body, any query with any of the optional parameters; the path of the sample."""
    if "openapi" in spec:
        return openapi3.any_requests(spec, sample)
    schemas = Schemas(spec)
    item = spec["paths"][sample.template]
    node = item[sample.method.lower()]
    nodes = [resolved(spec, one) for one in [*item.get("parameters", []), *node.get("parameters", [])]]
    query = st.fixed_dictionaries(
        {one["name"]: values(schemas, one) for one in nodes if one["in"] == "query" and one.get("required")},
        optional={
            one["name"]: values(schemas, one) for one in nodes if one["in"] == "query" and not one.get("required")
        },
    )
    bodies = [values(schemas, one["schema"]) for one in nodes if one["in"] == "body"]
    return st.builds(
        lambda query, body: sample.changed(query=query, body=body), query, bodies[0] if bodies else st.none()
    )


def values(schemas: Schemas, node: Any, depth: int = 0, chosen: frozenset[str] = frozenset()) -> st.SearchStrategy[Any]:
    """Any value of a schema; what need not be there is there no deeper than some levels.

    `chosen`: the discriminators that have been decided for this very value, higher up in its allOf.
    """
    if "$ref" in node:
        return values(schemas, schemas.definition(node["$ref"]), depth, chosen)
    member = node.get("discriminator")
    if member and member not in chosen and (names := allowed(schemas, node)):
        return st.sampled_from(names).flatmap(lambda name: variant(schemas, member, name, depth, chosen | {member}))
    if "allOf" in node or node.get("type") == "object" or "properties" in node:
        return objects(schemas, node, depth, chosen)
    if node.get("type") == "array":
        least = node.get("minItems", 0)
        return st.lists(values(schemas, node["items"], depth + 1), min_size=least, max_size=max(least, 2))
    return scalars(node)


def allowed(schemas: Schemas, node: Any) -> list[str]:
    """The names that a discriminator may say: those of definitions, and of the contract's list where it has one."""
    listed = node.get("properties", {}).get(node["discriminator"], {}).get("enum")
    return [name for name in schemas.choices(node) if listed is None or name in listed]


@cache
def variant(
    schemas: Schemas, member: str, name: str, depth: int, chosen: frozenset[str]
) -> st.SearchStrategy[dict[str, Any]]:
    own = objects(schemas, schemas.definitions[name], depth, chosen)
    return own.map(lambda made: {**made, member: name})


def objects(schemas: Schemas, node: Any, depth: int, chosen: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    """A schema's own members and those of the parts of its allOf; read-only ones are never sent."""
    if not node.get("properties") and not node.get("allOf"):
        return st.dictionaries(st.text(TEXT, max_size=5), st.integers(-9, 9) | st.text(TEXT, max_size=5), max_size=2)
    required = set(schemas.required(node, True)) - chosen
    members = {
        name: values(schemas, one, depth + 1)
        for name, one in node.get("properties", {}).items()
        if name not in chosen and (name in required or not (never_sent(schemas, one) or depth >= NESTING_MAX))
    }
    own = st.fixed_dictionaries(
        {name: one for name, one in members.items() if name in required},
        optional={name: one for name, one in members.items() if name not in required},
    )
    parts = [values(schemas, part, depth, chosen) for part in node.get("allOf", [])]
    return st.tuples(own, *parts).map(merged) if parts else own


def merged(parts: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {name: value for one in reversed(parts) for name, value in one.items()}


def never_sent(schemas: Schemas, node: Any) -> bool:
    """Whether the server alone writes it, said by the schema or by a part of its allOf."""
    return schemas.is_read_only(node) or any(never_sent(schemas, part) for part in node.get("allOf", []))


@cache
def edge_texts(form: str) -> tuple[str, ...]:
    return (BY_FORMAT[form], *EDGES.get(form, ()))


def scalars(node: Any) -> st.SearchStrategy[Any]:
    if "enum" in node:
        return st.sampled_from(node["enum"])
    kind = node["type"]
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        least, most = INTEGER_RANGES[node.get("format", "int64")]
        least, most = max(least, node.get("minimum", least)), min(most, node.get("maximum", most))
        return st.integers(least, most) | st.sampled_from([least, most])
    if "pattern" in node:
        return st.sampled_from([BY_PATTERN[node["pattern"]], *OTHERS.get(node["pattern"], [])])
    if node.get("format") in BY_FORMAT:
        return st.sampled_from(edge_texts(node["format"]))
    return st.text(TEXT, min_size=node.get("minLength", 0), max_size=min(node.get("maxLength", 50), 50))
