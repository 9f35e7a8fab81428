"""What the spec of v3 promises its readers: nothing undocumented, nothing half open, no example that lies."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from capi_v3.operations import MODULES
from tests.contract.openapi3 import METHODS, Spec
from tools.bundle_specs import SPECS
from translator.operation import declared
from translator.spec import argument_name

DOCUMENT = json.loads((SPECS / "v3" / "bundled.json").read_text(encoding="utf-8"))
SPEC = Spec(DOCUMENT)
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    item[method]["operationId"]: (template, method, item[method])
    for template, item in DOCUMENT["paths"].items()
    for method in METHODS
    if method in item
}
every_operation = pytest.mark.parametrize("operation_id", OPERATIONS)
every_schema = pytest.mark.parametrize("name", SCHEMAS)
# Responses that say all by being there.
WITHOUT_BODY = {"204", "304", "414"}


def headers_of(operation_id: str) -> dict[str, dict]:
    template, _, operation = OPERATIONS[operation_id]
    nodes = [*DOCUMENT["paths"][template].get("parameters", []), *operation["parameters"]]
    return {one["name"]: one for one in map(SPEC.resolved, nodes) if one["in"] == "header"}


def properties(node: Any, place: str) -> Iterator[tuple[str, dict]]:
    """Every property below a schema, with its place."""
    if not isinstance(node, dict):
        return
    for name, child in node.get("properties", {}).items():
        yield f"{place}/{name}", child
        yield from properties(child, f"{place}/{name}")
    yield from properties(node.get("items"), f"{place}[]")


def is_params(name: str) -> bool:
    return name.endswith(("Params", "Patch"))


@every_schema
def test_every_member_says_what_it_is(name):
    assert SPEC.resolved(SCHEMAS[name]).get("description")
    for place, node in properties(SCHEMAS[name], name):
        assert SPEC.resolved(node).get("description"), place


@every_schema
def test_what_is_sent_may_hold_nothing_unknown_and_what_is_answered_may_grow(name):
    nodes = [(name, SCHEMAS[name]), *properties(SCHEMAS[name], name)]
    for place, node in nodes:
        if node.get("type") == "object" and "properties" in node:
            assert (node.get("additionalProperties") is False) == is_params(name), place


@every_schema
def test_open_values_say_that_more_may_come_and_closed_ones_are_only_sent(name):
    for place, node in properties(SCHEMAS[name], name):
        if "enum" in node:
            assert is_params(name), f"{place} closes the values of an answer"
        if not is_params(name) and "One of `" in node.get("description", ""):
            assert "more values may come" in node["description"], place


@every_operation
def test_every_operation_is_told_in_words_and_shown_by_examples(operation_id):
    _, _, operation = OPERATIONS[operation_id]
    assert operation["summary"]
    assert operation["description"]
    body = next(iter(operation.get("requestBody", {}).get("content", {}).values()), None)
    if body is not None:
        assert body["examples"]
    for status, answer in operation["responses"].items():
        if status.startswith("2") and status not in WITHOUT_BODY:
            [media] = SPEC.resolved(answer)["content"].values()
            assert "example" in media, status


def operation_examples() -> Iterator[Any]:
    """Those of requests and answers."""
    for operation_id, (_, _, operation) in OPERATIONS.items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for name, example in media["examples"].items():
                yield pytest.param(media["schema"], example["value"], id=f"{operation_id}-{name}")
        for status, answer in operation["responses"].items():
            for media in SPEC.resolved(answer).get("content", {}).values():
                if "example" in media:
                    yield pytest.param(media["schema"], media["example"], id=f"{operation_id}-{status}")


def other_examples() -> Iterator[Any]:
    """Those of webhooks and of members."""
    for name, item in DOCUMENT["webhooks"].items():
        media = item["post"]["requestBody"]["content"]["application/json"]
        yield pytest.param(media["schema"], media["example"], id=name)
    for name, schema in SCHEMAS.items():
        for place, node in [(name, schema), *properties(schema, name)]:
            for number, value in enumerate(node.get("examples", [])):
                yield pytest.param(node, value, id=f"{place}-{number}")


@pytest.mark.parametrize(("schema", "value"), [*operation_examples(), *other_examples()])
def test_every_example_keeps_its_own_schema(schema, value):
    faults = list(OAS31Validator({**DOCUMENT, **schema}).iter_errors(value))
    assert faults == []


@every_operation
def test_the_role_in_the_spec_is_the_one_that_is_asked_for(operation_id):
    [[roles]] = [requirement.values() for requirement in OPERATIONS[operation_id][2]["security"]]
    scope = declared(MODULES)[argument_name(operation_id)].scope
    # A payment's id holds its invoice's: the role is one on that invoice.
    shown = scope.replace("invoices.{paymentId}", "invoices.*") if ":" in scope else None
    assert roles == ([shown] if shown else [])


@every_operation
def test_calls_that_make_something_take_a_key_and_need_it_where_money_can_move(operation_id):
    _, method, operation = OPERATIONS[operation_id]
    key = headers_of(operation_id).get("Idempotency-Key")
    assert (key is not None) == (method == "post")
    if key is not None:
        assert key["required"] == (operation["x-rate-class"] == "money")


@every_operation
def test_single_objects_are_read_with_tags_and_changed_with_them(operation_id):
    _, method, operation = OPERATIONS[operation_id]
    headers, answers = headers_of(operation_id), operation["responses"]
    if method in ("patch", "delete"):
        assert headers["If-Match"]["required"]
        assert {"412", "428"} <= set(answers)
    is_single = method == "get" and "ETag" in SPEC.resolved(answers["200"]).get("headers", {})
    assert ("If-None-Match" in headers) == ("304" in answers) == is_single


@every_operation
def test_every_operation_can_be_refused_and_can_fail_in_the_common_ways(operation_id):
    answers = OPERATIONS[operation_id][2]["responses"]
    assert {"400", "401", "403", "404", "406", "414", "429", "5XX"} <= set(answers)
    for status, answer in answers.items():
        if status.startswith("4") and status not in WITHOUT_BODY:
            assert set(SPEC.resolved(answer)["content"]) == {"application/problem+json"}


def test_links_lead_to_operations_and_name_their_parameters():
    for operation_id, (_, _, operation) in OPERATIONS.items():
        for answer in operation["responses"].values():
            for link in SPEC.resolved(answer).get("links", {}).values():
                template, _, target = OPERATIONS[link["operationId"]]
                listed = [*DOCUMENT["paths"][template].get("parameters", []), *target.get("parameters", [])]
                known = {SPEC.resolved(one)["name"] for one in listed}
                assert set(link.get("parameters", {})) <= known, operation_id


def test_every_event_has_a_webhook_and_every_webhook_is_listed():
    told = SCHEMAS["Event"]["properties"]["type"]["description"]
    assert all(f"`{name}`" in told for name in DOCUMENT["webhooks"])


def test_card_data_are_never_shown():
    secret = {place for name in SCHEMAS for place, node in properties(SCHEMAS[name], name) if node.get("writeOnly")}
    assert {"CardParams/number", "CardParams/securityCode", "WalletCardParams/payload"} <= secret
