"""Who may know whom: the mock bank is foreign, its adapter knows only its protocol."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from processing import banks

HOME = Path(banks.__file__).parent
ROOT = HOME.parents[1]
LEAVES = {"settings", "telemetry", "serving"}
OURS = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}


def imports_of(path: Path) -> set[str]:
    """Full names of what a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted((HOME / "mock").glob("*.py")), ids=lambda path: path.name)
def test_the_bank_imports_nothing_of_ours_but_leaf_packages(path: Path):
    ours = {name for name in imports_of(path) if name.split(".")[0] in OURS - LEAVES}
    assert not [name for name in ours if not name.startswith("processing.banks.mock.")]


@pytest.mark.parametrize("path", sorted((HOME / "mock_adapter").glob("*.py")), ids=lambda path: path.name)
def test_the_adapter_imports_nothing_of_the_bank(path: Path):
    assert not [name for name in imports_of(path) if name.startswith("processing.banks.mock.")]


def test_serving_the_bank_loads_neither_the_protocol_nor_an_adapter():
    probe = "import sys, processing.banks.mock.app; print([m for m in sys.modules if m.split('.')[0] == 'rpc'])"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "[]"
