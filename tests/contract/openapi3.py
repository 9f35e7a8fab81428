"""OpenAPI 3 specs for the tests: a minimal valid request of every operation, and strategies for any valid one.

Made from the published text alone and read in its own way, so that a mistake of the gateway's reader is not made twice.
"""

from typing import Any

from hypothesis import strategies as st

from .sample_request import BY_FORMAT, SampleRequest

METHODS = ("get", "post", "put", "patch", "delete")
TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
INT64 = 2**63 - 1
BY_PATTERN = {
    "^[A-Z]{3}$": "RUB",
    "^[0-9]{12,19}$": "4242424242424242",
    "^evt_(0|[1-9][0-9]{0,17})$": "evt_7",
    "^[!-~]+$": "order-2041",
    r"^(\*|[a-z]+\.(\*|[a-zA-Z]+))$": "payment.captured",
}
BY_PREFIX = {"^shp_": "shp_TESTSHOP", "^inv_": "inv_inv1", "^pay_": "pay_inv1.1", "^tok_": "tok_v2.x~y"}
# Values at the edges of formats; each must be one that the format allows.
EDGES = {
    "date-time": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-02-28t23:59:59+14:00"],
    "ip-address": ["2001:db8::1"],
    "uri": ["urn:x:y", "https://shop.example/?a=b#c"],
    "email": ["a@b.c"],
}


class Spec:
    """A document whose references are looked up on the way."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        """The node, or what it refers to with its own words on top."""
        while "$ref" in node:
            found = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def operations(self) -> Any:
        """(template, method, operation, its parameters)."""
        for template, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    listed = [*item.get("parameters", []), *item[method].get("parameters", [])]
                    yield template, method, item[method], [self.resolved(one) for one in listed]

    def body(self, operation: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """Media type and schema of the body."""
        content = operation.get("requestBody", {}).get("content", {})
        return next(((media, node["schema"]) for media, node in content.items()), None)

    def sample(self, node: dict[str, Any]) -> Any:
        """A value that satisfies a schema and has no member that need not be there."""
        node = self.resolved(node)
        if "oneOf" in node:
            return self.sample(node["oneOf"][0])
        kind = kind_of(node)
        if "const" in node or "enum" in node:
            return node["const"] if "const" in node else node["enum"][0]
        if kind == "object":
            return {name: self.sample(node["properties"][name]) for name in node.get("required", [])}
        if kind == "array":
            return [self.sample(node["items"])]
        if kind == "string":
            return sample_text(node)
        return True if kind == "boolean" else max(node.get("minimum", 1), 1)

    def values(self, node: dict[str, Any]) -> st.SearchStrategy[Any]:
        """Any value of a schema."""
        node = self.resolved(node)
        if "oneOf" in node:
            return st.one_of([self.values(one) for one in node["oneOf"]])
        if "const" in node or "enum" in node:
            return st.sampled_from(node.get("enum") or [node["const"]])
        made = KINDS[kind_of(node)](self, node)
        return st.none() | made if "null" in node.get("type", ()) and isinstance(node["type"], list) else made


def kind_of(node: dict[str, Any]) -> str:
    kind = node.get("type")
    return next(one for one in kind if one != "null") if isinstance(kind, list) else kind


def sample_text(node: dict[str, Any]) -> str:
    pattern = node.get("pattern", "")
    if pattern in BY_PATTERN:
        return BY_PATTERN[pattern]
    for prefix, value in BY_PREFIX.items():
        if pattern.startswith(prefix):
            return value
    return BY_FORMAT.get(node.get("format"), "x" * max(node.get("minLength", 1), 1))


def objects(spec: Spec, node: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in node:
        return st.dictionaries(st.text(TEXT, max_size=5), st.integers(-9, 9) | st.text(TEXT, max_size=5), max_size=2)
    required = set(node.get("required", []))
    members = {name: spec.values(one) for name, one in node["properties"].items()}
    made = st.fixed_dictionaries(
        {name: one for name, one in members.items() if name in required},
        optional={name: one for name, one in members.items() if name not in required},
    )
    return made.filter(lambda value: len(value) >= node.get("minProperties", 0))


def arrays(spec: Spec, node: dict[str, Any]) -> st.SearchStrategy[list[Any]]:
    least = node.get("minItems", 0)
    most = min(max(least, 2), node.get("maxItems", 2))
    unique = (lambda value: repr(value)) if node.get("uniqueItems") else None
    return st.lists(spec.values(node["items"]), min_size=least, max_size=most, unique_by=unique)


def integers(spec: Spec, node: dict[str, Any]) -> st.SearchStrategy[int]:
    least, most = node.get("minimum", -INT64 - 1), node.get("maximum", INT64)
    return st.integers(least, most) | st.sampled_from([least, most])


def texts(spec: Spec, node: dict[str, Any]) -> st.SearchStrategy[str]:
    least, most = node.get("minLength", 0), node.get("maxLength", 50)
    if "pattern" in node:
        return st.from_regex(node["pattern"].removesuffix("$") + r"\Z", fullmatch=True).filter(
            lambda text: least <= len(text) <= most or "maxLength" not in node
        )
    if node.get("format") in BY_FORMAT:
        return st.sampled_from([BY_FORMAT[node["format"]], *EDGES.get(node["format"], [])])
    return st.text(TEXT, min_size=least, max_size=min(most, 50))


KINDS = {
    "object": objects,
    "array": arrays,
    "integer": integers,
    "boolean": lambda spec, node: st.booleans(),
    "string": texts,
}


def sample_requests(document: dict[str, Any]) -> dict[str, SampleRequest]:
    """One for each operationId of the spec."""
    spec = Spec(document)
    found = {}
    for template, method, operation, parameters in spec.operations():
        body = spec.body(operation)
        headers = {"content-type": body[0]} if body else {}
        headers |= {
            one["name"].lower(): '"1"' if one["name"] == "If-Match" else spec.sample(one["schema"])
            for one in parameters
            if one["in"] == "header" and one.get("required")
        }
        found[operation["operationId"]] = SampleRequest(
            operation["operationId"],
            method.upper(),
            template,
            path={one["name"]: spec.sample(one["schema"]) for one in parameters if one["in"] == "path"},
            query={
                one["name"]: spec.sample(one["schema"])
                for one in parameters
                if one["in"] == "query" and one.get("required")
            },
            body=spec.sample(body[1]) if body else None,
            headers=headers,
        )
    return found


def any_requests(document: dict[str, Any], sample: SampleRequest) -> st.SearchStrategy[SampleRequest]:
    """Requests of one operation: any body, any query with any of the optional parameters; the path of the sample."""
    spec = Spec(document)
    operation, parameters = next(
        (operation, parameters)
        for _, _, operation, parameters in spec.operations()
        if operation["operationId"] == sample.operation_id
    )
    queried = {one["name"]: as_query(spec.values(one["schema"])) for one in parameters if one["in"] == "query"}
    query = st.fixed_dictionaries({}, optional=queried)
    body = spec.body(operation)
    return st.builds(
        lambda query, body: sample.changed(query=query, body=body), query, spec.values(body[1]) if body else st.none()
    )


def as_query(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Arrays as the style `form` without `explode` writes them; what a comma would cut has none."""
    return values.map(lambda value: ",".join(value) if isinstance(value, list) else value)
