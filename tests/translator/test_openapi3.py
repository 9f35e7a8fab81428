"""OpenAPI 3.1: what is read of a spec, and what stops the start because it would not be enforced."""

import asyncio
import copy
import json
from pathlib import Path

import pytest
from modern_kit import modern_house
from modern_spec import modern_spec
from openapi_spec_validator import validate

from translator.exchange import BadBody
from translator.full_validation import TooLong, all_validated
from translator.json_faults import FAULTS_MAX
from translator.openapi3 import base_path_of, view_for_connexion
from translator.schemas import SpecRefused
from translator.spec import compile_operations, read_spec
from translator.violations import Violations

ROOT = Path(__file__).parents[2]
V3 = ROOT / "specs/v3/bundled.json"
OPERATIONS = {operation.operation_id: operation for operation in compile_operations(modern_spec())}


def refusals(operation_id, query=b"", body=None, headers=None, path=None):
    """Every broken rule of a request: (place, pointer, rule)."""

    async def read():
        return b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()

    async def ask():
        try:
            return await all_validated(OPERATIONS[operation_id], headers or {}, path or {}, query, read, 64)
        except Violations as problem:
            return [(fault.place, fault.pointer, fault.rule) for fault in problem.faults]

    return asyncio.run(ask())


def test_the_published_spec_is_valid_openapi():
    validate(read_spec(V3))


def test_every_operation_of_the_published_spec_compiles():
    operations = compile_operations(read_spec(V3))
    assert len(operations) >= 40
    assert {operation.rate_class for operation in operations} == {"read", "write", "money", "search"}


def test_connexion_is_shown_the_paths_in_a_version_that_it_knows():
    view = view_for_connexion(read_spec(V3))
    validate(view)
    assert view["openapi"] == "3.0.3"
    assert base_path_of(read_spec(V3)) == "/v3"
    shown = {item[method]["operationId"] for item in view["paths"].values() for method in item}
    assert shown == {operation.operation_id for operation in compile_operations(read_spec(V3))}


def test_a_body_is_handed_over_under_the_name_of_its_schema():
    assert OPERATIONS["createThing"].body.key == "thing_params"
    assert OPERATIONS["listThings"].keys() == ["limit", "after", "created_at_gte", "status", "tags"]


def test_headers_that_the_gateway_lives_by_are_not_handed_over():
    assert OPERATIONS["payThing"].keys() == ["thing_id", "payment_params"]


def test_an_absent_parameter_has_the_default_of_the_spec():
    arguments = refusals(
        "listThings", query=b"status=open&status=closed&tags=a,b&createdAt%5Bgte%5D=2026-01-01T00:00:00Z"
    )
    assert arguments == {
        "limit": 50,
        "after": None,
        "created_at_gte": "2026-01-01T00:00:00Z",
        "status": ["open", "closed"],
        "tags": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        (b"limit=0", [("query", "/limit", "minimum")]),
        (b"limit=x", [("query", "/limit", "type")]),
        (b"limit=1.5", [("query", "/limit", "type")]),
        (b"limit=1&limit=2", [("query", "/limit", "repeated")]),
        (
            b"limit=999&colour=red&after=",
            [
                ("query", "/colour", "unknown"),
                ("query", "/limit", "maximum"),
                ("query", "/after", "minLength"),
            ],
        ),
        (b"createdAt[gte]=yesterday", [("query", "/createdAt[gte]", "format")]),
        (b"status=open&status=new", [("query", "/status/1", "enum")]),
        (b"tags=abcd", [("query", "/tags/0", "maxLength")]),
        (b"limit=%zz", [("query", "", "encoding")]),
    ],
)
def test_every_wrong_query_parameter_is_named(query, faults):
    assert refusals("listThings", query=query) == faults


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("required", "/name"), ("required", "/price")]),
        (
            {"name": "", "price": {"amount": 0, "currency": "euro", "x": 1}, "y": 2},
            [
                ("minLength", "/name"),
                ("exclusiveMinimum", "/price/amount"),
                ("pattern", "/price/currency"),
                ("unknown", "/price/x"),
                ("unknown", "/y"),
            ],
        ),
        ({"name": "a", "price": {"amount": 5.0, "currency": "EUR"}}, [("type", "/price/amount")]),
        ({"note": None}, [("required", "/name"), ("required", "/price")]),
        (
            {"note": "abcdef", "kind": "medium"},
            [
                ("required", "/name"),
                ("required", "/price"),
                ("enum", "/kind"),
                ("maxLength", "/note"),
            ],
        ),
        ({"createdBy": "me"}, [("required", "/name"), ("required", "/price"), ("readOnly", "/createdBy")]),
        ([], [("type", "")]),
        (b"{", [("json", "")]),
        (b'{"a":1,"a":2}', [("json", "")]),
        (b"", [("required", "")]),
    ],
)
def test_every_wrong_field_is_named_with_its_pointer(body, faults):
    assert [(rule, pointer) for _, pointer, rule in refusals("createThing", body=body)] == faults


