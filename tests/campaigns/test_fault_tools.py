"""What the fault campaign makes trouble with: wrong clocks, a lossy line, a balancer, syncs that fail."""

import errno
import http.client
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from campaigns.faults import line, syncs
from campaigns.faults.launch import set_ahead
from settings.clock import system_clock
from settings.loading import CHECKOUT
from tests.end_to_end.running import free_ports


class Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        body = f"{self.server.name} {self.server.asked}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def bank():
    with serving("bank") as server:
        yield server


class serving:  # noqa: N801 - reads as a block
    """A server with a name that counts what it is asked."""

    def __init__(self, name: str) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
        self.server.name, self.server.asked = name, 0

    def __enter__(self) -> ThreadingHTTPServer:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.server

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def started(module: str, port: int, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-m", f"campaigns.faults.{module}", str(port), *map(str, arguments)]
    process = subprocess.Popen(command, cwd=CHECKOUT)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
            return process
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"{module} does not listen")


def ask(port: int) -> str:
    """One exchange; "" when no answer came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", "/", b"body")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def test_the_line_loses_answers_and_doubles_requests_only_while_it_is_told_to(bank, tmp_path: Path):
    [port], switch = free_ports(1), tmp_path / "trouble"
    process = started("line", port, bank.server_port, "seed", switch)
    try:
        assert [ask(port) for _ in range(20)] == [f"bank {number}" for number in range(1, 21)]
        switch.touch()
        answers = [ask(port) for _ in range(300)]
        done = line.counted(switch)
        switch.unlink()
        asked = bank.asked
        assert ask(port) == f"bank {asked + 1}"
    finally:
        process.terminate()
        process.wait()
    assert all(count > 0 for count in done.values())
    assert answers.count("") == done[line.LOST]
    assert asked == 20 + 300 + done[line.TWICE_ASKED]


def test_the_balancer_gives_connections_to_all_instances_and_passes_over_one_that_is_down():
    [port] = free_ports(1)
    with serving("one") as one, serving("two") as two:
        process = started("balancer", port, one.server_port, two.server_port)
        try:
            assert {ask(port).split()[0] for _ in range(6)} == {"one", "two"}
            two.shutdown()
            two.server_close()
            assert {ask(port).split()[0] for _ in range(6)} == {"one"}
        finally:
            process.terminate()
            process.wait()


def test_a_launched_process_lives_at_another_time(tmp_path: Path):
    """Also a clock that somebody imported by name at its start."""
    module, clock = tmp_path / "told.py", tmp_path / "clock"
    module.write_text(
        "import sys\nfrom settings.clock import system_clock\nsys.stdin.readline()\n"
        "print(system_clock().isoformat(), *sys.argv[1:])\n"
    )
    set_ahead(clock, 0)
    command = [sys.executable, "-m", "campaigns.faults.launch", str(clock), "told", "a", "b"]
    environment = {"PYTHONPATH": f"{CHECKOUT}:{tmp_path}"}
    process = subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    set_ahead(clock, -3600)
    said, *arguments = process.communicate("go\n", timeout=20)[0].split()
    ahead = (type(system_clock()).fromisoformat(said) - system_clock()).total_seconds()
    assert (-3660 < ahead < -3590, arguments) == (True, ["a", "b"])


def test_syncs_of_a_process_fail_until_it_is_let_go(tmp_path: Path):
    if not syncs.can_fail():
        pytest.skip("there is no strace here that may attach to processes")
    code = (
        "import os, sys\nfile = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)\nfor _ in sys.stdin:\n"
        "    try:\n        os.fsync(file)\n        print('synced', flush=True)\n"
        "    except OSError as failure:\n        print(failure.errno, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def sync() -> str:
        process.stdin.write("now\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    def until(wanted: str) -> bool:
        return any(sync() == wanted or time.sleep(0.02) for _ in range(500))

    try:
        assert sync() == "synced"
        failing = syncs.FailingSyncs([process.pid], tmp_path / "log")
        assert until(str(errno.EIO))
        failing.end()
        assert until("synced")
    finally:
        process.communicate(timeout=10)
    assert syncs.counted(tmp_path / "log") >= 1
