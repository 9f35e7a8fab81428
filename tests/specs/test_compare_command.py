"""The comparison as a command: what it prints, which operations it takes, and what its exit status says."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tools import compare_specs, spec_files

TOY_FILE = Path(__file__).with_name("toy.yaml")
TOY = spec_files.read(TOY_FILE)


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    """What fits a line must not depend on who runs the tests where."""
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def written(tmp_path):
    """Write a changed copy of the toy specification, and return its file."""

    def write(change: Any) -> str:
        copy = deepcopy(TOY)
        change(copy)
        file = tmp_path / "other.json"
        file.write_text(json.dumps(copy))
        return str(file)

    return write


def run(capsys: pytest.CaptureFixture[str], other: str, *options: str) -> tuple[int, str]:
    status = compare_specs.main([str(TOY_FILE), other, *options])
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def shorter_names(spec: dict[str, Any]) -> None:
    spec["definitions"]["Thing"]["properties"]["name"]["maxLength"] = 39


def one_status_more(spec: dict[str, Any]) -> None:
    spec["paths"]["/things"]["post"]["responses"]["409"] = {"description": "Conflict"}


def only_things(spec: dict[str, Any]) -> None:
    del spec["paths"]["/things/{thingID}"]


def next_version(spec: dict[str, Any]) -> None:
    spec["basePath"] = "/v10"
    one_status_more(spec)


def test_a_specification_does_not_differ_from_itself(capsys):
    assert run(capsys, str(TOY_FILE), "--fail-on", "any") == (0, "0 differences in 2 operations compared.\n")


def test_a_breaking_difference_fails_and_stands_under_its_heading(capsys, written):
    status, said = run(capsys, written(shorter_names))
    breaking, _, compatible = said.partition("COMPATIBLE (1)")
    assert status == 1
    assert "BREAKING (1)" in breaking and "/definitions/Thing/properties/name" in breaking and "makeThing" in breaking
    assert "maxLength: 40 -> 39" in breaking and "response" in compatible
    assert said.endswith("2 differences in 1 of 2 operations compared: 1 breaking, 1 compatible.\n")


def test_compatible_differences_fail_only_when_asked(capsys, written):
    other = written(one_status_more)
    assert run(capsys, other)[0] == 0
    assert run(capsys, other, "--fail-on", "any")[0] == 1


def test_operations_can_be_limited_to_those_of_one_file(capsys, written):
    other = written(only_things)
    assert run(capsys, other)[0] == 1
    assert run(capsys, other, "--operations-of", "OTHER", "--fail-on", "any") == (
        0,
        "0 differences in 1 operation compared.\n",
    )


def test_operations_can_be_limited_to_tags(capsys, written):
    other = written(shorter_names)
    assert run(capsys, other, "--tags", "Reading") == (0, "0 differences in 1 operation compared.\n")
    assert run(capsys, other, "--tags", "Reading,Things")[0] == 1
    status, said = run(capsys, other, "--tags", "Reding")
    assert (status, "Reding" in said) == (2, True)


def test_two_versions_can_be_compared_below_their_base_paths(capsys, written):
    other = written(next_version)
    assert run(capsys, other)[0] == 1
    status, said = run(capsys, other, "--across-versions")
    assert (status, said.splitlines()[-1]) == (
        0,
        "1 differences in 1 of 2 operations compared: 0 breaking, 1 compatible.",
    )


def test_json_has_an_entry_for_each_difference_in_each_operation(capsys, written):
    status, said = run(capsys, written(shorter_names), "--format", "json")
    told = json.loads(said)
    assert (status, told["operations_compared"], told["breaking"], told["compatible"]) == (1, 2, 1, 1)
    assert told["differences"][0] == {
        "operation": "makeThing",
        "method": "post",
        "path": "/v9/things",
        "direction": "request",
        "verdict": "breaking",
        "location": "body.name",
        "pointer": "/definitions/Thing/properties/name/maxLength",
        "stands_in": "other",
        "what": "maxLength: 40 -> 39",
        "why": "requests that were accepted are refused",
    }


def accepting(tmp_path: Path, pointer: str, reason: str = "Nobody has longer names.") -> str:
    file = tmp_path / "accepted.toml"
    said = f'version = "v9"\noperation = "makeThing"\npointer = "{pointer}"\ndate = 2026-11-22\nreason = "{reason}"\n'
    file.write_text(f"[[break]]\n{said}")
    return str(file)


def test_a_break_that_is_made_on_purpose_is_shown_and_does_not_fail(capsys, written, tmp_path):
    accepted = accepting(tmp_path, "/definitions/Thing/properties/name/maxLength")
    status, said = run(capsys, written(shorter_names), "--accepted", accepted)
    assert status == 0
    assert "ACCEPTED (1)" in said and "BREAKING" not in said


def test_an_accepted_break_that_is_none_any_more_fails(capsys, tmp_path):
    accepted = accepting(tmp_path, "/definitions/Thing/properties/name/maxLength")
    status, said = run(capsys, str(TOY_FILE), "--accepted", accepted)
    assert (status, "remove it from the accepted ones" in said) == (1, True)


def test_a_break_is_not_accepted_without_a_reason(capsys, tmp_path):
    accepted = accepting(tmp_path, "/definitions/Thing", reason=" ")
    status, said = run(capsys, str(TOY_FILE), "--accepted", accepted)
    assert (status, "without a reason" in said) == (2, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "says that it is nothing; what can be read is swagger 2.0"),
        ('{"openapi": "3.0.3"}', "says that it is openapi 3.0.3"),
        ('{"openapi": "3.1.1"}', "is not valid"),
        ('{"swagger": "2.0"}', "is not valid"),
        ("{", "cannot be understood"),
    ],
)
def test_what_cannot_be_compared_is_said_and_is_not_taken_for_equal(capsys, tmp_path, text, said):
    file = tmp_path / "other.json"
    file.write_text(text)
    status, sentence = run(capsys, str(file))
    assert (status, said in sentence) == (2, True), sentence


def test_a_missing_file_is_named(capsys, tmp_path):
    status, said = run(capsys, str(tmp_path / "nowhere.json"))
    assert (status, "nowhere.json cannot be read" in said) == (2, True)


def test_the_table_fits_the_width_that_it_is_given(written):
    base, other = compare_specs.load(TOY_FILE), compare_specs.load(Path(written(shorter_names)))
    result = compare_specs.report.Result(2, compare_specs.compare(base, other))
    for width in (80, 100, 160):
        assert max(map(len, compare_specs.report.as_table(result, width).splitlines())) <= width
