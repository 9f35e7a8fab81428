"""The system as a person starts it, on ports and in a folder of its own."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from settings.versions import VERSIONS_FILE

ROOT = Path(__file__).parents[2]
VERSIONS = tuple(tomllib.loads(VERSIONS_FILE.read_text(encoding="utf-8")))
GATEWAYS = tuple(f"GATEWAY_{name.upper()}{end}" for name in VERSIONS for end in ("", "_TOKENS"))
PORTS = (*GATEWAYS, "PROCESSING", "VAULT", "WORKERS", "MOCK_BANK", "DOCS")
START_S_MAX = 90


PORTS_FROM, PORTS_TO, RUNNERS_MAX = 10_000, 32_000, 16
"""Below those that the system gives to outgoing connections: a system that is stopped finds its own free again."""


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, and that no other process of this run of the tests chooses from."""
    runner = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % RUNNERS_MAX
    candidates = list(range(PORTS_FROM + runner, PORTS_TO, RUNNERS_MAX))
    random.shuffle(candidates)
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", candidates[-1]))
            found.append(candidates[-1])
        candidates.pop()
    return found


def environment_for(state: Path) -> dict[str, str]:
    """Where this system keeps its state and listens; waits of the sandbox's bank made short."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CAPI_")},
        "CAPI_STATE_DIRECTORY": str(state),
        **{f"CAPI_{name}_PORT": port for name, port in ports.items()},
        "CAPI_MOCK_BANK_SLOW_ANSWER_MS": "1000",
        "CAPI_VAULT_BANK_TIMEOUT_MS": "2000",
    }


@dataclass
class System:
    """A running system. `output` grows with what it prints."""

    process: subprocess.Popen
    environment: dict[str, str]
    output: list[str]

    @property
    def state(self) -> Path:
        """Where it keeps everything."""
        return Path(self.environment["CAPI_STATE_DIRECTORY"])

    @property
    def api_key(self) -> str:
        """Of the demo party."""
        return (self.state / "secrets" / "demo_api_key").read_text().strip()

    def url(self, name: str) -> str:
        """Base URL of one of PORTS."""
        return f"http://127.0.0.1:{self.environment[f'CAPI_{name}_PORT']}"

    def stop(self) -> int:
        """Ctrl-C, and its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


def start(environment: dict[str, str]) -> System:
    """Starts and waits until it says that everything is running; raises with its output when it ends instead."""
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.all_in_one"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    system = System(process, environment, [])
    running = threading.Event()

    def read() -> None:
        for line in process.stdout:
            system.output.append(line)
            if "Stop with Ctrl-C" in line:
                running.set()
        running.set()

    threading.Thread(target=read, daemon=True).start()
    if not running.wait(START_S_MAX) or process.poll() is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise RuntimeError("the system did not start:\n" + "".join(system.output))
    return system


@contextlib.contextmanager
def running(state: Path) -> Iterator[System]:
    """A system for the length of a `with` block."""
    system = start(environment_for(state))
    try:
        yield system
    finally:
        system.stop()
