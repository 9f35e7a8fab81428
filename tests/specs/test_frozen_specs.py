"""What was released stays true: a spec may grow, and whoever was written against it goes on working."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tools import freeze_specs, spec_files
from tools.bundle_specs import SPECS, text_of, versions

NAMES = sorted(versions(SPECS))
DAY = date(2026, 11, 22)
Change = Callable[[dict[str, Any]], None]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_breaks_whoever_was_written_against_a_released_spec(name):
    assert list(freeze_specs.check(SPECS, name)) == []


def test_every_break_that_was_ever_accepted_says_which_version_when_and_why():
    entries = freeze_specs.accepted.read(SPECS / "frozen" / freeze_specs.BREAKS)
    assert {entry.version for entry in entries} <= set(NAMES)


@pytest.fixture
def specs(tmp_path) -> Path:
    """A folder of specs that holds v2 as it is, frozen."""
    folder = tmp_path / "specs"
    (folder / "v2").mkdir(parents=True)
    (folder / "frozen").mkdir()
    shutil.copy(versions(SPECS)["v2"], folder / "v2" / "bundled.json")
    (folder / "versions.toml").write_text('[v2]\nspec = "v2/bundled.json"\n')
    (folder / "frozen" / freeze_specs.BREAKS).write_text("")
    freeze_specs.freeze(folder, "v2", DAY)
    return folder


def planted(specs: Path, change: Change) -> list[str]:
    """What the check says of v2 with a change."""
    file = specs / "v2" / "bundled.json"
    raw = spec_files.read(file)
    change(raw)
    file.write_text(text_of(raw))
    return list(freeze_specs.check(specs, "v2"))


def without_an_operation(raw: dict) -> None:
    del raw["paths"]["/processing/categories"]


def without_a_property(raw: dict) -> None:
    del raw["definitions"]["Shop"]["properties"]["categoryID"]


def with_a_tighter_limit(raw: dict) -> None:
    raw["parameters"]["shopID"]["maxLength"] = 20


def with_another_code_to_expect(raw: dict) -> None:
    raw["paths"]["/processing/shops"]["get"]["responses"]["203"] = {"description": "Another success"}


BREAKS = [
    (without_an_operation, {"v2 getCategories: request operation: operation removed"}),
    (without_a_property, {"v2 getShops: response 200[].categoryID: property removed"}),
    (with_a_tighter_limit, {"v2 getShopByID: request path shopID: maxLength: 40 -> 20"}),
    (with_another_code_to_expect, {"v2 getShops: response 203: status 203 added"}),
]


@pytest.mark.parametrize(("change", "named"), BREAKS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_break_fails_and_names_the_operation_and_the_place(specs, change, named):
    said = planted(specs, change)
    assert all(any(sentence.startswith(start) for sentence in said) for start in named), said


def test_additions_pass(specs):
    def grown(raw: dict) -> None:
        weather = {"get": {**raw["paths"]["/processing/categories"]["get"], "operationId": "getWeather"}}
        raw["paths"]["/processing/weather"] = weather
        raw["paths"]["/processing/shops"]["get"]["responses"]["418"] = {"description": "A teapot"}
        raw["definitions"]["Shop"]["properties"]["colour"] = {"type": "string"}

    assert planted(specs, grown) == []


def accept(specs: Path, pointer: str, day: date, operation: str = "getShops") -> None:
    said = f'version = "v2"\noperation = "{operation}"\npointer = "{pointer}"\ndate = {day}\nreason = "Nobody minds."\n'
    with (specs / "frozen" / freeze_specs.BREAKS).open("a") as file:
        file.write(f"[[break]]\n{said}")


ANOTHER_CODE = "/paths/~1processing~1shops/get/responses/203"


def test_a_break_that_was_reviewed_passes_and_others_still_fail(specs):
    accept(specs, ANOTHER_CODE, DAY)
    assert planted(specs, with_another_code_to_expect) == []
    assert planted(specs, without_an_operation) != []


def test_a_break_accepted_for_an_earlier_release_does_not_excuse_a_new_one(specs):
    accept(specs, ANOTHER_CODE, date(2026, 11, 21))
    assert planted(specs, with_another_code_to_expect) != []


def test_an_accepted_break_that_nobody_made_is_named(specs):
    accept(specs, ANOTHER_CODE, date(2026, 11, 23))
    (said,) = freeze_specs.check(specs, "v2")
    assert "getShops" in said and "is accepted and is none" in said


def test_a_frozen_copy_cannot_be_changed_to_fit(specs):
    copy = specs / "frozen" / "v2.json"
    raw = json.loads(copy.read_text())
    without_an_operation(raw)
    copy.write_text(text_of(raw))
    assert planted(specs, without_an_operation) == [
        "v2: v2.json is not what was frozen on 2026-11-22: its digest is another one."
    ]


def test_a_spec_with_breaks_is_not_frozen(specs, capsys):
    planted(specs, without_an_operation)
    before = freeze_specs.frozen(specs)
    assert freeze_specs.main([], specs) == 1
    assert "v2 getCategories" in capsys.readouterr().err
    assert freeze_specs.frozen(specs) == before


def test_a_spec_that_grew_is_frozen_anew_with_its_new_digest(specs):
    planted(specs, lambda raw: raw["definitions"]["Shop"]["properties"].update(colour={"type": "string"}))
    before = freeze_specs.frozen(specs)["v2"]
    assert freeze_specs.main(["v2"], specs, date(2026, 12, 24)) == 0
    after = freeze_specs.frozen(specs)["v2"]
    assert after.digest != before.digest and after.day == date(2026, 12, 24)
    assert planted(specs, lambda raw: raw["definitions"]["Shop"]["properties"].pop("colour")) != []


def test_a_version_that_is_served_and_not_frozen_is_named(specs):
    (specs / "frozen" / freeze_specs.DIGESTS).unlink()
    assert list(freeze_specs.check(specs, "v2")) == [
        "v2 is not frozen. When it is released: python -m tools.freeze_specs v2"
    ]


def test_the_command_names_versions_that_there_are(specs, capsys):
    assert freeze_specs.main(["v9"], specs) == 1
    assert "no version v9" in capsys.readouterr().err
