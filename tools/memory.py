"""How much memory the running platform takes, by service: the proportional share (PSS) of every one of its processes.

PSS counts a page that n processes share as one n-th of it in each, so the sum is what the machine really gives. Linux
only, and only of the system whose state directory is that of our own settings: several may run on one machine.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from console.table import aligned
from settings import SettingsError, load

PROC = Path("/proc")
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
MODULE = re.compile(r"\0-m\0([\w.]+)\0(--only)?")
PARENT = "deploy.all_in_one"
"""Services that it forked have its command line and a name of their own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 when nothing of ours runs."""
    argparse.ArgumentParser(prog="python -m tools.memory", description=__doc__).parse_args(arguments)
    shares, processes = measured(load().state.directory)
    if not shares:
        print("The platform does not run here, with these settings.", file=sys.stderr)
        return 1
    rows = [(name, str(processes[name]), megabytes(kb)) for name, kb in shares.most_common()]
    total = ("all", str(sum(processes.values())), megabytes(sum(shares.values())))
    print(aligned(("SERVICE", "PROCESSES", "PSS"), [*rows, total]))
    return 0


def measured(state: Path) -> tuple[Counter, Counter]:
    """Return kB and number of processes by service, of the system with that state directory."""
    shares, processes = Counter(), Counter()
    for folder in PROC.glob("[0-9]*"):
        if folder.name == str(os.getpid()):
            continue
        try:
            name = service_of((folder / "cmdline").read_text(errors="replace"), (folder / "comm").read_text().strip())
            if name is None or state_of((folder / "environ").read_text(errors="replace")) != state:
                continue
            shares[name] += int(PSS.search((folder / "smaps_rollup").read_text())[1])
        except (OSError, SettingsError, TypeError):
            continue  # it ended meanwhile, or is none of ours
        processes[name] += 1
    return shares, processes


def service_of(command_line: str, name: str) -> str | None:
    """Return the service that a process is, by its command line and its name; None when it is none of ours."""
    found = MODULE.search(command_line)
    if found and found[1] == PARENT:
        return PARENT if name.startswith("python") else name
    return found and found[1] + ("_tokens" if found[2] else "")


def state_of(environment: str) -> Path:
    """Return the state directory that a process was started with. Raises SettingsError."""
    pairs = (pair.split("=", 1) for pair in environment.split("\0") if pair.startswith("CAPI_") and "=" in pair)
    return load(dict(pairs)).state.directory


def megabytes(kb: int) -> str:
    """Return a number of kB for people."""
    return f"{kb / 1024:.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