PRICE = {"name": "a", "price": {"amount": 1, "currency": "EUR"}}


@pytest.mark.parametrize(
    ("field", "value", "faults"),
    [
        ("source", {"type": "token", "token": "t"}, []),
        ("source", {"type": "saved", "id": 1, "more": 1}, []),
        ("source", {"token": "t"}, [("required", "/source/type")]),
        ("source", {"type": "other"}, [("enum", "/source/type")]),
        ("source", {"type": "token", "x": 1}, [("required", "/source/token"), ("unknown", "/source/x")]),
        ("source", "token", [("type", "/source")]),
        ("size", 10, []),
        ("size", None, []),
        ("size", 7, [("multipleOf", "/size")]),
        ("size", "x", [("anyOf", "/size")]),
        ("parts", [{"amount": 1, "currency": "EUR"}] * 2, [("uniqueItems", "/parts")]),
        (
            "parts",
            [{"amount": 1, "currency": "EUR"}, {"amount": 0, "currency": "EUR"}],
            [
                ("exclusiveMinimum", "/parts/1/amount"),
            ],
        ),
        ("metadata", {"a/b~c": 1}, [("type", "/metadata/a~1b~0c"), ("propertyNames", "/metadata/a~1b~0c")]),
        ("metadata", {"a": "1", "b": "2", "c": "3"}, [("maxProperties", "/metadata")]),
    ],
)
def test_choices_lists_and_maps_are_checked(field, value, faults):
    found = refusals("createThing", body={**PRICE, field: value})
    assert ([] if isinstance(found, dict) else [(rule, pointer) for _, pointer, rule in found]) == faults


def test_a_merge_patch_knows_the_fields_of_all_its_parts():
    path = {"thingId": "1"}
    assert refusals("updateThing", body={"name": None, "note": "x"}, path=path)["thing_patch"]
    assert refusals("updateThing", body={"nam": 1}, path=path) == [("body", "/nam", "unknown")]


def test_a_header_that_breaks_the_spec_is_named():
    found = refusals("createThing", body=PRICE, headers={b"idempotency-key": b"k" * 256, b"x-request-id": b"a b"})
    assert found == [("header", "/X-Request-ID", "pattern"), ("header", "/Idempotency-Key", "maxLength")]


def shown(operation_id, body):
    async def read():
        return json.dumps(body).encode()

    with pytest.raises(Violations) as refused:
        asyncio.run(all_validated(OPERATIONS[operation_id], {}, {}, b"", read, 64))
    return {fault.pointer: fault.got for fault in refused.value.faults}


def test_what_came_is_shown_cut_and_without_secrets():
    got = shown("createThing", {**PRICE, "kind": "x" * 500, "password": "short", "note": "4242424242424242"})
    assert len(got["/kind"]) == 80
    assert got["/password"] == "***"
    assert "4242" not in got["/note"]
    assert shown("createThing", {**PRICE, "4242424242424242": 1}) == {"/[card]": "1"}


def test_a_very_wrong_body_is_answered_in_a_few_words():
    got = shown("createThing", {**PRICE, **{f"{number}" + "n" * 5_000: "v" * 5_000 for number in range(300)}})
    assert len(got) == FAULTS_MAX
    assert all(len(pointer) <= 200 and len(value) <= 80 for pointer, value in got.items())


def test_nothing_of_card_data_is_shown():
    assert shown("createToken", {"number": "4242 4242", "expiry": "12-30"}) == {"/number": "***", "/expiry": "***"}


def test_a_body_beyond_the_limit_is_a_refusal_of_its_own():
    async def read():
        raise BadBody("Body is too long")

    with pytest.raises(TooLong):
        asyncio.run(all_validated(OPERATIONS["createThing"], {}, {}, b"", read, 64))


@pytest.mark.parametrize(
    ("place", "schema"),
    [
        ("kind", {"if": {}, "then": {}}),
        ("kind", {"$ref": "#/components/schemas/Nowhere"}),
        ("kind", {"unevaluatedProperties": False, "oneOf": [{}]}),
        ("kind", {"discriminator": {"propertyName": "type"}}),
        ("kind", {"propertyNames": {"enum": ["a"]}}),
        ("kind", {"pattern": "("}),
        ("kind", {"type": "array", "uniqueItems": True}),
        ("kind", {"oneOf": [{"type": "object"}], "discriminator": {"propertyName": "type"}}),
    ],
)
def test_what_would_not_be_enforced_stops_the_start(tmp_path, place, schema):
    spec = copy.deepcopy(modern_spec())
    spec["components"]["schemas"]["ThingParams"]["properties"][place] = schema
    with pytest.raises(SpecRefused):
        modern_house(tmp_path, spec)


def test_an_unknown_class_of_rate_stops_the_start(tmp_path):
    spec = modern_spec()
    spec["paths"]["/things"]["get"]["x-rate-class"] = "fast"
    with pytest.raises(SpecRefused, match="x-rate-class"):
        modern_house(tmp_path, spec)
