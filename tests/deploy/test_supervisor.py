"""Processes are started in turn, watched, and stopped together."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.all_in_one import supervisor as module
from deploy.all_in_one.supervisor import Failed, Supervisor

SERVICE = Path(__file__).with_name("sample_service.py")


def free_port():
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@dataclass
class Sample:
    """What the supervisor needs to know of a process."""

    name: str
    port: int
    words: tuple = ()
    ready_after_s: float = 0
    host: str = "127.0.0.1"

    @property
    def command(self):
        """What is executed."""
        return [sys.executable, str(SERVICE), str(self.port), str(self.ready_after_s), *self.words]


def sample(name, *words, ready_after_s=0.0):
    """A service on a free port."""
    return Sample(name, free_port(), words, ready_after_s)


@pytest.fixture
def supervisor(tmp_path):
    """A supervisor whose processes are gone after the test."""
    made = Supervisor(os.environ, tmp_path)
    yield made
    made.stop()


def is_alive(pid):
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_stage_is_ready_when_each_of_its_services_says_so(supervisor):
    begin = time.monotonic()
    supervisor.start([sample("a", ready_after_s=0.5), sample("b")])
    assert time.monotonic() - begin >= 0.5
    assert all(child.poll() is None for _, child in supervisor.running)


def test_services_stop_in_reverse_order(supervisor, tmp_path):
    services = [sample(name) for name in "abc"]
    for service in services:
        supervisor.start([service])
    assert supervisor.stop() == []
    moments = [float((tmp_path / f"{name}.log").read_text().split()[-1]) for name in "cba"]
    assert moments == sorted(moments)


def test_a_service_that_cannot_start_is_named_with_its_last_words(supervisor):
    with pytest.raises(Failed) as failure:
        supervisor.start([sample("vault", "broken")])
    assert str(failure.value).startswith("vault ended by itself (exit status 1). Last lines of ")
    assert str(failure.value).endswith("the database is gone")


def test_a_service_that_never_becomes_ready_is_named_with_what_it_waits_for(supervisor, monkeypatch):
    monkeypatch.setattr(module, "READY_S_MAX", 1.0)
    with pytest.raises(Failed, match=r"slow was not ready within 1 s \(/ready answers 503, waiting for warming-up\)"):
        supervisor.start([sample("slow", ready_after_s=99)])


def test_the_end_of_a_running_service_is_noticed(supervisor):
    supervisor.start([sample("a")])
    supervisor.start([sample("workers", "mortal")])
    with pytest.raises(Failed, match=r"workers ended by itself \(exit status 7\)"):
        supervisor.watch()


def test_a_service_that_ignores_the_request_to_stop_is_killed_in_time(supervisor, monkeypatch):
    monkeypatch.setattr(module, "STOP_S_MAX", 1.5)
    supervisor.start([sample("a"), sample("deaf", "stubborn")])
    pids = [child.pid for _, child in supervisor.running]
    begin = time.monotonic()
    assert supervisor.stop() == ["deaf"]
    assert time.monotonic() - begin < 3
    assert not any(map(is_alive, pids))


def test_watching_ends_when_told_to_stop(supervisor):
    supervisor.start([sample("a")])
    threading.Timer(0.3, supervisor.stopping.set).start()
    assert supervisor.watch() is None


def test_stopping_while_starting_does_not_wait_for_readiness(supervisor):
    threading.Timer(0.3, supervisor.stopping.set).start()
    begin = time.monotonic()
    with pytest.raises(Failed, match="stopped while starting"):
        supervisor.start([sample("slow", ready_after_s=99)])
    assert time.monotonic() - begin < 5


def test_a_large_log_is_put_aside_at_the_next_start(supervisor, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOG_BYTES_MAX", 10)
    (tmp_path / "a.log").write_text("x" * 100)
    supervisor.start([sample("a")])
    assert (tmp_path / "a.log.1").read_text() == "x" * 100
    assert (tmp_path / "a.log").read_text() == "begun\n"


def test_services_end_with_a_supervisor_that_was_killed(tmp_path):
    port = free_port()
    program = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from test_supervisor import Sample; from deploy.all_in_one.supervisor import Supervisor\n"
        f"s = Supervisor(os.environ, Path(sys.argv[2])); s.start([Sample('a', {port})])\n"
        "print(s.running[0][1].pid, flush=True); s.watch()"
    )
    command = [sys.executable, "-c", program, str(SERVICE.parent), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=SERVICE.parent.parent.parent) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    limit = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not is_alive(pid)
