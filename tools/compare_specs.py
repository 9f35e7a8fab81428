"""Compare two specifications and say which differences break a client of the first one.

Only the command stands here; the rules are in tools.spec_comparison.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools import spec_files
from tools.bundle_specs import BrokenSpec, refuse_invalid
from tools.spec_comparison import accepted, openapi3, report, swagger2
from tools.spec_comparison.document import Document, NotComparable, Operation
from tools.spec_comparison.operations import compare

READERS: Mapping[str, Callable[[Mapping[str, Any], bool], Document]] = {
    "swagger 2.0": swagger2.read,
    "openapi 3.1.0": openapi3.read,
    "openapi 3.1.1": openapi3.read,
}

HELP = """\
Compare two specifications, each in one JSON or YAML file, operation by operation, and sort every difference into
breaking and compatible: whether a client that was written against BASE may stop working with OTHER.

What counts is the meaning. References are followed, allOf is joined, discriminators are paired with the schemas that
they can name, and values that are the same as saying nothing are passed over. Words, examples, tags, the address of
the server (host, schemes), and the order of properties are not compared.

The two directions have opposite rules:

                              in a request    in an answer
  fewer values are accepted   breaking        compatible      a tighter limit, an enum value less, a new demand
  more values are accepted    compatible      breaking        a looser limit, an enum value more, a demand less
  other values, or meaning    breaking        breaking        another type, pattern, default, discriminator
  something optional is new   compatible      compatible      a property, a parameter, a header, a 4xx or 5xx
  something is gone           breaking        breaking        an operation, a parameter, a property, a status

The JSON pointer leads to the place in OTHER, or in BASE where the row says so. A definition that many operations share
is one row of the table, with all of them; --format json has an entry for each.
"""

EXAMPLES = """\
examples:
  the operations that our version serves, against the contract:
    python -m tools.compare_specs contract.json specs/v2/bundled.json --operations-of OTHER --fail-on any
  what a client has to change on its way from one version to the next:
    python -m tools.compare_specs specs/v1/bundled.json specs/v2/bundled.json --across-versions --tags Payments
  what would a change do to clients of what is released (tools.freeze_specs --check asks it for every version):
    python -m tools.compare_specs specs/frozen/v2.json specs/v2/bundled.json

exit status: 0 nothing that --fail-on names, 1 something, 2 the files cannot be compared
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    asked = _parser().parse_args(arguments)
    try:
        base, other = (load(file, asked.across_versions) for file in (asked.base, asked.other))
        chosen = _chosen(asked, base, other)
        entries = accepted.read(asked.accepted) if asked.accepted else []
        differences, meant, stale = accepted.split(compare(base, other, chosen), entries)
    except (NotComparable, spec_files.UnreadableFile) as failure:
        print(f"The comparison cannot be made. {failure}", file=sys.stderr)
        return 2
    compared = sum(chosen(operation) for operation in {**base.operations, **other.operations}.values())
    result = report.Result(compared, differences, meant, stale)
    width = shutil.get_terminal_size((140, 24)).columns
    print(report.as_json(result) if asked.format == "json" else report.as_table(result, width))
    return int(bool(stale) or bool(result.differences if asked.fail_on == "any" else result.count("breaking")))


def load(file: Path, below_base_path: bool = False) -> Document:
    """Return a specification in the form that is compared. Raises NotComparable, UnreadableFile."""
    raw = spec_files.read(file)
    name = next(
        (f"{key} {raw[key]}" for key in ("swagger", "openapi") if isinstance(raw, dict) and key in raw), "nothing"
    )
    if name not in READERS:
        raise NotComparable(f"{file} says that it is {name}; what can be read is {', '.join(READERS)}.")
    try:
        refuse_invalid(raw)
    except BrokenSpec as failure:
        raise NotComparable(f"In {file}, {failure}") from failure
    return READERS[name](raw, below_base_path)


def _chosen(asked: argparse.Namespace, base: Document, other: Document) -> Callable[[Operation], bool]:
    keys = {"BASE": base.operations, "OTHER": other.operations, None: {**base.operations, **other.operations}}
    allowed, tags = keys[asked.operations_of], set(filter(None, (asked.tags or "").split(",")))
    known = {tag for document in (base, other) for operation in document.operations.values() for tag in operation.tags}
    if tags - known:
        raise NotComparable(f"Neither file knows the tag {', '.join(sorted(tags - known))}.")
    return lambda operation: operation.key in allowed and (not tags or bool(tags & set(operation.tags)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.compare_specs",
        description=HELP,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("base", metavar="BASE", type=Path, help="the specification that clients were written against")
    parser.add_argument("other", metavar="OTHER", type=Path, help="the specification that they will meet")
    parser.add_argument("--operations-of", choices=("BASE", "OTHER"), help="only the operations that this file holds")
    parser.add_argument("--tags", metavar="A,B", help="only operations that carry one of these tags")
    parser.add_argument("--across-versions", action="store_true", help="pass over basePath: compare /v1/x with /v2/x")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="table (the default) or json")
    parser.add_argument("--accepted", metavar="FILE", type=Path, help="a TOML file of breaks that are made on purpose")
    parser.add_argument(
        "--fail-on",
        choices=("breaking", "any"),
        default="breaking",
        help="which differences make the exit status 1: breaking ones (the default) or any",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
