"""`python -m campaigns.attacks [--seed S] [--scale X] [--only FAMILY ...]`: exit status 0 when nothing was accepted."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random

from campaigns.attacks import foreign, hooks, http_edges, json_bombs, jwts, paths, slow, thrift_bombs
from campaigns.attacks.tally import Tally
from campaigns.ground import Ground, ground
from console.table import aligned
from telemetry import log

FAMILIES = {
    "jwts": jwts.run, "thrift": thrift_bombs.run, "json": json_bombs.run, "http": http_edges.run, "paths": paths.run,
    "hooks": hooks.run, "foreign": foreign.run, "slow": slow.run,
}  # fmt: skip
Say = Callable[[str], object]


def main() -> int:
    """Runs every family against one system and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.attacks", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same random attacks")
    parser.add_argument("--scale", type=float, default=1.0, help="how many of the random ones, relative to the default")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES), help="these families")
    asked = parser.parse_args()
    log.configure("attacks", "error", descriptor=2)
    tallies = attack(asked.seed, asked.scale, asked.only, lambda text: print(text, file=sys.stderr, flush=True))
    print(table(tallies))
    return 0 if all(tally.is_good for tally in tallies) else 1


def attack(seed: int, scale: float, names: Sequence[str], say: Say = lambda text: None) -> list[Tally]:
    """The families' counts, in order."""
    with ground(**slow.ENVIRONMENT, **hooks.ENVIRONMENT) as place:
        found = []
        for name in names:
            began = time.monotonic()
            for tally in of_family(name, place, Random(f"{seed} {name}"), scale):  # noqa: S311 - repeatable
                tally.is_alive = place.is_alive()
                found.append(tally)
                say(f"{tally.family}: {tally.tried:,} tried, {time.monotonic() - began:.0f} s")
        return found


def of_family(name: str, place: Ground, dice: Random, scale: float) -> Iterator[Tally]:
    """One tally, or those of a family that has several."""
    made = FAMILIES[name](place, dice, scale)
    yield from [made] if isinstance(made, Tally) else made


def table(tallies: Sequence[Tally]) -> str:
    """A row a family, then what went wrong."""
    rows = [
        (
            tally.family, f"{tally.tried:,}", f"{tally.accepted:,}", f"{tally.broken:,}",
            "yes" if tally.is_alive else "NO",
            ", ".join(f"{status or 'closed'}: {count:,}" for status, count in sorted(tally.answers.items())),
        )
        for tally in tallies
    ]  # fmt: skip
    total = (
        "all", f"{sum(tally.tried for tally in tallies):,}", f"{sum(tally.accepted for tally in tallies):,}",
        f"{sum(tally.broken for tally in tallies):,}", "yes" if all(tally.is_alive for tally in tallies) else "NO", "",
    )  # fmt: skip
    head = ("FAMILY", "TRIED", "ACCEPTED", "5XX", "ALIVE", "ANSWERS")
    return "\n".join([aligned(head, [*rows, total]), *(one for tally in tallies for one in tally.examples)])


if __name__ == "__main__":
    sys.exit(main())
