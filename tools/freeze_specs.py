"""Keep a copy of each released specification, and say what breaks whoever was written against it.

specs/frozen/<version>.json is the bundled document of the last release, specs/frozen/digests.toml its digest and day.
Additions pass; a break passes when specs/frozen/accepted_breaks.toml tells why.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from tools import spec_files
from tools.bundle_specs import SPECS, text_of, versions
from tools.compare_specs import load
from tools.spec_comparison import accepted
from tools.spec_comparison.document import NotComparable
from tools.spec_comparison.operations import Difference, compare
from translator.spec_digest import digest_of

DIGESTS = "digests.toml"
BREAKS = "accepted_breaks.toml"
HEAD = """\
# What specs/frozen/<version>.json holds: the digest of the document and the day on which it was frozen. Written by
# `python -m tools.freeze_specs`; a copy whose digest is another one has been tampered with.
"""


class Frozen(NamedTuple):
    """One copy: where it is, the digest it was frozen with, and when."""

    file: Path
    digest: str
    day: date


def main(arguments: Sequence[str] | None = None, specs: Path = SPECS, today: date | None = None) -> int:
    """Run the command; return 0, or 1 when something breaks or cannot be compared."""
    asked = _parser().parse_args(arguments)
    known = versions(specs)
    unknown = sorted(set(asked.versions) - set(known))
    if unknown:
        print(f"There is no version {unknown[0]} in versions.toml; it lists {', '.join(known)}.", file=sys.stderr)
        return 1
    findings = 0
    for name in asked.versions or known:
        wrong = list(check(specs, name))
        if not asked.check and (not wrong or name not in frozen(specs)):
            freeze(specs, name, today or datetime.now(UTC).date())
            print(f"{name}: frozen.")
            continue
        for sentence in wrong:
            print(sentence, file=sys.stderr)
        findings += len(wrong)
        if not wrong:
            print(f"{name}: nothing breaks whoever was written against the frozen spec.")
    return int(bool(findings))


def check(specs: Path, name: str) -> Iterator[str]:
    """Yield a sentence for each thing wrong with a version: no frozen copy, an edited one, a break, an idle entry."""
    copy = frozen(specs).get(name)
    if copy is None:
        yield f"{name} is not frozen. When it is released: python -m tools.freeze_specs {name}"
        return
    try:
        if digest_of(spec_files.read(copy.file)) != copy.digest:
            yield f"{name}: {copy.file.name} is not what was frozen on {copy.day}: its digest is another one."
            return
        entries = [one for one in accepted.read(specs / "frozen" / BREAKS, name) if one.date >= copy.day]
        differences = compare(load(copy.file), load(versions(specs)[name]))
    except (NotComparable, spec_files.UnreadableFile) as failure:
        yield f"{name} cannot be compared with its frozen copy. {failure}"
        return
    staying, _, idle = accepted.split(differences, entries)
    yield from dict.fromkeys(_sentence(name, row) for row in staying if row.verdict == "breaking")
    for entry in idle:
        if entry.date > copy.day:
            yield f"{name}: the break of {entry.operation} at {entry.pointer} is accepted and is none: drop its entry."


def freeze(specs: Path, name: str, today: date) -> None:
    """Write the copy of a version's spec as it is now, and note its digest and the day."""
    raw = spec_files.read(versions(specs)[name])
    file = specs / "frozen" / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text_of(raw), encoding="utf-8")
    known = {**frozen(specs), name: Frozen(file, digest_of(raw), today)}
    tables = (f'\n[{each}]\ndigest = "{copy.digest}"\nday = {copy.day}\n' for each, copy in sorted(known.items()))
    (specs / "frozen" / DIGESTS).write_text(HEAD + "".join(tables), encoding="utf-8")


def frozen(specs: Path) -> dict[str, Frozen]:
    """Return what is frozen, by version; a copy that was taken away is not."""
    file = specs / "frozen" / DIGESTS
    rows = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    copies = {name: Frozen(file.with_name(f"{name}.json"), row["digest"], row["day"]) for name, row in rows.items()}
    return {name: copy for name, copy in copies.items() if copy.file.exists()}


def _sentence(name: str, row: Difference) -> str:
    where = f"{row.pointer} (frozen)" if row.stands_in == "base" else row.pointer
    return f"{name} {row.operation}: {row.direction} {row.location}: {row.what} ({row.why}), at {where}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.freeze_specs", description=__doc__)
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="of specs/versions.toml; all by default")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and name what breaks")
    return parser


if __name__ == "__main__":
    sys.exit(main())
