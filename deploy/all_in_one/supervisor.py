"""Starts processes, waits until they are ready, notices when one ends, stops all. Knows nothing of what they do."""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Any

from deploy.all_in_one.processes import Process, reachable
from settings.loading import CHECKOUT

READY_S_MAX = 60.0
STOP_S_MAX = 8.0
STOP_S_RESERVED = 0.3
PROBE_S_MAX = 2.0
POLL_S = 0.1
LOG_BYTES_MAX = 50_000_000
TAIL_LINES = 8
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class Failed(Exception):
    """A process did not become ready, or ended; the text names it and shows the last lines of its log."""


def spawned(process: Process, environment: Mapping[str, str], output: IO[bytes]) -> subprocess.Popen:
    """Starts one process by its command line, in a group of its own, so that Ctrl-C reaches the supervisor only."""
    return subprocess.Popen(  # noqa: S603 - our own modules
        process.command,
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )


class Supervisor:
    """The running processes of one platform. `environment`: of every process; `logs`: directory of their output.

    `starter`: (process, environment, output) -> what behaves as subprocess.Popen does.
    """

    def __init__(self, environment: Mapping[str, str], logs: Path, starter: Callable[..., Any] = spawned) -> None:
        self.environment = dict(environment)
        self.logs = logs
        self.starter = starter
        self.running: list[tuple[Process, Any]] = []
        self.stopping = threading.Event()

    def start(self, stage: list[Process]) -> None:
        """Starts a stage and waits until all of it is ready. Raises Failed, also when told to stop meanwhile."""
        for process in stage:
            self.running.append((process, self.launch(process)))
        deadline = time.monotonic() + READY_S_MAX
        for process in stage:
            self.await_ready(process, deadline)

    def launch(self, process: Process) -> Any:
        """Starts one process, a log put aside that has grown too long."""
        log = self.logs / f"{process.name}.log"
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            return self.starter(process, self.environment, output)

    def await_ready(self, process: Process, deadline: float) -> None:
        """Polls /ready until it holds."""
        while (reason := why_not_ready(process)) is not None:
            if self.stopping.is_set():
                raise Failed("stopped while starting")
            self.refuse_ended()
            if time.monotonic() >= deadline:
                raise Failed(f"{process.name} was not ready within {READY_S_MAX:.0f} s ({reason}).{self.tail(process)}")
            time.sleep(POLL_S)

    def refuse_ended(self) -> None:
        """Raises Failed when any process has ended by itself."""
        for process, child in self.running:
            if child.poll() is not None:
                raise Failed(f"{process.name} ended by itself ({how_it_ended(child.returncode)}).{self.tail(process)}")

    def tail(self, process: Process) -> str:
        """The last lines of a process's log, indented."""
        log = self.logs / f"{process.name}.log"
        lines = log.read_bytes()[-20_000:].decode(errors="replace").splitlines()[-TAIL_LINES:]
        return "".join([f" Last lines of {log}:", *(f"\n    {line[:400]}" for line in lines)])

    def watch(self) -> None:
        """Returns when told to stop; raises Failed when a process ends by itself."""
        while not self.stopping.wait(POLL_S * 2):
            self.refuse_ended()

    def stop(self) -> list[str]:
        """Stops everything, last started first, within STOP_S_MAX; names of those that had to be killed."""
        deadline = time.monotonic() + STOP_S_MAX
        killed = []
        while self.running:
            process, child = self.running.pop()
            tell(child, signal.SIGTERM)
            try:
                child.wait(max(deadline - time.monotonic() - STOP_S_RESERVED * len(self.running), STOP_S_RESERVED))
            except subprocess.TimeoutExpired:
                tell(child, signal.SIGKILL)
                killed.append(process.name)
                child.wait()
        return killed


def tell(child: Any, number: signal.Signals) -> None:
    """Signals a process; a forced end reaches its workers as well."""
    with contextlib.suppress(ProcessLookupError):
        if number == signal.SIGKILL:
            os.killpg(child.pid, number)
        else:
            child.send_signal(number)


def end_with_parent() -> None:
    """Asks the kernel to end this process with TERM when the supervisor dies without having stopped it (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


def why_not_ready(process: Process) -> str | None:
    """None when /ready answers 200; otherwise what it answers."""
    connection = HTTPConnection(reachable(process.host).strip("[]"), process.port, timeout=PROBE_S_MAX)
    try:
        connection.request("GET", "/ready", headers={"connection": "close"})
        answer = connection.getresponse()
        if answer.status == 200:
            return None
        return f"/ready answers {answer.status}, waiting for {answer.headers.get('capi-not-ready', 'an unnamed check')}"
    except (OSError, HTTPException) as error:
        return f"no answer on port {process.port}: {error or type(error).__name__}"
    finally:
        connection.close()


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
