"""The platform's processes, each ours to kill: what `deploy.all_in_one` starts, without its supervisor's strictness.

Call it from one thread that lives as long as the campaign: the kernel ends a child when the thread that started it
ends.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from deploy.all_in_one.first_start import prepare
from deploy.all_in_one.processes import Process, stages
from deploy.all_in_one.supervisor import Supervisor, why_not_ready
from settings import Settings, load
from settings.loading import CHECKOUT, FILE_VARIABLE

PORTS = ("GATEWAY_V2", "GATEWAY_V2_TOKENS", "PROCESSING", "VAULT", "WORKERS", "MOCK_BANK")
SANDBOX = CHECKOUT / "deploy" / "all_in_one" / "sandbox.toml"
LEASE_S = 31
SHORT_WAITS = {
    "CAPI_MOCK_BANK_SLOW_ANSWER_MS": "400",
    "CAPI_VAULT_BANK_TIMEOUT_MS": "2000",
    "CAPI_WORKERS_LEASE_S": str(LEASE_S),
    "CAPI_WEBHOOKS_TIMEOUT_MS": "1000",
    "CAPI_WEBHOOKS_RETRY_DELAYS_S": "1,1,2,2,4,4,8,8,8,8,8,8,8,8,8,8,8,8,8,8",
}
SECOND_WORKERS = "workers_2"
READY_S_MAX = 60
SEED_S_MAX = 60
SAID_LINES = 4


class Demo(NamedTuple):
    """Who sells."""

    party: str
    shop: str
    api_key: str


class System:
    """`state`: a directory of its own; `database`: "sqlite", or the URL of an empty database for the platform.

    There are two processes of workers, so that one can take over what the other was given a lease of.
    """

    def __init__(self, state: Path, database: str = "sqlite") -> None:
        ports = {f"CAPI_{name}_PORT": str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CAPI_")}
        named = {"CAPI_STATE_DIRECTORY": str(state), FILE_VARIABLE: str(SANDBOX)}
        chosen = {} if database == "sqlite" else {"CAPI_PROCESSING_DATABASE_URL": database}
        self.environment = {**inherited, **named, **ports, **SHORT_WAITS, **chosen}
        self.settings: Settings = load(self.environment)
        self._stages = stages(self.settings)
        self.processes: dict[str, Process] = {each.name: each for stage in self._stages for each in stage}
        self._supervisor = Supervisor(self.environment, state / "logs")
        self._second = replace(self.processes["workers"], name=SECOND_WORKERS, port=free_ports(1)[0])
        port = {"CAPI_WORKERS_PORT": str(self._second.port)}
        self._supervisors = {SECOND_WORKERS: Supervisor(self.environment | port, state / "logs")}
        self._children: dict[str, subprocess.Popen] = {}
        self.ended: list[str] = []

    def start(self) -> Demo:
        """Starts everything in order and makes the demo party. Raises deploy's Failed, or RuntimeError."""
        prepare(self.settings)
        for stage in self._stages:
            self._supervisor.start(stage)
        self._children = {process.name: child for process, child in self._supervisor.running}
        self.processes[SECOND_WORKERS] = self._second
        self.start_again(SECOND_WORKERS)
        self.await_ready()
        command = [sys.executable, "-m", "console.main", "seed", "--json"]
        done = subprocess.run(  # noqa: S603 - our own module
            command, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, timeout=SEED_S_MAX
        )
        if done.returncode:
            raise RuntimeError(f"the demo party could not be made: {done.stderr}")
        return Demo(**json.loads(done.stdout.splitlines()[-1]))

    def url(self, upstream: str) -> str:
        """Base URL of an upstream of the settings, for example "mock_bank"."""
        return self.settings.upstreams()[upstream]

    def gateway_url(self, *, tokens: bool = False) -> str:
        """Base URL of v2's operations."""
        return f"{self.processes['capi_v2_tokens' if tokens else 'capi_v2'].url}/v2"

    def kill(self, name: str) -> None:
        """kill -9 of the process with everything it started."""
        self.tell(name, signal.SIGKILL)
        self._children[name].wait()

    def kill_one_inside(self, name: str) -> bool:
        """kill -9 of a serving process whose master lives on; False when there is none."""
        found = children_of(self._children[name].pid)
        for pid in found[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(found)

    def tell(self, name: str, number: signal.Signals) -> None:
        """A signal for the process and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._children[name].pid, number)

    def start_again(self, name: str) -> None:
        """After `kill`, without waiting until it is ready."""
        supervisor = self._supervisors.get(name, self._supervisor)
        self._children[name] = supervisor.launch(self.processes[name])

    def start_ended(self, but_not: Iterable[str] = ()) -> None:
        """Starts what ended by itself, as a supervisor of processes does; says in `ended` what it was."""
        for name, child in self._children.items():
            if child.poll() is not None and name not in but_not:
                last = self._supervisor.tail(self.processes[name]).splitlines()[-SAID_LINES:]
                self.ended.append(f"{name}: {' | '.join(line.strip()[:160] for line in last)}")
                self.start_again(name)

    def await_ready(self) -> None:
        """Raises RuntimeError naming what is not ready in READY_S_MAX."""
        end = time.monotonic() + READY_S_MAX
        for name, process in self.processes.items():
            while (reason := why_not_ready(process)) is not None:
                self.start_ended()
                if time.monotonic() > end:
                    raise RuntimeError(f"{name} is not ready: {reason}{self._supervisor.tail(process)}")
                time.sleep(0.1)

    def stop(self) -> None:
        """Ends every process, paused ones too."""
        self._supervisor.running = [(self.processes[name], child) for name, child in self._children.items()] or (
            self._supervisor.running
        )
        for _, child in self._supervisor.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGCONT)
        self._supervisor.stop()


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on; all are open at once while they are chosen, so they differ."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def children_of(pid: int) -> list[int]:
    """Process ids below one, as Linux tells them; [] where it does not."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
