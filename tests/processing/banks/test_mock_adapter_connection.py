"""The mock bank's adapter and its connection: what was surely not sent, and what may have been."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from processing.banks.mock_adapter.connection import Connection, Keys
from rpc.breaker import OPEN_REASON, Breaker
from rpc.context import Context
from rpc.deadlines import Deadline
from rpc.failures import Unavailable, Unknown
from tests.processing.banks.foreign_bank import BankProcess
from tests.processing.banks.mock_bench import RunningClock


@pytest.fixture
def connection(bank_process: BankProcess, clock: RunningClock) -> Connection:
    return Connection(bank_process.url, Keys(bank_process.state / "secrets" / "mock_bank.key"), 500, clock)


def test_a_deadline_that_is_over_sends_nothing(connection: Connection, clock: RunningClock):
    context = Context.root(deadline=Deadline.after_ms(-1, clock()))
    with pytest.raises(Unavailable, match="deadline"):
        connection.get(context, "look_up", "/gateway/v1/operations")


def test_a_wrong_key_is_unavailable_for_nothing_was_done(bank_process: BankProcess, tmp_path, clock: RunningClock):
    (tmp_path / "other.key").write_bytes(b"another secret")
    stranger = Connection(bank_process.url, Keys(tmp_path / "other.key"), 500, clock)
    with pytest.raises(Unavailable, match="key"):
        stranger.get(Context.root(), "look_up", "/gateway/v1/operations")


def test_without_a_secret_nothing_is_sent(bank_process: BankProcess, tmp_path, clock: RunningClock):
    unready = Connection(bank_process.url, Keys(tmp_path / "missing.key"), 500, clock)
    with pytest.raises(Unavailable, match="secret"):
        unready.get(Context.root(), "look_up", "/gateway/v1/operations")


@pytest.fixture
def talker() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers every connection with the same bytes and hangs up: (url, [bytes to set])."""
    listener, says = socket.create_server(("127.0.0.1", 0)), [b""]

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(says[0])

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", says
    listener.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        b"what?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n" + b"x" * 70_000,
        b"HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\n{}",
    ],
    ids=["nothing", "half a line", "no http", "half a body", "no chunk", "too much", "5xx"],
)
def test_whatever_is_no_whole_answer_leaves_the_outcome_unknown(
    talker: tuple[str, list[bytes]], bank_process: BankProcess, clock: RunningClock, said: bytes
):
    url, says = talker
    says[0] = said
    connection = Connection(url, Keys(bank_process.state / "secrets" / "mock_bank.key"), 500, clock)
    with pytest.raises(Unknown):
        connection.post(Context.root(), "authorise", "/gateway/v1/authorisations", {})


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for_longer_than_any_other(
    bank_process: BankProcess, clock: RunningClock
):
    url = serve_slowly(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", b" " * 100, pause_s=0.1)
    connection = Connection(url, Keys(bank_process.state / "secrets" / "mock_bank.key"), 300, clock)
    began = time.monotonic()
    with pytest.raises(Unknown):
        connection.get(Context.root(), "look_up", "/gateway/v1/operations")
    assert time.monotonic() - began < 2


def test_a_bank_that_does_not_answer_is_left_alone_for_a_while(bank_process: BankProcess, clock: RunningClock):
    """What is held back was surely not sent."""
    keys, moment = Keys(bank_process.state / "secrets" / "mock_bank.key"), [0.0]
    breaker = Breaker(failures_max=3, open_ms=2000, clock=lambda: moment[0])
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        connection = Connection(url, keys, 50, clock, breaker)
        for _ in range(3):
            with pytest.raises(Unknown):
                connection.post(Context.root(), "authorise", "/gateway/v1/authorisations", {})
        with pytest.raises(Unavailable, match=OPEN_REASON):
            connection.post(Context.root(), "authorise", "/gateway/v1/authorisations", {})
        moment[0] = 2.0
        with pytest.raises(Unknown):
            connection.post(Context.root(), "authorise", "/gateway/v1/authorisations", {})


def serve_slowly(head: bytes, body: bytes, pause_s: float) -> str:
    """A server of one answer, whose body comes byte by byte; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with listener, connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            connection.sendall(head)
            for place in range(len(body)):
                time.sleep(pause_s)
                connection.sendall(body[place : place + 1])

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_shorter_deadline_shortens_the_banks_time(connection: Connection, clock: RunningClock):
    context = Context.root(deadline=Deadline.after_ms(60_000, clock()))
    assert connection._timeout_s(context) == 0.5
    clock.ahead += timedelta(milliseconds=59_900)
    assert connection._timeout_s(context) < 0.2
