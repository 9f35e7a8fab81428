"""What a version costs to keep: lines of code by folder and operation, what it shares, memory of its processes.

A line of code holds something besides white space, a comment or a docstring; imports and decorators count. Memory is
that of the running system, see tools.memory.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from console.table import aligned
from settings import load
from tools import memory
from tools.bundle_specs import METHODS, SPECS, versions
from tools.spec_files import read

ROOT = Path(__file__).resolve().parent.parent
AVERAGE_MAX = 12.0
"""Lines of code of an operation, over all versions together; a test holds it."""

_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


class Price(NamedTuple):
    """Lines of code of one version's package, by folder, and how many operations its spec has."""

    version: str
    operations: int
    in_operations: int
    in_shapes: int
    in_tables: int

    @property
    def average(self) -> float:
        """Lines of code in operations/ for each operation."""
        return self.in_operations / self.operations


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 when the average is too high or a version is imported by somebody else."""
    parser = argparse.ArgumentParser(prog="python -m tools.version_price", description=__doc__)
    parser.parse_args(arguments)
    found, (shares, _) = prices(), memory.measured(load().state.directory)
    rows = [
        (
            each.version, str(each.operations), str(each.in_operations), f"{each.average:.1f}", str(each.in_shapes),
            str(each.in_tables), *(shown(shares[f"capi_{each.version}{kind}"]) for kind in ("", "_tokens")),
        )
        for each in found
    ]  # fmt: skip
    head = ("VERSION", "OPERATIONS", "IN operations/", "EACH", "IN shapes/", "TABLES", "MEMORY", "MEMORY, CARDS")
    print(aligned(head, rows))
    print(f"\nAll together: {average(found):.1f} lines of code an operation; at most {AVERAGE_MAX:.0f} are allowed.")
    strangers = list(foreign_imports())
    print("\n".join(strangers) or "No version is imported by anybody but itself.")
    return int(average(found) >= AVERAGE_MAX or bool(strangers))


def prices(root: Path = ROOT, specs: Path = SPECS) -> list[Price]:
    """Return the price of every version of versions.toml that has a package here."""
    return [price(name, spec, root / f"capi_{name}") for name, spec in versions(specs).items()]


def price(name: str, spec: Path, package: Path) -> Price:
    """Return the price of one version."""
    operations = sum(method in item for item in read(spec)["paths"].values() for method in METHODS)
    return Price(
        name,
        operations,
        lines_of(package.glob("operations/*.py")),
        lines_of(package.glob("shapes/**/*.py")),
        lines_of(package.glob("*.py")),
    )


def average(found: Sequence[Price]) -> float:
    """Return the lines of code of an operation over all versions."""
    return sum(each.in_operations for each in found) / sum(each.operations for each in found)


def lines_of(files: Iterable[Path]) -> int:
    """Return how many lines of code the files have together."""
    return sum(code_lines(file.read_text(encoding="utf-8")) for file in files)


def code_lines(text: str) -> int:
    """Return how many lines hold code: no docstrings, no comments, no white space."""
    prose = {line for start, end in docstrings(ast.parse(text)) for line in range(start, end + 1)}
    held: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _SILENT:
            held.update(range(token.start[0], token.end[0] + 1))
    return len(held - prose)


def docstrings(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Yield the first and the last line of every string that stands alone as a statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.end_lineno or node.lineno


def foreign_imports(root: Path = ROOT) -> Iterator[str]:
    """Yield a sentence for every import of a version outside of itself and of the tests."""
    folders = [folder for folder in sorted(root.iterdir()) if folder.is_dir() and folder.name[0] != "."]
    for file in (file for folder in folders if folder.name != "tests" for file in sorted(folder.rglob("*.py"))):
        text = file.read_text(encoding="utf-8")
        for name in imported(ast.parse(text)) if "capi_v" in text else ():
            if re.fullmatch(r"capi_v\d+", name) and name != file.relative_to(root).parts[0]:
                yield f"{file.relative_to(root)} imports {name}."


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the top-level name of everything that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def shown(kb: int) -> str:
    """Return a number of kB for people; 0 is what no process takes."""
    return memory.megabytes(kb) if kb else "not running"


if __name__ == "__main__":
    sys.exit(main())
