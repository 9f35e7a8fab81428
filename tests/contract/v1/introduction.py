"""The tables of the introduction of v1's specification, which promise things that tests show."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from translator.spec import read_spec

SPEC = read_spec(Path(__file__).resolve().parents[3] / "specs" / "v1" / "bundled.json")


class Promises:
    """The rows of one table by the text of their first column, and the tests that show them."""

    def __init__(self, header: str) -> None:
        self.rows = rows_below(header)
        self.shown: set[str] = set()

    def shows(self, *rows: str) -> Callable[[Any], Any]:
        """Marks a test as the one that shows these rows."""
        self.shown.update(rows)
        return lambda test: test

    def kept(self) -> bool:
        """Whether each row has a test, and each test a row."""
        assert self.shown == set(self.rows)
        return True


def rows_below(header: str) -> list[str]:
    """First columns of the table whose head begins so."""
    lines = SPEC["info"]["description"].splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"| {header} |")) + 2
    rows = []
    while begin < len(lines) and lines[begin].startswith("|"):
        rows.append(lines[begin].split("|")[1].strip())
        begin += 1
    return rows
