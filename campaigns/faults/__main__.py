"""`python -m campaigns.faults`: exit status 0 when every row holds, 1 when one does not, 2 when it could not run."""

import argparse
import contextlib
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from campaigns.faults import report, syncs
from campaigns.faults.campaign import JUMP_S, RATE, Order, run
from campaigns.faults.disk import small_disk
from campaigns.faults.nemesis import DATABASE, DISK, Outside
from campaigns.faults.system import SYNCING, children_of
from deploy.all_in_one.supervisor import Failed
from telemetry import log
from tests.postgres.server import running

PAYMENTS = 500
SETTLE_S = 240.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.faults", description="Payments under faults.")
    parser.add_argument("--payments", type=int, default=PAYMENTS, help=f"stories to play ({PAYMENTS})")
    parser.add_argument("--seed", type=int, default=None, help="repeats the faults and the load of that seed")
    parser.add_argument("--rate", type=float, default=RATE, help=f"stories begun a second ({RATE:.0f})")
    parser.add_argument("--seconds", type=float, default=None, help="how long faults last, in place of --rate")
    parser.add_argument("--jump", type=float, default=JUMP_S, help=f"clocks are wrong by at most ({JUMP_S:.0f} s)")
    parser.add_argument("--settle", type=float, default=SETTLE_S, help=f"time to become final ({SETTLE_S:.0f} s)")
    parser.add_argument("--database", default="sqlite", help='"sqlite", "postgresql" (a server of its own), or a URL')
    parser.add_argument("--state", type=Path, default=None, help="an empty directory that is kept; else a new one")
    asked = parser.parse_args(arguments)
    log.configure("campaign", level="error", descriptor=2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    root = asked.state or Path(tempfile.mkdtemp(prefix="faults-"))
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    say(f"seed {seed}, {asked.payments} stories, state in {root}")
    try:
        with surroundings(asked.database, root) as (url, state, outside):
            rate = asked.payments / asked.seconds if asked.seconds else asked.rate
            order = Order(asked.payments, seed, rate, asked.settle, url, asked.jump, outside)
            result = run(order, state, root / "bank.sqlite", say)
            if state != root / "state" and (asked.state or any(row.wrong for row in result.rows)):
                keep(state, root / "state")
    except (Failed, RuntimeError) as failure:
        say(f"the campaign could not run: {failure}")
        return 2
    say("\n" + report.text(result.facts, result.rows))
    if any(row.wrong for row in result.rows):
        say(f"\n  The platform's state and logs are kept in {root}.")
        return 1
    if asked.state is None:
        shutil.rmtree(root, ignore_errors=True)
    return 0


@contextlib.contextmanager
def surroundings(asked: str, root: Path) -> Iterator[tuple[str, Path, Outside]]:
    """What the platform is told of its database, where its state is, and what of both can be made to fail."""
    syncing = SYNCING["sqlite" if asked == "sqlite" else "postgresql"] if syncs.can_fail() else ()
    with contextlib.ExitStack() as opened:
        disks = {}
        if disk := opened.enter_context(small_disk()):
            disks[DISK] = disk
        state = disk.folder / "state" if disk else root / "state"
        outside = Outside(disks, syncing=syncing, sync_log=root / "failed-syncs")
        if asked != "postgresql":
            yield asked, state, outside
            return
        if disk := opened.enter_context(small_disk()):
            disks[DATABASE] = disk
        server = opened.enter_context(running(is_durable=True, below=disk.folder if disk else None))
        if server is None:
            raise RuntimeError("there is no PostgreSQL on this machine")
        say(f"using {server.origin}")
        if server.data is None:
            disks.pop(DATABASE, None)
        else:
            outside.restart_database = lambda: server.restart("immediate")
            outside.revive_database = server.revive
            outside.database_pids = lambda: pids_of(server.data)
        yield server.url, state, outside


def pids_of(data: Path) -> list[int]:
    """The processes of the PostgreSQL whose data these are; none where it does not run."""
    try:
        master = int((data / "postmaster.pid").read_text().split()[0])
    except (OSError, IndexError):
        return []
    return [master, *children_of(master)]


def keep(state: Path, place: Path) -> None:
    """The state of a disk that goes with the campaign, for whoever wants to know what happened."""
    with contextlib.suppress(OSError, shutil.Error):
        shutil.copytree(state, place, dirs_exist_ok=True)


def say(text: str) -> None:
    """For the person at the terminal, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
