"""`capi versions [VERSION]`: the versions of the public API, and who still uses what of them."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from console import inventory
from console.operator_client import bound_to
from console.table import aligned
from rpc.failures import RpcFailure
from rpc.protocol import usage
from settings import Settings, SettingsError, load
from settings.clock import system_clock
from settings.versions import Version, known_versions
from translator.spec import METHODS, read_spec
from translator.spec_digest import digest_of

DIGEST_SHOWN = 19
"""Characters: `sha256:` and twelve digits."""

HELP = """\
Without a name: every version of specs/versions.toml with its status, dates, ports, number of operations, digest of its
specification, and how many parties used it of late. With a name: which party calls which operation of that version, how
often and when last: whom to write to before a version or an operation goes.

Gateways count in memory and report every ten seconds and when they drain; what a killed one had not reported is lost.
Requests count once their token is known to hold, whatever they were answered.
"""
EXAMPLES = """\
examples:
  capi versions
  capi versions v1                       who still uses v1
  capi versions v1 --party demo          what of v1 this party uses
  capi versions v2 --operation getShops  who calls one operation
  capi versions --html inventory.html    all of it as one page that needs nothing else
  capi versions --serve 8099             the same page at http://127.0.0.1:8099/, made anew at each look
"""


class Row(NamedTuple):
    """What is known of one version. `parties` and `calls`: None when the platform does not answer."""

    version: Version
    operations: int
    digest: str
    parties: int | None
    calls: int | None


def main(arguments: Sequence[str]) -> int:
    """Runs `capi versions`."""
    asked = parser().parse_args(arguments)
    settings = load()
    known = known_versions(settings)
    if asked.version and asked.version not in [each.name for each in known]:
        listed = ", ".join(each.name for each in known)
        print(f"capi: there is no version {asked.version}; specs/versions.toml lists {listed}.", file=sys.stderr)
        return 1
    if asked.html:
        asked.html.write_text(page(settings, asked.days), encoding="utf-8")
        print(f"Written to {asked.html}.")
    elif asked.serve:
        print(f"The inventory is at http://127.0.0.1:{asked.serve}/ until Ctrl-C.", flush=True)
        inventory.serve(asked.serve, lambda: page(settings, asked.days))
    elif asked.version:
        return show_use(asked, usage_of(settings, asked.version, asked.days))
    else:
        used = usage_of(settings, "", asked.days)
        print(overview([row_of(each, used) for each in known], asked.days))
    return 0


def page(settings: Settings, days: int) -> str:
    """The inventory as it is now."""
    used = usage_of(settings, "", days)
    rows = [row_of(each, used) for each in known_versions(settings)]
    return inventory.page(rows, used, days, system_clock())


def parser() -> argparse.ArgumentParser:
    """The options."""
    command = argparse.ArgumentParser(
        prog="capi versions", description=HELP, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("version", nargs="?", metavar="VERSION", help="who uses what of this version")
    command.add_argument("--days", type=int, default=30, help="how far back uses count; 30 unless given")
    command.add_argument("--party", default="", help="of this party only")
    command.add_argument("--operation", default="", help="of this operation only")
    command.add_argument("--html", type=Path, metavar="FILE", help="write the inventory as a page instead")
    command.add_argument("--serve", type=int, metavar="PORT", help="serve that page to this machine until Ctrl-C")
    return command


def usage_of(settings: Settings, version: str, days: int) -> list[usage.UsageRow] | None:
    """What gateways reported; None, with a sentence, when the platform does not answer."""
    try:
        return bound_to(settings).usage.Get(
            usage.UsageQuery(version=version or None, since=since(days, system_clock()))
        )
    except (RpcFailure, SettingsError) as failure:
        print(f"Uses are not known, the platform does not answer: {failure}", file=sys.stderr)
        return None


def since(days: int, now: datetime) -> str:
    """The moment so many days ago, in the form of the wire."""
    return (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def row_of(version: Version, used: Sequence[Any] | None) -> Row:
    """One version with its spec and its uses."""
    raw = read_spec(version.spec)
    operations = sum(method in item for item in raw["paths"].values() for method in METHODS)
    own = None if used is None else [row for row in used if row.version == version.name]
    parties = None if own is None else len({row.party_id for row in own})
    return Row(version, operations, digest_of(raw), parties, None if own is None else sum(row.count for row in own))


def overview(rows: Sequence[Row], days: int) -> str:
    """The table of versions."""
    header = (
        "VERSION", "STATUS", "RELEASED", "DEPRECATED", "SUNSET", "PATH", "PORTS", "OPERATIONS", "SPEC",
        f"PARTIES ({days} d)", f"CALLS ({days} d)",
    )  # fmt: skip
    return aligned(header, [cells(row) for row in rows])


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    version = row.version
    return (
        version.name,
        version.status,
        str(version.released),
        str(version.deprecated or "-"),
        str(version.sunset or "-"),
        version.base_path,
        f"{version.port}, {version.tokens_port}",
        str(row.operations),
        row.digest[:DIGEST_SHOWN],
        "?" if row.parties is None else str(row.parties),
        "?" if row.calls is None else str(row.calls),
    )


def show_use(asked: argparse.Namespace, used: list[usage.UsageRow] | None) -> int:
    """Prints who uses what; 1 when that is not known."""
    if used is None:
        return 1
    rows = [
        (row.party_id, row.operation, str(row.count), row.last_at)
        for row in used
        if asked.party in ("", row.party_id) and asked.operation in ("", row.operation)
    ]
    if not rows:
        print(f"Nobody used that of {asked.version} in the last {asked.days} days.")
        return 0
    print(aligned(("PARTY", "OPERATION", "CALLS", "LAST"), rows))
    return 0
