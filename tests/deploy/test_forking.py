"""Services that are forks of one process behave as if each had been started by its own command line."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.all_in_one import forking

ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import json, os, sys
from pathlib import Path
from deploy.all_in_one.forking import forked
from deploy.all_in_one.processes import Process
os.environ["CAPI_LEFT_BEHIND"] = "of the parent"
held = open(sys.argv[1] + "/held", "w")
with open(sys.argv[1] + "/log", "ab") as log:
    child = forked(Process("capi_sample", sys.argv[2], "127.0.0.1", 1, "x.port", ("one", "two")), {"HOME": "/"}, log)
print(child.pid, flush=True)
if sys.argv[3] == "kill":
    sys.stdin.readline()
    child.send_signal(15)
print(child.wait(20), flush=True)
"""
SERVICE = """
import json, os, sys, time
said = {
    "name": __name__, "arguments": sys.argv[1:], "environment": dict(os.environ),
    "comm": open("/proc/self/comm").read(), "session": os.getsid(0) == os.getpid(),
    "files": sorted(os.listdir("/proc/self/fd")),
}
print(json.dumps(said), flush=True)
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Forks a module of these lines from a parent that waits for it; gives what the parent printed, and the log."""

    def forked(lines: str, mode: str = "wait") -> tuple[list[str], str]:
        name = f"forked_sample_{os.getpid()}"
        (tmp_path / f"{name}.py").write_text(SERVICE + lines)
        command = [sys.executable, "-c", PARENT, str(tmp_path), name, mode]
        environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
        done = subprocess.run(
            command, input="\n", capture_output=True, text=True, env=environment, cwd=ROOT, timeout=60, check=True
        )
        return done.stdout.split(), (tmp_path / "log").read_text()

    return forked


def test_a_fork_is_the_module_with_its_own_arguments_and_environment_and_nothing_of_the_parent(run):
    (pid, status), log = run("")
    told = json.loads(log)
    assert (told["name"], told["arguments"], told["environment"]) == ("__main__", ["one", "two"], {"HOME": "/"})
    assert told["comm"] == "capi_sample\n"
    assert told["session"]
    assert set(told["files"]) <= {"0", "1", "2", "3"}, "3 is the listing itself"
    assert (int(pid) > 0, status) == (True, "0")


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [
        ("sys.exit(7)", "7", ""),
        ("sys.exit('the port is taken')", "1", "the port is taken"),
        ("raise ValueError('a fault')", "1", "ValueError: a fault"),
    ],
)
def test_how_a_fork_ends_is_told_as_by_the_interpreter(run, end: str, status: str, said: str):
    (_, told), log = run(end)
    assert told == status
    assert said in log


def test_what_is_left_to_do_at_the_end_of_a_process_is_done(run):
    _, log = run("import atexit; atexit.register(lambda: print('last words'))")
    assert "last words" in log


def test_a_fork_can_be_told_to_stop(run):
    (_, status), _ = run("time.sleep(60)", "kill")
    assert status == str(-signal.SIGTERM)


def test_what_services_share_starts_nothing_by_being_imported():
    program = (
        "import os, threading; from deploy.all_in_one.forking import warm_up\n"
        "before = len(os.listdir('/proc/self/fd'))\n"
        "warm_up(); print(threading.active_count(), len(os.listdir('/proc/self/fd')) - before)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0"]


def test_a_fork_that_takes_too_long_to_end_is_reported():
    child = forking.Child(os.getppid())
    child.poll = lambda: None
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.05)
