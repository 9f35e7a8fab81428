"""What must hold before anything is started; each finding is a sentence that says what to do."""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from deploy.all_in_one.processes import Process
from serving.ports import PortUnavailable, listen

PYTHON_MIN = (3, 11)
FREE_BYTES_MIN = 200_000_000
LOCK_FILE = "running.pid"


class AlreadyRunning(Exception):
    """Another `make run` uses the same state directory; the text is a sentence."""


def findings(state: Path, processes: Iterable[Process]) -> list[str]:
    """Everything that stands in the way, not only the first; empty when the platform can start."""
    return [*python_findings(), *state_findings(state), *port_findings(processes)]


def python_findings(running: tuple[int, ...] = sys.version_info[:2]) -> list[str]:
    """The interpreter must be new enough."""
    if running >= PYTHON_MIN:
        return []
    have, need = (".".join(map(str, each)) for each in (running, PYTHON_MIN))
    return [f"This is Python {have}; {need} or newer is needed: install it and run `make run PYTHON=python{need}`."]


def state_findings(state: Path) -> list[str]:
    """The state directory must be ours to write, on a disk with room."""
    existing = next(path for path in (state, *state.parents) if path.exists())
    if not existing.is_dir():
        return [f"{existing} is a file, but the state directory {state} should be there: move the file away."]
    if not os.access(existing, os.W_OK | os.X_OK):
        return [
            f"{existing} cannot be written by this user: change its owner, "
            "or choose another state directory with CAPI_STATE_DIRECTORY."
        ]
    free = shutil.disk_usage(existing).free
    if free < FREE_BYTES_MIN:
        return [
            f"The disk of {existing} has {free // 10**6} MB left; {FREE_BYTES_MIN // 10**6} MB are needed: make room."
        ]
    return []


def port_findings(processes: Iterable[Process]) -> list[str]:
    """Every port must be free, and no two processes may want the same."""
    found, wanted = [], {}
    for process in processes:
        if process.port in wanted:
            found.append(
                f"{process.name} and {wanted[process.port]} both want port {process.port}: "
                f"change the setting {process.port_setting}."
            )
            continue
        wanted[process.port] = process.name
        try:
            listen(process.host, process.port, process.port_setting).close()
        except PortUnavailable as taken:
            found.append(f"{process.name} cannot start. {taken}")
    return found


def hold_state(state: Path) -> IO[str]:
    """Takes the state directory for this process; keep what is returned. Raises AlreadyRunning."""
    lock = (state / LOCK_FILE).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as held:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise AlreadyRunning(
            f"The platform is running already in {state} (process {holder}): "
            "stop that one with Ctrl-C, or choose another state directory and other ports."
        ) from held
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
