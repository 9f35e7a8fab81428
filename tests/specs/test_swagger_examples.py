"""The examples of v1 and v2 are what a merchant copies first, so each has to be what its specification demands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tools import spec_files
from tools.spec_comparison import swagger2

SPECS = Path(__file__).resolve().parents[2] / "specs"
SPEC = {version: spec_files.read(SPECS / version / "bundled.json") for version in ("v1", "v2")}
DOCUMENT = {version: swagger2.read(spec) for version, spec in SPEC.items()}


def own(name: str) -> str:
    """Return the name under which a definition stands without the schemas that its discriminator can name."""
    return f"own.{name}"


def as_json_schema(node: Any, definition: str = "", joined: bool = False) -> Any:
    """Return Swagger as JSON Schema: a reference to a schema with a discriminator means one that it can name."""
    if isinstance(node, list):
        return [as_json_schema(member, definition, joined) for member in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        name = node["$ref"].rpartition("/")[2]
        return {"$ref": f"#/definitions/{own(name) if joined else name}"}
    skipped = ("example", "discriminator", "description", "readOnly", "default")
    return {
        key: {name: as_json_schema(inner) for name, inner in value.items()}
        if key == "properties"
        else as_json_schema(value, definition, joined=bool(definition) and key == "allOf")
        for key, value in node.items()
        if key not in skipped
    }


def discriminator_of(schema: dict[str, Any]) -> str | None:
    return next((part["discriminator"] for part in (schema, *schema.get("allOf", ())) if "discriminator" in part), None)


def choices(version: str, name: str) -> dict[str, Any]:
    """Return the definition `name` as whoever refers to it means it: with its discriminator at work."""
    definitions = SPEC[version]["definitions"]
    field = discriminator_of(definitions[name])
    concrete = [
        child for child in DOCUMENT[version].concrete(name) if f"#/definitions/{name}" in str(definitions[child])
    ]
    if field is None or not concrete:
        return {"$ref": f"#/definitions/{own(name)}"}
    return {
        "anyOf": [
            {
                "properties": {field: {"enum": [child]}},
                "required": [field],
                "allOf": [{"$ref": f"#/definitions/{child}"}],
            }
            for child in concrete
        ]
    }


def definitions_of(version: str) -> dict[str, Any]:
    written = SPEC[version]["definitions"]
    return {
        **{own(name): as_json_schema(schema, name) for name, schema in written.items()},
        **{name: choices(version, name) for name in written},
    }


DEFINITIONS = {version: definitions_of(version) for version in SPEC}


def accepts(version: str, schema: Any, value: Any) -> None:
    """Raise unless `value` meets the Swagger schema."""
    root = {"allOf": [as_json_schema(schema)], "definitions": DEFINITIONS[version]}
    jsonschema_rs.Draft4Validator(root, validate_formats=True).validate(value)


def of_each_version(part: str, keyword: str) -> list[Any]:
    return [
        case for version, spec in SPEC.items() for case in examples(version, spec[part], f"{version}/{part}", keyword)
    ]


def examples(version: str, node: Any, place: str, keyword: str) -> list[Any]:
    """Return every example below a node as (version, schema, example) with the place where it stands."""
    if isinstance(node, list):
        return [
            case for index, member in enumerate(node) for case in examples(version, member, f"{place}/{index}", keyword)
        ]
    if not isinstance(node, dict):
        return []
    here = [pytest.param(version, node, node[keyword], id=place)] if keyword in node else []
    below = [
        case
        for key, value in node.items()
        if key != keyword
        for case in examples(version, value, f"{place}/{key}", keyword)
    ]
    return here + below


@pytest.mark.parametrize(("version", "schema", "example"), of_each_version("definitions", "example"))
def test_an_example_of_a_schema_meets_it(version, schema, example):
    accepts(version, schema, example)


@pytest.mark.parametrize(
    ("version", "schema", "example"), of_each_version("paths", "example") + of_each_version("responses", "example")
)
def test_an_example_in_an_answer_meets_its_schema(version, schema, example):
    accepts(version, schema, example)


@pytest.mark.parametrize(
    ("version", "parameter", "example"),
    of_each_version("parameters", "x-example") + of_each_version("paths", "x-example"),
)
def test_an_example_of_a_parameter_can_be_sent(version, parameter, example):
    not_schema = ("name", "in", "required", "description", "x-example")
    accepts(version, {key: value for key, value in parameter.items() if key not in not_schema}, example)


@pytest.mark.parametrize("version", SPEC)
def test_every_body_of_a_request_has_an_example_to_copy(version):
    bodies = {
        parameter["schema"]["$ref"].rpartition("/")[2]
        for item in SPEC[version]["paths"].values()
        for operation in item.values()
        for parameter in operation["parameters"]
        if parameter.get("in") == "body"
    }
    assert [name for name in bodies if "example" not in SPEC[version]["definitions"][name]] == []


@pytest.mark.parametrize("version", SPEC)
def test_a_wrong_example_would_be_noticed(version):
    """The check of the examples follows discriminators: a card without a number is no payment tool."""
    with pytest.raises(jsonschema_rs.ValidationError):
        accepts(version, {"$ref": "#/definitions/PaymentTool"}, {"paymentToolType": "CardData", "expDate": "12/29"})
    with pytest.raises(jsonschema_rs.ValidationError):
        accepts(version, {"$ref": "#/definitions/PaymentTool"}, {"paymentToolType": "Cash"})
