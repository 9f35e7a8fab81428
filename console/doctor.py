"""`capi doctor`: looks at configuration, keys, ports, clock, database, disk and traffic; says what to mend.

It changes nothing. Exit status 1 when something is wrong; a remark alone is no fault.
"""

import argparse
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from console import traffic
from console.migrate import is_new_file, where
from console.table import aligned
from deploy.all_in_one.preflight import FREE_BYTES_MIN, port_findings
from deploy.all_in_one.processes import Process, stages
from deploy.all_in_one.supervisor import why_not_ready
from processing.bootstrap import open_database
from processing.storage.migrations import MigrationError, missing
from processing.storage.port import Database, Unavailable
from settings import Settings, load

GOOD, REMARK, WRONG = "ok", "note", "WRONG"
SKEW_MS_REMARK, SKEW_MS_MAX = 200, 2000
"""Signed internal calls live for seconds and leases for a minute: clocks of one platform must agree well within."""

FREE_BYTES_REMARK = 5_000_000_000
BESIDE_THE_POOL = 2
"""Connections that a process opens to PostgreSQL besides its pool: one listens, one notifies."""


class Finding(NamedTuple):
    """`kind` is GOOD, REMARK or WRONG; `said` a sentence."""

    kind: str
    what: str
    said: str


def main(arguments: Sequence[str]) -> int:
    """Runs `capi doctor`."""
    parser = argparse.ArgumentParser(prog="capi doctor", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long the traffic is watched (default 3)")
    asked = parser.parse_args(arguments)
    settings = load()
    processes = [process for stage in stages(settings) for process in stage]
    found = [Finding(GOOD, "configuration", "Every setting is known and within its bounds.")]
    for check in (keys(settings), ports(processes), database(settings), disk(settings)):
        found += check
    seen = traffic.watched(processes, asked.seconds)
    found += [Finding(GOOD, each.process, traffic.line(each)) for each in seen]
    is_sqlite = not settings.processing.database_url
    kind = WRONG if traffic.strained(seen, is_sqlite) else GOOD if seen else REMARK
    found.append(Finding(kind, "traffic", traffic.verdict(seen, is_sqlite)))
    print(aligned(("", "", ""), found).lstrip("\n"))
    return int(any(finding.kind == WRONG for finding in found))


def keys(settings: Settings) -> Iterator[Finding]:
    """Secrets are there, and nobody else's to read."""
    folder = settings.state.directory / "secrets"
    named = [settings.rpc.secret_file, settings.tokens.signing_key_file, settings.vault.key_file]
    absent = [path for path in named if not path.exists()]
    there = [path for path in (folder, *sorted(folder.rglob("*")), *named) if path.exists()]
    open_ones = [path for path in dict.fromkeys(there) if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    for path in open_ones:
        mode = "700" if path.is_dir() else "600"
        yield Finding(WRONG, "keys", f"{path} is open to other users of this machine: run `chmod {mode} {path}`.")
    if absent:
        names = ", ".join(path.name for path in absent)
        yield Finding(REMARK, "keys", f"Not there yet: {names}. The first start makes them.")
    if not open_ones and not absent:
        yield Finding(GOOD, "keys", f"{sum(map(Path.is_file, there))} files, readable by their owner only.")


def ports(processes: list[Process]) -> Iterator[Finding]:
    """Each port is ours and ready, or free."""
    waiting = {process.name: why_not_ready(process) for process in processes}
    ready = [name for name, reason in waiting.items() if reason is None]
    silent = [process for process in processes if waiting[process.name] is not None]
    taken = port_findings(silent)
    for sentence in taken:
        yield Finding(WRONG, "ports", sentence)
    if ready:
        yield Finding(GOOD, "ports", f"Ready: {', '.join(ready)}.")
    if silent and not taken:
        names = ", ".join(f"{process.name} ({process.port})" for process in silent)
        kind = WRONG if ready else REMARK
        yield Finding(kind, "ports", f"Not running, their ports are free: {names}.")


def database(settings: Settings) -> Iterator[Finding]:
    """It can be reached, has every table, and agrees with us on the time."""
    if is_new_file(settings):
        yield Finding(REMARK, "database", f"{where(settings)} is not there yet; the first start makes it.")
        return
    opened = open_database(settings)
    try:
        todo = missing(opened)
        if todo:
            names = ", ".join(migration.name for migration in todo)
            yield Finding(WRONG, "database", f"{where(settings)} lacks {names}: run `capi migrate`.")
        else:
            yield Finding(GOOD, "database", f"{where(settings)} answers and has every table.")
        if opened.dialect == "postgresql":
            yield clock(opened)
            yield from server(opened, settings)
    except (Unavailable, MigrationError) as failure:
        yield Finding(WRONG, "database", f"{where(settings)}: {str(failure).strip()}")
    finally:
        opened.close()


def clock(opened: Database) -> Finding:
    """This machine's clock against the database's, half a question's time allowed for."""
    with opened.read() as tx:
        tx.execute("SELECT 1")
        asked_ms = time.time() * 1000
        theirs_ms = tx.execute("SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT").one()[0]
        ours_ms = (asked_ms + time.time() * 1000) / 2
    return of_skew(round(ours_ms - theirs_ms))


def of_skew(skew_ms: int) -> Finding:
    """What a difference of the clocks means."""
    kind = WRONG if abs(skew_ms) > SKEW_MS_MAX else REMARK if abs(skew_ms) > SKEW_MS_REMARK else GOOD
    return Finding(kind, "clock", f"This machine's clock differs from the database's by {skew_ms} ms.")


def server(opened: Database, settings: Settings) -> Iterator[Finding]:
    """Settings of the server that we depend on."""
    with opened.read() as tx:
        names = ("server_version", "max_connections", "fsync", "synchronous_commit", "full_page_writes")
        said = {name: tx.execute("SELECT current_setting(?)", (name,)).one()[0] for name in names}
        used = tx.execute("SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend'").one()[0]
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        if said[name] == "off":
            yield Finding(WRONG, "database", f"{name} is off on the server: what was acknowledged may be lost.")
    each = settings.processing.database_connections_max + BESIDE_THE_POOL
    most = int(said["max_connections"])
    kind = GOOD if each * 2 <= most else WRONG
    yield Finding(
        kind,
        "database",
        f"Version {said['server_version']}; {used} of {most} connections in use. One process of processing or workers"
        f" opens up to {each}, so {most // each} of them fit.",
    )


def disk(settings: Settings) -> Iterator[Finding]:
    """Room where state and logs are written."""
    existing = next(path for path in (settings.state.directory, *settings.state.directory.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    kind = WRONG if free < FREE_BYTES_MIN else REMARK if free < FREE_BYTES_REMARK else GOOD
    yield Finding(kind, "disk", f"{free / 1e9:.1f} GB are free at {existing}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
