"""Changes of an OpenAPI 3.1 document are found and judged by the same rules as those of Swagger 2.0."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from tools import compare_specs, spec_files
from tools.bundle_specs import refuse_invalid
from tools.spec_comparison import openapi3, swagger2
from tools.spec_comparison.document import NotComparable
from tools.spec_comparison.operations import Difference, compare

HERE = Path(__file__).parent
TOY = spec_files.read(HERE / "toy3.yaml")
VERDICTS = {"B": "breaking", "F": "compatible"}


def table() -> list[Any]:
    lines = (HERE / "tables" / "openapi3_changes.txt").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split(" | ")] for line in lines if not line.startswith("#")]
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


def edited(where: str, value: str, spec: dict[str, Any] = TOY) -> dict[str, Any]:
    """The toy with the JSON `value` at `where`, or with nothing there when it is -."""
    copy = deepcopy(spec)
    *steps, last = [step.replace("~1", "/").replace("~0", "~") for step in where.split("/")[1:]]
    node = reduce(lambda node, step: node[int(step) if isinstance(node, list) else step], steps, copy)
    if value == "-":
        del node[last]
    else:
        node[last] = json.loads(value)
    return copy


def differences(where: str, value: str) -> list[Difference]:
    return compare(openapi3.read(TOY), openapi3.read(edited(where, value)))


def test_the_toy_is_a_valid_document_and_does_not_differ_from_itself():
    refuse_invalid(TOY)
    assert compare(openapi3.read(TOY), openapi3.read(deepcopy(TOY))) == []


@pytest.mark.parametrize(("where", "value", "verdicts", "said", "operations"), table())
def test_a_change_is_found_in_every_operation_and_judged_by_its_direction(where, value, verdicts, said, operations):
    rows = differences(where, value)
    wanted = {(VERDICTS[verdict], direction) for verdict, direction in (one.split() for one in verdicts.split(","))}
    touching = [row for row in rows if row.pointer.startswith(where.rpartition("/")[0]) or said in row.what]
    assert any(said in row.what for row in rows), [row.what for row in rows]
    assert wanted <= {(row.verdict, row.direction) for row in touching}
    assert {row.operation for row in rows} == set(operations.split())


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("/info/title", '"Other toys"'),
        ("/components/schemas/Thing/properties/name/description", '"A name"'),
        ("/components/schemas/Thing/properties/name/examples", '["x"]'),
        ("/servers", '[{"url": "https://elsewhere.example.org/v9/"}]'),
        ("/paths/~1things/post/responses/201/links", '{"next": {"operationId": "getThing"}}'),
    ],
)
def test_what_means_the_same_is_no_difference(where, value):
    assert differences(where, value) == []


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("/components/schemas/Form/discriminator", "-", "alternatives without a discriminator"),
        ("/components/schemas/Thing/patternProperties", "{}", "patternProperties is not understood"),
        ("/components/schemas/Form", '{"discriminator": {"propertyName": "type"}}', "what it can name"),
    ],
)
def test_what_is_not_understood_stops_the_comparison_instead_of_blinding_it(where, value, said):
    with pytest.raises(NotComparable, match=said):
        differences(where, value)


def test_an_alternative_without_a_mapping_goes_by_the_name_of_its_schema():
    named = edited("/components/schemas/Form/discriminator", '{"propertyName": "type"}')
    fewer = edited("/components/schemas/Form/oneOf", '[{"$ref": "#/components/schemas/Round"}]', named)
    rows = compare(openapi3.read(named), openapi3.read(fewer))
    assert {row.what for row in rows} == {"discriminator type: Square removed"}


def test_an_operation_can_be_compared_with_its_twin_in_another_format(tmp_path):
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    answer = {"200": {"description": "Found", "content": {"application/json": {"schema": schema}}}}
    path = {"get": {"operationId": "getThing", "responses": answer}}
    new = openapi3.read({"openapi": "3.1.1", "servers": [{"url": "/v10"}], "paths": {"/things": path}}, True)
    twin = {"get": {"operationId": "getThing", "responses": {"200": {"description": "Found", "schema": schema}}}}
    old = {"swagger": "2.0", "basePath": "/v9", "produces": ["application/json"], "paths": {"/things": twin}}
    assert compare(swagger2.read(old, True), new) == []


def test_the_command_reads_both_formats(tmp_path, capsys):
    file = tmp_path / "other.json"
    file.write_text(json.dumps(edited("/components/schemas/ThingParams/properties/name/maxLength", "39")))
    assert compare_specs.main([str(HERE / "toy3.yaml"), str(file)]) == 1
    assert "maxLength: 40 -> 39" in capsys.readouterr().out.replace("\n", " ")
