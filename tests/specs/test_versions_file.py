"""specs/versions.toml: each version once, as its specification says, each key explained."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tools import spec_files

SPECS = Path(__file__).resolve().parents[2] / "specs"


def test_every_version_is_listed_with_what_its_spec_says():
    rows = tomllib.loads((SPECS / "versions.toml").read_text(encoding="utf-8"))
    for row in rows.values():
        spec = spec_files.read(SPECS / row["spec"])
        assert (spec.get("basePath") or spec["servers"][0]["url"]) == row["base_path"]
        assert row["status"] in ("live", "deprecated", "retired")
        assert ("deprecated" in row) == (row["status"] != "live")
    ports = [row[key] for row in rows.values() for key in ("port", "tokens_port")]
    assert len(set(ports)) == len(ports)


def test_every_key_of_versions_toml_is_explained():
    text = (SPECS / "versions.toml").read_text(encoding="utf-8")
    explained = set(re.findall(r"^# (\w+)  +\S", text, flags=re.MULTILINE))
    assert {key for row in tomllib.loads(text).values() for key in row} <= explained
