"""What the hunt and the attacks read of the versions: every one that is served, every operation, every field."""

import itertools
import json
from random import Random

import pytest

from campaigns.card_hunt.cards import Cards, Pushed
from campaigns.card_hunt.numbers import numbers
from campaigns.card_hunt.pushing import WAYS, Pusher, rounds
from campaigns.versions.table import ROWS, Version, versions_of
from settings import load
from settings.versions import served_versions

VERSIONS = versions_of(load({}))
DICTIONARIES = {"categoryID", "countryID", "tradeBlocID"}
NAMED = ("me", "read_invoice", "list_hooks", "delete_hook", "create_hook", "create_card")
TURNS = 6
SPOILT = {"broken_json", "numbers_for_texts", "other_content_type", "split_over_fields", "wrong_process", "oversized"}
PLAIN = dict.fromkeys(
    ("party", "shop", "invoice", "payment", "refund", "chargeback", "template", "hook", "endpoint", "event", "external",
     "key"),
    "1",
)  # fmt: skip


def document_of(version: Version) -> dict:
    return next(json.loads(each.spec.read_text()) for each in served_versions(load({})) if each.name == version.name)


def test_every_served_version_has_a_row_and_there_is_none_without_a_version():
    assert [version.name for version in VERSIONS] == [each.name for each in served_versions(load({}))]
    assert set(ROWS) == {version.name for version in VERSIONS}


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_a_row_speaks_of_what_the_document_has(version: Version):
    known = {operation.id for operation in version.published.operations}
    row = version.row
    named = {getattr(row, name) for name in NAMED}
    allowed = row.for_payers | row.for_link_holders | row.for_everybody
    assert named | {name for name in row.left_out if name} <= known
    assert {name for name in allowed if name not in known} <= ROWS["v2"].for_everybody
    assert {name for operation in version.published.operations for name in operation.in_path} - DICTIONARIES <= set(
        version.ids(PLAIN)
    )


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_every_field_of_a_document_that_takes_text_gets_a_card(version: Version):
    pushed = Pushed()
    cards = Cards(numbers(Random(5)), 1, pushed)
    pusher = Pusher(version, cards, version.ids(PLAIN), {"merchant": "m", "payer": "p"}, Random(5))
    for turn, operation in itertools.product(range(TURNS), version.published.operations):
        list(pusher.requests(operation, turn, [way for way in WAYS if way.__name__ not in SPOILT]))
    got: dict[str, set[tuple[str, str]]] = {}
    for operation, kind, name in pushed.fields[version.name]:
        got.setdefault(operation, set()).add((kind, name.rpartition(".")[2] if kind == "body" else name))
    missing = {
        operation: wanted - got.get(operation, set())
        for operation, wanted in text_fields(document_of(version)).items()
        if wanted - got.get(operation, set())
    }
    assert missing == {}


def test_a_short_hunt_sends_to_every_version():
    cards = Cards(numbers(Random(5)), 700, Pushed())
    tokens = {"merchant": "m", "payer": "p"}
    pushers = [Pusher(version, cards, version.ids(PLAIN), tokens, Random(5)) for version in VERSIONS]
    sent = [request.version for request in itertools.takewhile(lambda _: cards.left(), rounds(pushers, Random(5)))]
    assert set(sent) == set(ROWS)


def text_fields(document: dict) -> dict[str, set[tuple[str, str]]]:
    """operationId -> (where, name) of every text that a caller may write, found by following every reference."""
    found = {}
    for item in document["paths"].values():
        for method, operation in item.items():
            if method == "parameters":
                continue
            fields: set[tuple[str, str]] = set()
            for parameter in [*item.get("parameters", ()), *operation.get("parameters", ())]:
                one = followed(document, parameter)
                if one["in"] in ("path", "query"):
                    fields.add((one["in"], one["name"]))
                elif one["in"] == "header" and one["name"] not in ("Authorization", "Content-Type"):
                    fields.add(("header", one["name"]))
                elif one["in"] == "body":
                    fields |= {("body", name) for name in texts_in(document, one["schema"])}
            for content in operation.get("requestBody", {}).get("content", {}).values():
                fields |= {("body", name) for name in texts_in(document, content["schema"])}
            found[operation["operationId"]] = fields
    return found


def followed(document: dict, node: dict) -> dict:
    while "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def texts_in(document: dict, schema: dict) -> set[str]:
    """Names of the members that are texts, of the schema, of all that it refers to and of all that extends that."""
    waiting, reached, found = [schema], set(), set()
    while waiting:
        node = waiting.pop()
        if "$ref" in node and node["$ref"] not in reached:
            reached.add(node["$ref"])
            waiting += extensions(document, node["$ref"])
        node = followed(document, node)
        waiting += [*node.get("allOf", ()), *node.get("oneOf", ())]
        chooser = node.get("discriminator")
        for name, one in node.get("properties", {}).items():
            value = followed(document, one)
            if one.get("readOnly") or value.get("readOnly") or name == chooser:
                continue
            value = followed(document, value["items"]) if value.get("type") == "array" else value
            if "string" in str(value.get("type")) and not {"enum", "const"} & set(value):
                found.add(name)
            elif id(value) not in reached:
                reached.add(id(value))
                waiting += [one, value]
    return found


def extensions(document: dict, reference: str) -> list[dict]:
    """The definitions between which a discriminator chooses: those that say they are that one and more."""
    node = followed(document, {"$ref": reference})
    if not any("discriminator" in part for part in (node, *node.get("allOf", ()))):
        return []
    return [
        {"$ref": f"#/definitions/{name}"}
        for name, one in document.get("definitions", {}).items()
        if {"$ref": reference} in one.get("allOf", ())
    ]
