"""Breaking differences that were made on purpose: read them, and take them out of a comparison.

The file's own comments describe its form.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.spec_comparison.document import NotComparable
from tools.spec_comparison.operations import Difference


@dataclass(frozen=True, slots=True)
class AcceptedBreak:
    """A break that is meant. `operation` is an operationId, or * for all."""

    operation: str
    pointer: str
    reason: str

    def covers(self, difference: Difference) -> bool:
        """Say whether this is the break that was meant."""
        return (
            difference.verdict == "breaking"
            and difference.pointer == self.pointer
            and (self.operation in ("*", difference.operation))
        )


def read(file: Path) -> list[AcceptedBreak]:
    """Return the entries of a file. Raises NotComparable when the file is missing or an entry says too little."""
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8")).get("break", [])
        return [AcceptedBreak(row["operation"], row["pointer"], _given(row["reason"])) for row in rows]
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError) as failure:
        raise NotComparable(f"{file} cannot be used: {failure!r}.") from failure


def _given(reason: str) -> str:
    if not reason.strip():
        raise ValueError("an entry without a reason")
    return reason


def split(
    differences: Sequence[Difference], entries: Sequence[AcceptedBreak]
) -> tuple[list[Difference], list[Difference], list[AcceptedBreak]]:
    """Return the differences that stay, those that are accepted, and the entries that meet no difference any more."""
    accepted = [row for row in differences if any(entry.covers(row) for entry in entries)]
    staying = [row for row in differences if row not in accepted]
    stale = [entry for entry in entries if not any(entry.covers(row) for row in accepted)]
    return staying, accepted, stale
