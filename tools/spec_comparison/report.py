"""Show differences: a table for people, JSON for programs."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest

from tools.spec_comparison.accepted import AcceptedBreak
from tools.spec_comparison.operations import Difference

GAP = "  "
WIDTH_MIN = 80
Row = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a comparison has to tell."""

    operations: int
    differences: Sequence[Difference]
    accepted: Sequence[Difference] = field(default=())
    stale: Sequence[AcceptedBreak] = field(default=())

    def count(self, verdict: str) -> int:
        """Return how many differences have this verdict."""
        return sum(row.verdict == verdict for row in self.differences)

    def operations_touched(self) -> int:
        """Return in how many operations something differs."""
        return len({(row.method, row.path) for row in self.differences})


def as_json(result: Result) -> str:
    """Return the result for programs: one entry for each difference in each operation."""
    return json.dumps(
        {
            "operations_compared": result.operations,
            "breaking": result.count("breaking"),
            "compatible": result.count("compatible"),
            "differences": [asdict(row) for row in result.differences],
            "accepted": [asdict(row) for row in result.accepted],
            "stale_acceptances": [asdict(entry) for entry in result.stale],
        },
        ensure_ascii=False,
        indent=2,
        default=str,
    )


def as_table(result: Result, width: int) -> str:
    """Return the result for people: one row for each difference, with every operation that it touches."""
    width = max(width, WIDTH_MIN)
    lines: list[str] = []
    breaking = [row for row in result.differences if row.verdict == "breaking"]
    compatible = [row for row in result.differences if row.verdict == "compatible"]
    for title, rows in (("BREAKING", breaking), ("COMPATIBLE", compatible), ("ACCEPTED", result.accepted)):
        if rows:
            lines += [*_section(title, rows, width), ""]
    for entry in result.stale:
        lines.append(f"No longer a difference, so remove it from the accepted ones: {entry.operation} {entry.pointer}")
    return "\n".join([*lines, totals(result)])


def totals(result: Result) -> str:
    """Return one sentence with the numbers."""
    compared = f"{result.operations} operation{'s' * (result.operations != 1)} compared"
    suffix = f", {len(result.accepted)} accepted" if result.accepted else ""
    if not result.differences:
        return f"0 differences{suffix} in {compared}."
    return (
        f"{len(result.differences)} differences in {result.operations_touched()} of {compared}: "
        f"{result.count('breaking')} breaking, {result.count('compatible')} compatible{suffix}."
    )


def _section(title: str, rows: Sequence[Difference], width: int) -> Iterator[str]:
    room = width - 8 - 3 * len(GAP)
    widths = (8, room * 42 // 100, room * 33 // 100, room - room * 42 // 100 - room * 33 // 100)
    yield f"{title} ({len(rows)})"
    yield _line(("", "JSON pointer", "what changed", "operations"), widths)
    yield _line(tuple("-" * size for size in widths), widths)
    for row in _grouped(rows):
        yield from _wrapped(row, widths)


def _grouped(rows: Sequence[Difference]) -> list[Row]:
    """Join rows that differ only in the operation: a definition is shared by many."""
    groups: dict[Row, list[str]] = {}
    for row in rows:
        where = row.pointer if row.stands_in == "other" else f"{row.pointer} (base)"
        groups.setdefault((row.direction, where, f"{row.what}: {row.why}", ""), []).append(row.operation)
    return [(direction, where, what, ", ".join(names)) for (direction, where, what, _), names in groups.items()]


def _wrapped(row: Row, widths: Sequence[int]) -> Iterator[str]:
    direction, pointer, what, operations = row
    cells = (
        [direction],
        _pointer_lines(pointer, widths[1]),
        textwrap.wrap(what, widths[2]),
        textwrap.wrap(operations, widths[3]),
    )
    for parts in zip_longest(*cells, fillvalue=""):
        yield _line(parts, widths)


def _pointer_lines(pointer: str, size: int) -> list[str]:
    """Break a pointer before a slash, written or escaped, so that names stay whole."""
    lines = [""]
    for step in re.split(r"(?=/|~1)", pointer):
        if lines[-1] and len(lines[-1]) + len(step) > size:
            lines.append(" ")
        lines[-1] += step
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(cell.ljust(size) for cell, size in zip(cells, widths, strict=True)).rstrip()
