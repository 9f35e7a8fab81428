"""The platform's processes, each ours to kill: what `deploy.all_in_one` starts, without its supervisor's strictness.

Call it from one thread that lives as long as the campaign: the kernel ends a child when the thread that started it
ends.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from campaigns.faults import launch, line
from deploy.all_in_one.first_start import prepare
from deploy.all_in_one.processes import Process, stages
from deploy.all_in_one.supervisor import Supervisor, end_with_parent, why_not_ready
from settings import Settings, load
from settings.loading import CHECKOUT, FILE_VARIABLE
from tests.end_to_end.running import free_ports

GATEWAYS = {
    f"capi_{version}{end}": f"GATEWAY_{version.upper()}{end.upper()}"
    for version in ("v1", "v2", "v3")
    for end in ("", "_tokens")
}
PORTS = {
    **GATEWAYS, "processing": "PROCESSING", "vault": "VAULT", "workers": "WORKERS", "mock_bank": "MOCK_BANK",
}  # fmt: skip
"""The processes of the campaign, in the profile's own words, and the settings that move their ports."""

SANDBOX = CHECKOUT / "deploy" / "all_in_one" / "sandbox.toml"
LEASE_S = 6
DELAYS_S = ",".join(["1", "1", "2", "2", "4", "4", *["8"] * 900])
"""Waits of webhooks: short, and so many that none is switched off that fails for most of a long campaign."""

SHORT_WAITS = {
    "CAPI_MOCK_BANK_SLOW_ANSWER_MS": "400",
    "CAPI_VAULT_BANK_TIMEOUT_MS": "2000",
    "CAPI_WORKERS_LEASE_S": str(LEASE_S),
    "CAPI_WEBHOOKS_TIMEOUT_MS": "1000",
    "CAPI_WEBHOOKS_RETRY_DELAYS_S": DELAYS_S,
    "CAPI_WEBHOOKS_ENDPOINT_RETRY_DELAYS_S": DELAYS_S,
}
SYNCING = {"sqlite": ("processing", "vault", "workers", "workers_2"), "postgresql": ("vault",)}
"""Which processes sync something to the disk themselves, by the database of the others."""

COULD_NOT_START = (
    "did not start: PostgreSQL", "did not start: database is locked", "did not start: the database is busy",
    "did not start: database or disk is full", "Is the server running", "No space left on device",
)  # fmt: skip
READY_S_MAX = 60
SEED_S_MAX = 60
SAID_LINES = 4


class Demo(NamedTuple):
    """Who sells."""

    party: str
    shop: str
    api_key: str


