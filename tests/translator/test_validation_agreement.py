"""The fast validator and the explaining one say the same of every value, for our specs and for the published contract.

Values are grown from the schema itself and then damaged, so that about half are valid and most of the others are wrong
in one place.
"""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_spec import small_spec

from translator.schemas import Schemas
from translator.validation_compiled import compile_schema
from translator.validation_explained import explain

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "specs/v2/bundled.json"
SAMPLES = {
    "date-time": ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00"],
    "date": ["2026-03-01", "2026-02-30"],
    "email": ["a@b.cd", "nope"],
    "ip-address": ["127.0.0.1", "1.2.3"],
    "http-url": ["http://a", "ftp://a"],
    "uri": ["urn:a", "nope"],
}
PATTERNS = ["RUB", "4242", "+79110000000", "12/30", "0%", "123456789", "\u0661", "a b", "4242424242424242", "RUB\n"]
JUNK = st.sampled_from(
    [None, True, 0, 1, -1, 5.0, 0.5, 2**31, 2**63 - 1, "", "x", "x" * 200, [], [1, 1], {}, {"type": "x"}]
)


def grow(schemas, node, draw, depth):
    """A value that follows the schema loosely."""
    if "$ref" in node:
        return grow(schemas, schemas.definition(node["$ref"]), draw, depth)
    if draw(st.integers(0, 19)) == 0:
        return draw(JUNK)
    if "enum" in node:
        return draw(st.sampled_from(node["enum"]))
    if "allOf" in node or "properties" in node or node.get("type") == "object" or "discriminator" in node:
        return grow_object(schemas, node, draw, depth)
    return grow_plain(schemas, node, draw, depth)


def grow_plain(schemas, node, draw, depth):
    match node.get("type"):
        case "array":
            size = draw(st.integers(max(0, node.get("minItems", 1) - 1), 3)) if depth else 0
            return [grow(schemas, node["items"], draw, depth - 1) for _ in range(size)]
        case "integer":
            return draw(st.sampled_from([0, 1, 5, 1000, 2**31 - 1, 2**31, 2**63 - 1, -1]))
        case "number":
            return draw(st.sampled_from([0, 0.5, 1, 1.5]))
        case "boolean":
            return draw(st.booleans())
        case "string":
            texts = SAMPLES.get(node.get("format"), PATTERNS if "pattern" in node else ["a", "abc", "abcdef", "x" * 41])
            return draw(st.sampled_from(texts))
    return draw(JUNK)


def grow_object(schemas, node, draw, depth):
    value = {}
    for part in node.get("allOf", []):
        more = grow(schemas, part, draw, depth)
        if isinstance(more, dict):
            value.update(more)
    for name, child in node.get("properties", {}).items():
        if name in node.get("required", ()) or (depth and draw(st.integers(0, 3)) == 0):
            value[name] = grow(schemas, child, draw, depth - 1)
    if "discriminator" in node and (choices := schemas.choices(node)) and depth and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(choices))
        chosen = grow(schemas, schemas.definitions[name], draw, 0)
        value.update(chosen if isinstance(chosen, dict) else {})
        value[node["discriminator"]] = name
    if value and draw(st.integers(0, 9)) == 0:
        value.pop(draw(st.sampled_from(sorted(value))))
    return value


def specs():
    found = {"small": small_spec()}
    if BUNDLED.exists():
        found["v2"] = json.loads(BUNDLED.read_bytes())
    if extra := os.environ.get("CAPI_CONTRACT"):
        found["contract"] = json.loads(Path(extra).read_bytes())
    return found


@pytest.mark.parametrize("spec", specs().values(), ids=specs())
@pytest.mark.parametrize("in_request", [True, False])
def test_both_validators_agree_on_every_definition(spec, in_request):
    schemas = Schemas(spec)
    rows = [(node, compile_schema(schemas, node, in_request)) for node in schemas.definitions.values()]
    seen = {True: 0, False: 0}

    @settings(max_examples=max(400, 4 * len(rows)), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def agree(data):
        node, is_valid = data.draw(st.sampled_from(rows))
        value = grow(schemas, node, data.draw, 3)
        verdict, reason = is_valid(value), explain(schemas, node, value, in_request)
        seen[verdict] += 1
        assert verdict == (reason is None), (value, reason)

    agree()
    assert seen[True] > 50 and seen[False] > 50, seen
