"""`python -m campaigns.attacks [--seed S] [--scale X] [--only FAMILY ...]`: exit status 0 when nothing was accepted."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

from campaigns.attacks import (
    cursors,
    etags,
    expanding,
    foreign,
    hooks,
    http_edges,
    json_bombs,
    jwts,
    keys,
    paths,
    payers,
    prefixes,
    replays,
    slow,
    thrift_bombs,
)
from campaigns.attacks.scene import Family, Scene, each, scenes_of
from campaigns.attacks.tally import Tally
from campaigns.ground import ground
from console.table import aligned
from telemetry import log

FAMILIES: Mapping[str, Family] = {
    "jwts": each(jwts.run), "thrift": thrift_bombs.run, "json": each(json_bombs.run), "http": http_edges.run,
    "paths": paths.run, "hooks": each(hooks.run), "foreign": each(foreign.run), "payers": each(payers.run),
    "prefixes": each(prefixes.run), "keys": each(keys.run), "cursors": each(cursors.run),
    "expanding": each(expanding.run), "replays": each(replays.run), "etags": each(etags.run), "slow": slow.run,
}  # fmt: skip
UNLIMITED = {f"CAPI_GATEWAY_{kind}_PER_S_MAX": "0" for kind in ("READS", "WRITES", "MONEY_REQUESTS", "SEARCHES")}
"""What is refused for coming too fast would prove nothing."""
ENVIRONMENT = {**slow.ENVIRONMENT, **hooks.ENVIRONMENT, **UNLIMITED}
"""How a system that is attacked differs from others."""
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
    """The families' counts, in order, of a system of their own."""
    with ground(**ENVIRONMENT) as place:
        return play(scenes_of(place), seed, scale, names, say)


def play(
    scenes: Sequence[Scene], seed: int, scale: float, names: Sequence[str], say: Say = lambda text: None
) -> list[Tally]:
    """The families' counts, in order."""
    found: list[Tally] = []
    for name in names:
        began = time.monotonic()
        tallies = list(FAMILIES[name](scenes, Random(f"{seed} {name}"), scale))  # noqa: S311 - repeatable
        alive = alive_versions(scenes)
        for tally in tallies:
            tally.is_alive = alive.get(tally.version, all(alive.values()))
        found += tallies
        tried = ", ".join(f"{tally.tried:,} on {tally.version}" for tally in tallies)
        say(f"{name}: {tried}; {time.monotonic() - began:.0f} s")
    return found


def alive_versions(scenes: Sequence[Scene]) -> dict[str, bool]:
    """Whether each version serves honest merchants."""
    with ThreadPoolExecutor(len(scenes)) as pool:
        alive = pool.map(Scene.is_alive, scenes)
        return {scene.version.name: one for scene, one in zip(scenes, alive, strict=True)}


def table(tallies: Sequence[Tally]) -> str:
    """A row for each kind of attack on each version, the sums of the versions, then what went wrong."""
    rows = [row(tally.family, tally.version, [tally], tally.answers_said()) for tally in tallies]
    rows += [
        row("all", version, [tally for tally in tallies if tally.version == version])
        for version in dict.fromkeys(sorted(tally.version for tally in tallies))
    ]
    rows.append(row("all", "all", tallies))
    head = ("KIND OF ATTACK", "ON", "TRIED", "ACCEPTED", "5XX", "ALIVE", "ANSWERS")
    return "\n".join([aligned(head, rows), *(one for tally in tallies for one in tally.examples)])


def row(kind: str, version: str, tallies: Sequence[Tally], answers: str = "") -> tuple[str, ...]:
    """The sums of some counts."""
    return (
        kind, version, f"{sum(tally.tried for tally in tallies):,}", f"{sum(tally.accepted for tally in tallies):,}",
        f"{sum(tally.broken for tally in tallies):,}", "yes" if all(tally.is_alive for tally in tallies) else "NO",
        answers,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
