"""python -m benches [--seconds N] [--rounds N] [--only ours,fastapi,...] [--install]

One run, one table. Every server stands on processor 0, load and platform on processor 1. The rounds are interleaved,
so that what else the machine does meets all of them alike, and medians are shown.

Read `us` first: processor time of the server for one request, user and system, which another process on the machine
disturbs least. Requests a second are what one processor gave. Latency is measured at half of that, in a run of its own;
memory is what the serving process holds after all of it.

Every server checks the token and the whole body, makes one call to the platform and answers the same JSON; `nginx`
passes requests through and judges nothing, the floor of what a proxy costs. Ours does the rest of its work besides:
deadline, trace, metrics, log lines, a signed call, a token for the payer, answers looked at now and then. At the end
stand the aims for a new invoice and whether this run reached them.

The Python peers call the platform with aiohttp, the fastest client at hand; the rows `_httpx` show the one that their
own documentation uses.
"""

import argparse
import platform
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from benches.servers import HOME, KINDS, Kind, Place, Running, free_port, install, loaded, prepared_state, started
from benches.workload import CREATE, INVALID, REQUESTS, Request, issue_token, rendered

SERVER_CPU, LOAD_CPU = 0, 1
CONNECTIONS = 32
WARM_S = 1.0
OURS = "ours"
AIMS = {"connexion": 8.0, "fastapi": 4.0, "fastify": 1.0, "nginx": 0.3}
"""How many times the peer's rate of new invoices ours should reach."""

P99_MS_AIM, MEMORY_MB_AIM = 5.0, 80.0


class Sample(NamedTuple):
    """One run of one request against one server."""

    per_s: float
    cpu_us: float
    wrong: int


class Pace(NamedTuple):
    """Latency at half of what the server can do."""

    p50_ms: float
    p99_ms: float


class Bench:
    """Servers that stand, files to send, and what was measured."""

    def __init__(self, directory: Path, seconds: float) -> None:
        self.directory, self.seconds = directory, seconds
        self.samples: dict[tuple[str, str], list[Sample]] = defaultdict(list)
        self.paces: dict[str, list[Pace]] = defaultdict(list)
        self.memory_mb: dict[str, float] = {}

    def options(self, server: Running, request: Request, seconds: float) -> dict[str, object]:
        file = self.directory / f"{request.name}.http"
        return {
            "port": server.port,
            "file": str(file),
            "status": request.status,
            "connections": CONNECTIONS,
            "seconds": seconds,
        }

    def warm(self, server: Running) -> None:
        """Caches, pools, compilers. A server that answers otherwise than it should stops the run."""
        for request in REQUESTS:
            run = loaded(self.options(server, request, WARM_S), LOAD_CPU)
            if run["wrong"] and not (request is INVALID and server.name == "nginx"):
                raise SystemExit(f"{server.name} answers {request.name} wrongly: {run}")

    def measure(self, server: Running, request: Request) -> None:
        before = server.cpu_s()
        run = loaded(self.options(server, request, self.seconds), LOAD_CPU)
        spent_us = (server.cpu_s() - before) * 1e6
        done = max(run["done"], 1)
        self.samples[server.name, request.name].append(Sample(done / run["seconds"], spent_us / done, run["wrong"]))
        self.memory_mb[server.name] = server.rss_mb()

    def pace(self, server: Running) -> None:
        half = self.median(server.name, CREATE.name, "per_s") / 2
        run = loaded({**self.options(server, CREATE, self.seconds), "per_s": half}, LOAD_CPU)
        self.paces[server.name].append(Pace(run["p50_ms"], run["p99_ms"]))

    def median(self, server: str, request: str, what: str) -> float:
        return statistics.median(getattr(one, what) for one in self.samples[server, request])


def main() -> None:
    arguments = parser().parse_args()
    if arguments.install:
        install()
        return
    chosen = chosen_kinds(arguments.only)
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as directory:
        bench = Bench(Path(directory), arguments.seconds)
        run(bench, chosen, arguments.rounds)
    print("\n".join(table(bench, [kind.name for kind in chosen])))


def parser() -> argparse.ArgumentParser:
    command = argparse.ArgumentParser(prog="python -m benches", description="The gateway beside its peers.")
    command.add_argument("--seconds", type=float, default=4, help="of each measurement (default 4)")
    command.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    command.add_argument("--only", default="", help="names separated by commas: " + ",".join(k.name for k in KINDS))
    command.add_argument("--install", action="store_true", help="install what peers need into var/benches and stop")
    return command


def chosen_kinds(only: str) -> list[Kind]:
    """The servers that can be run here; says which are left out and why."""
    names = only.split(",") if only else [kind.name for kind in KINDS]
    if unknown := set(names) - {kind.name for kind in KINDS}:
        sys.exit(f"no such server: {', '.join(sorted(unknown))}")
    chosen = []
    for kind in (kind for kind in KINDS if kind.name in names):
        if reason := kind.missing():
            print(f"left out: {kind.name}, {reason}")
        else:
            chosen.append(kind)
    return chosen


