"""What versions.toml deprecates, the spec of that version marks as deprecated, and nothing else."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from settings import load
from settings.versions import Farewell, Version, known_versions
from translator.spec import METHODS, read_spec

VERSIONS = known_versions(load({}))


def disagreements(version: Version, raw: dict[str, Any]) -> set[str]:
    """Operations that only one of the two calls deprecated."""
    operations = [item[method] for item in raw["paths"].values() for method in METHODS if method in item]
    marked = {operation["operationId"] for operation in operations if operation.get("deprecated")}
    return marked ^ set(version.operations)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_the_spec_and_the_list_of_versions_deprecate_the_same_operations(version: Version):
    assert disagreements(version, read_spec(version.spec)) == set()


def test_an_operation_that_only_one_of_them_deprecates_is_named():
    version = VERSIONS[-1]
    listed = replace(version, operations={"getShop": Farewell(date(2030, 1, 1))})
    assert disagreements(listed, read_spec(version.spec)) == {"getShop"}
    raw = {"paths": {"/shops": {"get": {"operationId": "listShops", "deprecated": True}}}}
    assert disagreements(version, raw) == {"listShops"}
