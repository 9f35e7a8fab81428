"""Services as forks of one process that has imported what they share: its pages are in memory once, not per service.

For one machine on which everything runs. Where services run by themselves each is started by its own command line
(`Process.command`), and nothing differs but memory and the time of a start. A fork keeps nothing of the parent but its
modules: no open files, no handlers of signals, no environment.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from typing import IO, NoReturn

from deploy.all_in_one.processes import Process
from deploy.all_in_one.supervisor import end_with_parent
from settings.loading import CHECKOUT

SHARED = ("serving.server", "rpc.client", "rpc.server", "translator.gateway", "processing.bootstrap")
"""What services import; none of it starts a thread, opens a file or reads a setting by being imported."""

FILES_MAX = 65_536
SET_NAME = 15  # PR_SET_NAME of prctl(2)
POLL_S = 0.02


def warm_up() -> None:
    """Imports what the services share; to be called once, before the first fork and by a process without threads."""
    for name in SHARED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # collections in the children would touch, and so copy, what is shared


class Child:
    """A forked service, with the part of subprocess.Popen that the supervisor uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status. Raises subprocess.TimeoutExpired."""
        limit = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if limit is not None and time.monotonic() >= limit:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(POLL_S)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Tells it something, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def forked(process: Process, environment: Mapping[str, str], output: IO[bytes]) -> Child:
    """Starts one service as a fork of this process, in a session of its own, its output appended to `output`."""
    pid = os.fork()
    if not pid:
        become(process, environment, output.fileno())
    return Child(pid)


def become(process: Process, environment: Mapping[str, str], output: int) -> NoReturn:
    """Turns this process into the service, as if `python -m <module>` had been executed."""
    status = 1
    try:
        detach(process.name, output)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(CHECKOUT)
        sys.argv = [process.module, *process.arguments]
        runpy.run_module(process.module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = exit_status(end.code)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def detach(name: str, output: int) -> None:
    """Leaves the parent's session, files, signals and name."""
    os.setsid()
    end_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.closerange(3, FILES_MAX)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(SET_NAME, name.encode())


def exit_status(code: object) -> int:
    """What SystemExit means, as the interpreter reads it: a text goes to standard error."""
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1