def run(bench: Bench, kinds: list[Kind], rounds: int) -> None:
    """Starts the platform and every server, measures in rounds, stops them all."""
    token = issue_token(prepared_state(bench.directory))
    for request in REQUESTS:
        (bench.directory / f"{request.name}.http").write_bytes(rendered(request, token))
    port, running = free_port(), []
    try:
        command = [sys.executable, "-m", "benches.upstream", str(port)]
        running.append(Running("upstream", command, {}, port, LOAD_CPU, bench.directory / "upstream.log"))
        servers = []
        for kind in kinds:
            server = started(kind, Place(free_port(), port, bench.directory), SERVER_CPU)
            running.append(server)
            servers.append((kind, server))
        for kind, server in servers:
            tell(f"warming {kind.name}")
            bench.warm(server)
        for turn in range(1, rounds + 1):
            for kind, server in servers:
                tell(f"round {turn} of {rounds}: {kind.name}")
                for request in REQUESTS:
                    if not (kind.is_proxy and request is INVALID):
                        bench.measure(server, request)
                bench.pace(server)
    finally:
        for server in running:
            server.stop()
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")


def tell(what: str) -> None:
    """Progress, one line that is written over on a terminal; the table alone goes to standard output."""
    sys.stderr.write(f"\r\033[K{what} ..." if sys.stderr.isatty() else f"{what}\n")
    sys.stderr.flush()


def table(bench: Bench, names: list[str]) -> list[str]:
    """What every server does and costs; and how many times ours is the peer, in requests and in processor time."""
    measured = [request.name for request in REQUESTS]
    head = ["server", *(text for name in measured for text in (f"{name}/s", "us")), "p50 ms", "p99 ms", "MB"]
    lines = aligned([head, *([name, *costs(bench, name)] for name in names)])
    if OURS in names and len(names) > 1:
        head = [f"{OURS} over", *(text for name in measured for text in (f"{name} x", "cpu x"))]
        lines += ["", *aligned([head, *([name, *ratios(bench, name)] for name in names if name != OURS)])]
        lines += ["", *aims(bench, names)]
    wrong = sum(sample.wrong for samples in bench.samples.values() for sample in samples)
    return [*lines, "", f"{platform.machine()}, Python {platform.python_version()}; wrong answers: {wrong}"]


def costs(bench: Bench, name: str) -> list[str]:
    """Throughput and processor time of each request, latencies, memory."""
    texts = []
    for request in REQUESTS:
        known = (name, request.name) in bench.samples
        texts += [f"{bench.median(name, request.name, what):.0f}" if known else "-" for what in ("per_s", "cpu_us")]
    texts += [f"{statistics.median(getattr(one, what) for one in bench.paces[name]):.2f}" for what in Pace._fields]
    return [*texts, f"{bench.memory_mb[name]:.0f}"]


def ratios(bench: Bench, peer: str) -> list[str]:
    """More is better in both: our requests a second over the peer's, the peer's processor time over ours."""
    texts = []
    for request in REQUESTS:
        if (peer, request.name) not in bench.samples:
            texts += ["-", "-"]
            continue
        speed = bench.median(OURS, request.name, "per_s") / bench.median(peer, request.name, "per_s")
        thrift = bench.median(peer, request.name, "cpu_us") / bench.median(OURS, request.name, "cpu_us")
        texts += [f"{speed:.2f}", f"{thrift:.2f}"]
    return texts


def aims(bench: Bench, names: list[str]) -> list[str]:
    """Each aim beside what was measured."""
    reached = [
        (f"{name} x {aim:g} in new invoices", rate(bench, name) >= aim, f"{rate(bench, name):.2f}")
        for name, aim in AIMS.items()
        if name in names
    ]
    p99_ms, memory_mb = statistics.median(one.p99_ms for one in bench.paces[OURS]), bench.memory_mb[OURS]
    reached.append((f"p99 below {P99_MS_AIM:g} ms at half load", p99_ms < P99_MS_AIM, f"{p99_ms:.2f}"))
    reached.append((f"below {MEMORY_MB_AIM:g} MB", memory_mb < MEMORY_MB_AIM, f"{memory_mb:.0f}"))
    return [f"aim: {what}: {found}, {'reached' if is_reached else 'missed'}" for what, is_reached, found in reached]


def rate(bench: Bench, peer: str) -> float:
    """Our new invoices a second over the peer's."""
    return bench.median(OURS, CREATE.name, "per_s") / bench.median(peer, CREATE.name, "per_s")


def aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in rows]


if __name__ == "__main__":
    main()
