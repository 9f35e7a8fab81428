"""The code polices itself: names that say nothing, hidden version switches, foreign libraries outside their gate."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "capi_v1", "capi_v2", "capi_v3", "translator", "rpc", "processing", "settings", "telemetry", "serving", "console",
    "deploy", "tools", "campaigns", "benches", "docs_site",
)  # fmt: skip
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
BANNED_NAMES = re.compile(r"^(utils?|helpers?|common|base|misc|manager|service_impl)$")
BANNED_TEXT = {
    r"\b(TODO|FIXME|XXX)\b": "finish it, or open an issue",
    r"\bif\s+(api_)?version\b": "versions differ by rows and functions",
    r"(?<![\w.])print\(": "log, or answer",
}
PRINTERS = ("console", "tools", "deploy", "campaigns", "benches", "docs_site")
GATES = {
    "connexion": ("translator/gateway.py", "benches/peers/"),
    "thrift": ("rpc/",),
    "psycopg": ("processing/storage/",),
}


def name_of(path: Path) -> str:
    """Path below the root, as test id."""
    return str(path.relative_to(ROOT))


def imported(tree: ast.Module) -> set[str]:
    """Top-level names of everything that a module imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for_and_stays_small(path: Path):
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "the module has no docstring"
    assert not BANNED_NAMES.match(path.stem), "the name says nothing"
    assert text.count("\n") <= MODULE_LINES_MAX
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert not long


def test_modules_of_tests_stay_as_small():
    sizes = {name_of(path): path.read_text().count("\n") for path in TESTS}
    assert {name: lines for name, lines in sizes.items() if lines > MODULE_LINES_MAX} == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_banned_words_stay_out(path: Path):
    text = path.read_text()
    found = [
        f"{pattern}: {advice}"
        for pattern, advice in BANNED_TEXT.items()
        if re.search(pattern, text) and not ("print" in pattern and name_of(path).startswith(PRINTERS))
    ]
    assert not found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_foreign_libraries_stay_behind_their_gate(path: Path):
    names = imported(ast.parse(path.read_text()))
    wrong = [library for library, gates in GATES.items() if library in names and not name_of(path).startswith(gates)]
    assert not wrong


def test_our_own_classes_inherit_one_level_at_most():
    parents: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                parents[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
    deep = [
        f"{name} < {parent} < {grand}"
        for name, above in parents.items()
        for parent in above
        for grand in parents.get(parent, [])
        if grand in parents and parent != name
    ]
    assert not deep


def test_the_arrows_of_the_architecture_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:]


def test_the_linter_is_content():
    linter = [Path(sys.executable).with_name("ruff"), "check", "--no-cache", "."]
    run = subprocess.run(linter, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:]
