"""The fast validator of OpenAPI 3.1 and the one that names every fault say the same of every value, in requests and in
answers, for the small spec and for the published one; and with the reference validator, where both know the rules.

Values are grown from the schema itself and then damaged, so that about half are valid and most of the others are wrong
in one place.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from modern_spec import modern_spec

from translator.json_faults import LOOKED_AT_MAX, faults_of
from translator.json_schemas import COMPONENT, JsonSchemas, compile_json_schema, kinds_of
from translator.spec import read_spec

V3 = Path(__file__).parents[2] / "specs/v3/bundled.json"
SAMPLES = {
    "date-time": ["2026-03-01T12:00:00Z", "2026-03-01"],
    "uri": ["https://a.example/b", "nope"],
    "email": ["a@b.cd", "nope"],
}
TEXTS = ["", "a", "EUR", "eur", "shp_demo", "inv_1", "pay_1.1", "4242424242424242", "12/30", "x" * 300, "https://a.b/"]
JUNK = st.sampled_from([None, True, 0, -1, 5.0, 2**40, "", "x" * 2000, [], [1, 1], {}, {"type": "x"}, {"a b": 1}])
CASES = [
    pytest.param(spec, name, id=f"{spec}-{name}")
    for spec, document in (("small", modern_spec()), ("v3", read_spec(V3)))
    for name in document["components"]["schemas"]
]
SCHEMAS = {"small": JsonSchemas(modern_spec()), "v3": JsonSchemas(read_spec(V3))}


def grow(schemas, node, draw, depth):
    """A value that follows the schema loosely."""
    if node is True or node is False or draw(st.integers(0, 19)) == 0:
        return draw(JUNK)
    if "$ref" in node:
        return grow(schemas, schemas.component(node["$ref"]), draw, depth)
    for keyword in ("oneOf", "anyOf"):
        if keyword in node:
            return grow(schemas, draw(st.sampled_from(node[keyword])), draw, depth)
    if "const" in node or "enum" in node:
        return node["const"] if "const" in node else draw(st.sampled_from(node["enum"]))
    kinds = kinds_of(node)
    if "properties" in node or "allOf" in node or "object" in kinds:
        return grow_object(schemas, node, draw, depth)
    return grow_plain(schemas, node, draw, depth, draw(st.sampled_from(kinds)) if kinds else None)


def grow_object(schemas, node, draw, depth):
    value = {}
    for part in node.get("allOf", ()):
        grown = grow(schemas, part, draw, depth)
        value |= grown if isinstance(grown, dict) else {}
    for name, child in node.get("properties", {}).items():
        wanted = name in node.get("required", ())
        if depth and draw(st.integers(0, 9)) < (10 if wanted else 5) and draw(st.integers(0, 29)):
            value[name] = grow(schemas, child, draw, depth - 1)
    if draw(st.integers(0, 9)) == 0:
        value[draw(st.sampled_from(["x", "colour", "a b", "y" * 50]))] = draw(JUNK)
    return value


def grow_plain(schemas, node, draw, depth, kind):
    match kind:
        case "array":
            size = draw(st.integers(0, 3)) if depth else 0
            return [grow(schemas, node.get("items", True), draw, depth - 1) for _ in range(size)]
        case "integer":
            return draw(st.sampled_from([0, 1, 5, 12, 200, 2030, 2**31, 2**63 - 1, -1]))
        case "number":
            return draw(st.sampled_from([0, 0.5, 1, 100.5]))
        case "boolean":
            return draw(st.booleans())
        case "string":
            return draw(st.sampled_from(SAMPLES.get(node.get("format"), TEXTS) + list(node.get("examples", ()))))
        case "null":
            return None
    return draw(JUNK)


@pytest.mark.parametrize(("spec", "name"), CASES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_a_value_has_faults_exactly_when_it_is_not_valid(spec, name, data):
    schemas, node = SCHEMAS[spec], {"$ref": COMPONENT + name}
    value = grow(schemas, node, data.draw, 4)
    for in_request in (False, True):
        is_valid = compiled(spec, name, in_request)(value)
        faults = list(faults_of(schemas, node, value, in_request))
        assert is_valid == (not faults), (value, faults)
    assert_reference_agrees(schemas, name, value, faults)


COMPILED = {}


def compiled(spec, name, in_request):
    key = (spec, name, in_request)
    if key not in COMPILED:
        COMPILED[key] = compile_json_schema(SCHEMAS[spec], {"$ref": COMPONENT + name}, in_request)
    return COMPILED[key]


OURS_ALONE = {"format", "type", "readOnly", "pattern"}
"""Rules the reference keeps otherwise: it takes 5.0 for an integer, asserts no formats, reads other patterns."""


def assert_reference_agrees(schemas, name, value, faults):
    """JSON Schema 2020-12 by its own library, on the schema as it stands: discriminators are no rules to it."""
    document = {"$ref": COMPONENT + name, "components": {"schemas": dict(schemas.components)}}
    reference_refuses = not Draft202012Validator(document).is_valid(value)
    if reference_refuses:
        assert faults, value
    elif faults and not any(fault.rule in OURS_ALONE for fault in faults):
        assert any(fault.rule in ("enum", "required") for fault in faults), (value, faults)
        assert has_discriminator(schemas, schemas.components[name], set()), (value, faults)


def has_discriminator(schemas, node, seen):
    """Whether a discriminator stands anywhere below."""
    if isinstance(node, list):
        return any(has_discriminator(schemas, one, seen) for one in node)
    if not isinstance(node, dict) or id(node) in seen:
        return False
    seen.add(id(node))
    if "discriminator" in node:
        return True
    below = [schemas.components[node["$ref"].removeprefix(COMPONENT)]] if isinstance(node.get("$ref"), str) else []
    return any(has_discriminator(schemas, one, seen) for one in [*node.values(), *below])


class Counted(list):
    """A list that counts how many of its items were looked at."""

    seen = 0

    def __iter__(self):
        for item in super().__iter__():
            self.seen += 1
            yield item


def test_a_body_that_is_far_too_long_is_not_read_to_its_end():
    line = {"product": "Tea", "quantity": 1, "unitPrice": {"amount": 1, "currency": "EUR"}}
    body = {"shopId": "shp_demo", "product": "Order", "cart": Counted([line] * 50_000)}
    node = SCHEMAS["v3"].component(f"{COMPONENT}InvoiceParams")
    assert [fault.rule for fault in faults_of(SCHEMAS["v3"], node, body, True)] == ["maxItems"]
    assert 0 < body["cart"].seen <= LOOKED_AT_MAX
