"""Processes whose syncs fail: while it lasts, every fsync and fdatasync of theirs is answered EIO and not made.

Done by strace, which attaches to what is running and lets go of it again. Where there is no strace, or the machine does
not let us attach to processes, there is no such fault, and the campaign says so.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from deploy.all_in_one.supervisor import end_with_parent

CALLS = "fsync,fdatasync"
OPTIONS = ("-f", "-qq", "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:error=EIO")
INJECTED = "(INJECTED)"
TRIAL_S = 0.3


class FailingSyncs:
    """From now on the processes' syncs fail, and those of their children to come. `log`: a line for each that did."""

    def __init__(self, pids: Iterable[int], log: Path) -> None:
        self._tracer = traced(pids, "-A", "-o", str(log))

    def end(self) -> None:
        """Syncs are made again."""
        self._tracer.terminate()
        self._tracer.wait()


def traced(pids: Iterable[int], *options: str) -> subprocess.Popen:
    """strace upon running processes; when it is told to end, it lets go of them."""
    attached = [word for pid in pids for word in ("-p", str(pid))]
    return subprocess.Popen(  # noqa: S603 - a fixed command
        ["strace", *OPTIONS, *options, *attached],  # noqa: S607
        stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=end_with_parent,
    )  # fmt: skip


def can_fail() -> bool:
    """Whether this machine lets us: tried upon a process of our own that is no child of strace."""
    if shutil.which("strace") is None:
        return False
    sleeper = subprocess.Popen(["sleep", str(TRIAL_S)])  # noqa: S603, S607 - a fixed command
    tracer = traced([sleeper.pid], "-o", "/dev/null")
    sleeper.wait()
    return tracer.wait() == 0


def counted(log: Path) -> int:
    """How many syncs have failed so far."""
    with contextlib.suppress(OSError):
        return log.read_text(errors="replace").count(INJECTED)
    return 0
