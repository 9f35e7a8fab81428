"""Breaking differences that were made on purpose: read them, and take them out of a comparison.

The file's own comments describe its form.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tools.spec_comparison.document import NotComparable
from tools.spec_comparison.operations import Difference


@dataclass(frozen=True, slots=True)
class AcceptedBreak:
    """A break that is meant. `operation` is an operationId, or * for all; `date` the day on which it was decided."""

    version: str
    operation: str
    pointer: str
    date: date
    reason: str

    def covers(self, difference: Difference) -> bool:
        """Say whether this is the break that was meant."""
        return (
            difference.verdict == "breaking"
            and difference.pointer == self.pointer
            and (self.operation in ("*", difference.operation))
        )


def read(file: Path, version: str | None = None) -> list[AcceptedBreak]:
    """Return the entries of a file, or those of one version.

    Raises NotComparable when the file is missing or an entry says too little.
    """
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8")).get("break", [])
        return [_entry(row) for row in rows if row["version"] == version or version is None]
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError) as failure:
        raise NotComparable(f"{file} cannot be used: {failure!r}.") from failure


def _entry(row: Mapping[str, Any]) -> AcceptedBreak:
    if not isinstance(row["date"], date):
        raise ValueError("an entry whose date is no day")
    return AcceptedBreak(row["version"], row["operation"], row["pointer"], row["date"], _given(row["reason"]))


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
