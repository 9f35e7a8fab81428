"""`python -m campaigns.faults`: exit status 0 when every row holds, 1 when one does not, 2 when it could not run."""

import argparse
import contextlib
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from campaigns.faults import report
from campaigns.faults.campaign import Order, run
from deploy.all_in_one.supervisor import Failed
from telemetry import log

PAYMENTS = 500
SETTLE_S = 180.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.faults", description="Payments under faults.")
    parser.add_argument("--payments", type=int, default=PAYMENTS, help=f"stories to play ({PAYMENTS})")
    parser.add_argument("--seed", type=int, default=None, help="repeats the faults and the load of that seed")
    parser.add_argument("--seconds", type=float, default=None, help="how long faults last (for 7 stories a second)")
    parser.add_argument("--settle", type=float, default=SETTLE_S, help=f"time to become final ({SETTLE_S:.0f} s)")
    parser.add_argument("--database", default="sqlite", help='"sqlite", "postgresql" (a server of its own), or a URL')
    parser.add_argument("--state", type=Path, default=None, help="an empty directory that is kept; else a new one")
    asked = parser.parse_args(arguments)
    log.configure("campaign", level="error", descriptor=2)
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    root = asked.state or Path(tempfile.mkdtemp(prefix="faults-"))
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    say(f"seed {seed}, {asked.payments} stories, state in {root}")
    try:
        with database(asked.database) as (url, restart):
            result = run(Order(asked.payments, seed, asked.seconds, asked.settle, url, restart), root / "state", say)
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
def database(asked: str) -> Iterator[tuple[str, Callable[[], None] | None]]:
    """What the platform is told, and how to restart it where it is ours."""
    if asked != "postgresql":
        yield asked, None
        return
    from tests.postgres.server import running

    with running(is_durable=True) as server:
        if server is None:
            raise RuntimeError("there is no PostgreSQL on this machine")
        say(f"using {server.origin}")
        yield server.url, (lambda: server.restart("immediate")) if server.data else None


def say(text: str) -> None:
    """For the person at the terminal, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