class System:
    """`state`: a directory of its own; `database`: "sqlite", or the URL of an empty database for the platform; `books`:
    the bank's own, on a disk that is never full.

    There are two processes of workers, so that one can take over what the other was given a lease of; on PostgreSQL
    also two of processing, behind a balancer. The way to the bank leads over a line that loses and doubles messages.
    """

    def __init__(self, state: Path, database: str = "sqlite", seed: int = 0, books: Path | None = None) -> None:
        balancer, self._line_port, *own = free_ports(2 + len(PORTS))
        ports = {f"CAPI_{name}_PORT": str(port) for name, port in zip(PORTS.values(), own, strict=True)}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CAPI_")}
        named = {"CAPI_STATE_DIRECTORY": str(state), FILE_VARIABLE: str(SANDBOX)}
        ways = {
            "CAPI_MOCK_BANK_URL": f"http://127.0.0.1:{self._line_port}",
            "CAPI_MOCK_BANK_DATABASE": str(books or state / "data" / "bank.sqlite"),
        }
        if database != "sqlite":
            ways |= {"CAPI_PROCESSING_DATABASE_URL": database, "CAPI_PROCESSING_URL": f"http://127.0.0.1:{balancer}"}
        self.environment = {**inherited, **named, **ports, **SHORT_WAITS, **ways}
        self.settings: Settings = load(self.environment)
        self.state, self.switch, self._seed = state, state / "trouble", seed
        self._balancer_port = balancer if database != "sqlite" else None
        self._stages = [[each for each in stage if each.name in PORTS] for stage in stages(self.settings)]
        self.processes: dict[str, Process] = {each.name: each for stage in self._stages for each in stage}
        self._supervisors = {name: Supervisor(self.environment, state / "logs") for name in self.processes}
        for name in ("workers", *(["processing"] if self._balancer_port else [])):
            self._add_twin(name)
        self._children: dict[str, subprocess.Popen] = {}
        self._helpers: list[subprocess.Popen] = []
        self.ended: list[str] = []
        self.lingering: list[str] = []
        self.starts_without_database = 0

    def _add_twin(self, name: str) -> None:
        """A second process of the same service, in the stage of the first."""
        port = free_ports(1)[0]
        twin = replace(self.processes[name], name=f"{name}_2", port=port)
        next(stage for stage in self._stages if self.processes[name] in stage).append(twin)
        self.processes[twin.name] = twin
        environment = self.environment | {f"CAPI_{PORTS[name]}_PORT": str(port)}
        self._supervisors[twin.name] = Supervisor(environment, self.state / "logs")

    def start(self) -> Demo:
        """Starts everything in order and makes the demo party. Raises deploy's Failed, or RuntimeError."""
        prepare(self.settings)
        self._start_helpers()
        for stage in self._stages:
            for process in stage:
                self.start_again(process.name)
            self.await_ready(stage)
        command = [sys.executable, "-m", "console.main", "seed", "--json"]
        done = subprocess.run(  # noqa: S603 - our own module
            command, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, timeout=SEED_S_MAX
        )
        if done.returncode:
            raise RuntimeError(f"the demo party could not be made: {done.stderr}")
        return Demo(**json.loads(done.stdout.splitlines()[-1]))

    def _start_helpers(self) -> None:
        """The campaign's own: the line to the bank, the balancer."""
        commands = [["line", self._line_port, self.processes["mock_bank"].port, self._seed, self.switch]]
        if self._balancer_port:
            instances = [self.processes[name].port for name in ("processing", "processing_2")]
            commands.append(["balancer", self._balancer_port, *instances])
        for module, *arguments in commands:
            command = [sys.executable, "-m", f"campaigns.faults.{module}", *map(str, arguments)]
            with (self.state / "logs" / f"{module}.log").open("ab") as output:
                helper = subprocess.Popen(  # noqa: S603 - our own modules
                    command, cwd=CHECKOUT, stderr=output, start_new_session=True, preexec_fn=end_with_parent
                )
            self._helpers.append(helper)

    def gateway_urls(self, version: str) -> tuple[str, str]:
        """Base URLs of a version's operations, and of those that card numbers pass through."""
        own, cards = (self.processes[f"capi_{version}{end}"].url for end in ("", "_tokens"))
        return f"{own}/{version}", f"{cards}/{version}"

    def pids(self, name: str) -> list[int]:
        """Of a process and of what serves below it."""
        pid = self._children[name].pid
        return [pid, *children_of(pid)]

    def kill(self, name: str) -> None:
        """kill -9 of the process with everything it started."""
        self.tell(name, signal.SIGKILL)
        self._children[name].wait()

    def kill_one_inside(self, name: str) -> None:
        """kill -9 of a serving process whose master lives on."""
        for pid in children_of(self._children[name].pid)[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_master(self, name: str) -> list[int]:
        """kill -9 of the master alone; process ids of those it leaves behind, which have to end by themselves."""
        left = children_of(self._children[name].pid)
        self._children[name].kill()
        self._children[name].wait()
        return left

    def tell(self, name: str, number: signal.Signals) -> None:
        """A signal for the process and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._children[name].pid, number)

    def set_clock(self, name: str, seconds: float) -> None:
        """From now on, and over its restarts, the process is so many seconds ahead; negative: behind."""
        launch.set_ahead(self._clock(name), seconds)

    def _clock(self, name: str) -> Path:
        return self.state / f"clock.{name}"

    def make_trouble(self, wanted: bool) -> None:
        """Whether the line to the bank loses and doubles messages."""
        if wanted:
            self.switch.touch()
        else:
            self.switch.unlink(missing_ok=True)

    @property
    def line_troubles(self) -> dict[str, int]:
        """What the line to the bank has done so far."""
        return line.counted(self.switch)

    def start_again(self, name: str) -> None:
        """After `kill`, without waiting until it is ready."""
        process = self.processes[name]
        if not self._clock(name).exists():
            self.set_clock(name, 0)
        arguments = (str(self._clock(name)), process.module, *process.arguments)
        launched = replace(process, module="campaigns.faults.launch", arguments=arguments)
        self._children[name] = self._supervisors[name].launch(launched)

    def start_ended(self, but_not: Iterable[str] = ()) -> None:
        """Starts what ended by itself, as a supervisor of processes does; says in `ended` what it was.

        Who could not start because the database was away, or a disk full, is started again and only counted.
        """
        for name, child in self._children.items():
            if child.poll() is not None and name not in but_not:
                tail = self._supervisors[name].tail(self.processes[name])
                if any(reason in tail for reason in COULD_NOT_START):
                    self.starts_without_database += 1
                else:
                    last = tail.splitlines()[-SAID_LINES:]
                    self.ended.append(f"{name}: {' | '.join(line.strip()[:160] for line in last)}")
                self.start_again(name)

    def await_ready(self, processes: Iterable[Process] = ()) -> None:
        """Raises RuntimeError naming what is not ready in READY_S_MAX; of all, unless some are named."""
        end = time.monotonic() + READY_S_MAX
        for process in processes or self.processes.values():
            while (reason := why_not_ready(process)) is not None:
                self.start_ended()
                if time.monotonic() > end:
                    said = self._supervisors[process.name].tail(process)
                    raise RuntimeError(f"{process.name} is not ready: {reason}{said}")
                time.sleep(0.1)

    def stop(self) -> None:
        """Ends every process, paused ones too."""
        last = Supervisor(self.environment, self.state / "logs")
        last.running = [(self.processes[name], child) for name, child in self._children.items()]
        for _, child in last.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGCONT)
        last.stop()
        for helper in self._helpers:
            helper.terminate()
            helper.wait()


def children_of(pid: int) -> list[int]:
    """Process ids below one, as Linux tells them; [] where it does not."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
