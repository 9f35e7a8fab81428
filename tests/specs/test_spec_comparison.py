"""Each kind of change between two specifications is found, named by its JSON pointer, and judged rightly."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from tools import spec_files
from tools.spec_comparison import swagger2
from tools.spec_comparison.document import NotComparable
from tools.spec_comparison.keywords import KEYWORDS
from tools.spec_comparison.operations import Difference, compare

HERE = Path(__file__).parent
TOY = spec_files.read(HERE / "toy.yaml")
MAKE, GET = "/paths/~1things/post", "/paths/~1things~1{thingID}/get"
THING = "/definitions/Thing/properties"
DISCRIMINATOR = "/definitions/Form/discriminator"
NAMED_ELSEWHERE = {
    "one concrete schema less": DISCRIMINATOR,
    "one concrete schema more": DISCRIMINATOR,
    "fewer names of concrete schemas": DISCRIMINATOR,
    "a discriminator of another name": DISCRIMINATOR,
}
VERDICTS = {"B": "breaking", "F": "compatible"}


def table(name: str) -> list[Any]:
    """Return the rows of a table as test cases; the first cell is the name of the case."""
    lines = (HERE / "tables" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split(" | ")] for line in lines if not line.startswith("#")]
    return [pytest.param(*row, id=row[0]) for row in rows]


def absolute(where: str) -> str:
    """Return the JSON pointer that a cell of a table stands for."""
    for name, pointer in (("MAKE", MAKE), ("GET", GET)):
        if where == name or where.startswith(f"{name}/"):
            return pointer + where.removeprefix(name)
    return where if where.startswith("/") else f"{THING}/{where}"


def at(document: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return reduce(lambda node, step: node[int(step) if isinstance(node, list) else step], steps, document)


def edited(where: str, value: str) -> dict[str, Any]:
    """Return the toy specification with the JSON `value` at `where`, or with nothing there when it is -."""
    copy = deepcopy(TOY)
    parent, _, last = absolute(where).rpartition("/")
    node, key = at(copy, parent) if parent else copy, last.replace("~1", "/")
    if isinstance(node, list):
        node[int(key) : int(key) + 1] = [] if value == "-" else [json.loads(value)]
    elif value == "-":
        del node[key]
    else:
        node[key] = json.loads(value)
    return copy


def differences(where: str, value: str) -> list[Difference]:
    return compare(swagger2.read(TOY), swagger2.read(edited(where, value)))


@pytest.mark.parametrize(("name", "where", "value", "sent", "answered", "said"), table("schema_changes"))
def test_a_change_of_a_schema_is_judged_by_its_direction(name, where, value, sent, answered, said):
    named = NAMED_ELSEWHERE.get(name, absolute(where))
    rows = [row for row in differences(where, value) if row.pointer == named and said in row.what]
    assert {row.direction: row.verdict for row in rows} == {"request": VERDICTS[sent], "response": VERDICTS[answered]}
    assert {row.operation for row in rows} == {"makeThing"}


@pytest.mark.parametrize(
    ("name", "where", "value", "verdict", "direction", "said", "named"), table("operation_changes")
)
def test_a_change_of_an_operation_is_found_and_judged(name, where, value, verdict, direction, said, named):
    pointer = absolute(where if named == "=" else named)
    rows = [row for row in differences(where, value) if row.pointer == pointer and said in row.what]
    assert [(row.verdict, row.direction) for row in rows] == [(VERDICTS[verdict], direction)]


@pytest.mark.parametrize(("name", "where", "value"), table("same_meaning"))
def test_what_means_the_same_is_no_difference(name, where, value):
    assert differences(where, value) == []


def test_a_planted_change_is_the_only_one_that_is_told():
    rows = differences("name/maxLength", "39")
    assert [(row.verdict, row.direction, row.location) for row in rows] == [
        ("breaking", "request", "body.name"),
        ("compatible", "response", "201.name"),
    ]


def test_every_keyword_that_is_compared_has_a_row():
    said = [case.values[-1] for case in table("schema_changes")] + [
        case.values[-2] for case in table("operation_changes")
    ]
    told = {text.split(":")[0] for text in said} | {"enum"}
    assert set(KEYWORDS) - told == set()


def test_an_excluded_bound_is_stricter_than_an_included_one():
    for bound in ("Minimum", "Maximum"):
        rows = differences(f"size/exclusive{bound}", "true")
        assert {row.direction: row.verdict for row in rows} == {"request": "breaking", "response": "compatible"}


def test_of_two_parts_of_a_schema_the_stricter_limit_counts():
    tight = edited("/definitions/Box/properties/lid/maxLength", "10")
    parts = [{"properties": {"lid": {"type": "string", "maxLength": limit}}} for limit in (10, 99)]
    joined = edited("/definitions/Box", json.dumps({"type": "object", "allOf": parts}))
    assert compare(swagger2.read(tight), swagger2.read(joined)) == []


def test_swapped_parameters_are_told_because_the_first_violation_is_answered():
    other = deepcopy(TOY)
    parameters = other["paths"]["/things"]["post"]["parameters"]
    parameters[0], parameters[1] = parameters[1], parameters[0]
    rows = compare(swagger2.read(TOY), swagger2.read(other))
    assert [(row.verdict, row.pointer) for row in rows] == [("compatible", MAKE)]
    assert "order of parameters" in rows[0].what


def test_a_path_parameter_may_change_its_name_but_not_its_type():
    other = deepcopy(TOY)
    item = other["paths"].pop("/things/{thingID}")
    item["get"]["parameters"][0].update(name="id", type="integer")
    other["paths"]["/things/{id}"] = item
    rows = compare(swagger2.read(TOY), swagger2.read(other))
    assert {(row.what.split(":")[0], row.verdict) for row in rows} == {
        ("names in the path", "compatible"),
        ("name", "compatible"),
        ("type", "breaking"),
    }


def test_parameters_of_the_path_count_for_each_of_its_operations():
    moved = deepcopy(TOY)
    item = moved["paths"]["/things/{thingID}"]
    item["parameters"] = item["get"].pop("parameters")
    assert compare(swagger2.read(TOY), swagger2.read(moved)) == []


def test_a_difference_in_a_recursive_schema_is_told_once_in_each_direction():
    assert [row.direction for row in differences("name/minLength", "2")] == ["request", "response"]


def test_a_discriminator_inside_a_concrete_schema_leads_to_its_own_concrete_schemas():
    def tilted(limit: int) -> dict[str, Any]:
        spec = edited("/definitions/Form/properties/formType/enum", '["Round", "Square"]')
        spec["definitions"]["Square"]["allOf"][1]["discriminator"] = "squareType"
        own = {"type": "object", "properties": {"angle": {"type": "integer", "maximum": limit}}}
        spec["definitions"]["Tilted"] = {"allOf": [{"$ref": "#/definitions/Square"}, own]}
        return spec

    rows = compare(swagger2.read(tilted(90)), swagger2.read(tilted(80)))
    assert {row.pointer for row in rows} == {"/definitions/Tilted/allOf/1/properties/angle/maximum"}
    assert [row.location for row in rows] == ["body.form<Square><Tilted>.angle", "201.form<Square><Tilted>.angle"]


def test_a_discriminator_reached_from_a_schema_that_it_cannot_name_still_leads_to_its_concrete_schemas():
    def enveloped(limit: int) -> dict[str, Any]:
        spec = edited("/definitions/Form/properties/formType/enum", '["Round", "Square"]')
        spec["definitions"]["Envelope"] = {"allOf": [{"$ref": "#/definitions/Form"}, {"type": "object"}]}
        spec["definitions"]["Thing"]["properties"]["form"] = {"$ref": "#/definitions/Envelope"}
        spec["definitions"]["Round"]["allOf"][1]["properties"]["radius"]["maximum"] = limit
        return spec

    rows = compare(swagger2.read(enveloped(100)), swagger2.read(enveloped(90)))
    assert [row.location for row in rows] == ["body.form<Round>.radius", "201.form<Round>.radius"]


def test_a_keyword_that_is_not_understood_stops_the_comparison_instead_of_blinding_it():
    with pytest.raises(NotComparable, match="/definitions/Box/patternProperties"):
        differences("/definitions/Box/patternProperties", "{}")


def test_two_operations_at_one_address_are_refused():
    other = deepcopy(TOY)
    other["paths"]["/things/{id}"] = {"get": other["paths"]["/things/{thingID}"]["get"]}
    with pytest.raises(NotComparable, match="stands twice"):
        swagger2.read(other)


@pytest.mark.parametrize(
    ("where", "value"),
    [pytest.param(*case.values[1:3], id=case.id) for case in (*table("schema_changes"), *table("operation_changes"))],
)
def test_every_pointer_leads_somewhere_in_the_document_that_it_names(where, value):
    other = edited(where, value)
    rows = compare(swagger2.read(TOY), swagger2.read(other))
    assert rows
    for row in rows:
        at(other if row.stands_in == "other" else TOY, row.pointer)
