"""A version is thin, nobody but itself imports it, and no shared code knows which versions there are."""

import ast
import re
from pathlib import Path

import pytest

from tools import memory, version_price

ROOT = Path(__file__).resolve().parents[2]
SHARED = ("translator", "rpc", "processing", "settings", "telemetry", "serving")
NAMED = re.compile(r"\b(capi_)?[vV][1-9]\b")
PRICES = version_price.prices()
PORT_SETTING = re.compile(r"v\d+_(tokens_)?port")
"""The operator moves the ports of a version by its name; nothing but the list of settings knows these."""

DATA = {
    "v1,", "v1a,", "v1", "v1a",  # the signature schemes of Standard Webhooks are called so
    "v3",  # name of the form of a webhook's payload, as endpoints pin it
    "v1.", "v2.",  # forms of a payment tool token, which has its own numbers
    "/gateway/v1",  # the mock bank's interface
}  # fmt: skip


def test_an_operation_takes_less_than_twelve_lines_on_average():
    assert version_price.average(PRICES) < version_price.AVERAGE_MAX


@pytest.mark.parametrize("price", PRICES, ids=lambda price: price.version)
def test_so_does_an_operation_of_each_version(price: version_price.Price):
    assert price.average < version_price.AVERAGE_MAX


def test_a_version_is_imported_by_nobody_but_itself():
    assert list(version_price.foreign_imports()) == []


def test_a_planted_import_of_a_version_is_found(tmp_path):
    (tmp_path / "translator").mkdir()
    (tmp_path / "translator" / "shortcut.py").write_text("from capi_v2.shapes import invoice\n")
    (tmp_path / "capi_v2").mkdir()
    (tmp_path / "capi_v2" / "app.py").write_text("import capi_v2.errors\n")
    assert list(version_price.foreign_imports(tmp_path)) == ["translator/shortcut.py imports capi_v2."]


def named_in_code(text: str) -> set[str]:
    """Names and texts of the code that say a version: no comments, no docstrings, no paths of internal services."""
    tree, found = ast.parse(text), set()
    prose = {line for start, end in version_price.docstrings(tree) for line in range(start, end + 1)}
    for node in ast.walk(tree):
        if getattr(node, "lineno", 0) in prose:
            continue
        for said in words_of(node):
            if NAMED.search(said.replace("_", " ")) and not said.startswith("/v1/"):
                found.add(said)
    return found


def words_of(node: ast.AST) -> list[str]:
    """The name or the text that a node of the code is."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    names = [getattr(node, field, None) for field in ("id", "attr", "name", "arg", "module")]
    return [name for name in names if isinstance(name, str)]


@pytest.mark.parametrize("package", SHARED)
def test_shared_code_names_no_version(package: str):
    said = {
        str(file.relative_to(ROOT)): sorted(
            word
            for word in named_in_code(file.read_text(encoding="utf-8"))
            if word not in DATA
            and not (file.parts[-2:] == ("settings", "sections.py") and PORT_SETTING.fullmatch(word))
        )
        for file in (ROOT / package).rglob("*.py")
    }
    assert {file: words for file, words in said.items() if words} == {}


@pytest.mark.parametrize(
    "text", ["import capi_v2", "if name == 'v2': pass", "from x import v1_shapes", "version_v2 = 1", "x = f'/v2/{y}'"]
)
def test_a_planted_name_of_a_version_is_found(text: str):
    assert named_in_code(text) - DATA


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('"""Prose."""\n\nimport os  # why\n', 1),
        ("# only a comment\n\n\n", 0),
        ("def f():\n    '''Prose\n    of two lines.'''\n    return (\n        1,\n    )\n", 4),
        ("TEXT = '''one\ntwo'''\n", 2),
    ],
)
def test_lines_of_code_are_those_that_do_something(text: str, lines: int):
    assert version_price.code_lines(text) == lines


def test_memory_of_a_version_that_does_not_run_is_said_to_be_unknown():
    assert version_price.shown(0) == "not running"
    assert version_price.shown(75 * 1024) == "75 MB"


def test_a_process_is_known_by_its_module_and_its_system_by_the_state_directory(tmp_path):
    forking = "/usr/bin/python\0-m\0deploy.all_in_one\0"
    assert memory.service_of("/usr/bin/python\0-m\0capi_v2\0--only\0Tokens\0", "python") == "capi_v2_tokens"
    assert memory.service_of("/usr/bin/python\0-m\0processing\0", "python") == "processing"
    assert memory.service_of(forking, "capi_v2_tokens") == "capi_v2_tokens"
    assert memory.service_of(forking, "python3.11") == "deploy.all_in_one"
    assert memory.service_of("/bin/sh\0-c\0true\0", "sh") is None
    assert memory.state_of(f"HOME=/root\0CAPI_STATE_DIRECTORY={tmp_path}\0") == tmp_path
    assert memory.measured(tmp_path) == ({}, {})
