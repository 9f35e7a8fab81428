"""Nobody can hold a server up, and it stops when told to."""

import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.serving.wire import APP, ROOT, Served, read

GET = b"GET /show HTTP/1.1\r\nHost: x\r\n\r\n"


def connect(server):
    """A connection."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=8)


@pytest.fixture(scope="module")
def impatient():
    """A server with short times and few connections."""
    server = Served(
        CAPI_SERVING_HEADER_TIMEOUT_S="1",
        CAPI_SERVING_BODY_TIMEOUT_S="1",
        CAPI_SERVING_KEEPALIVE_S="1",
        CAPI_SERVING_CONNECTIONS_MAX="5",
    )
    yield server
    server.stop()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /show HT",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
        GET,
    ],
    ids=["says nothing", "does not finish its headers", "does not finish its body", "has nothing more to ask"],
)
def test_a_caller_that_keeps_the_server_waiting_is_let_go(impatient, sent):
    with connect(impatient) as connection:
        connection.sendall(sent)
        begin = time.monotonic()
        connection.settimeout(6)
        while connection.recv(65536):
            pass
        assert 0.5 < time.monotonic() - begin < 5


def test_what_a_service_writes_is_for_its_owner_only(impatient):
    assert impatient.ask(b"GET /write HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").endswith(b"0o600<end>")


def test_a_caller_that_drips_its_headers_is_let_go(impatient):
    begin = time.monotonic()
    with connect(impatient) as connection, pytest.raises(ConnectionError):
        connection.sendall(b"GET /show HTTP/1.1\r\nA: ")
        while time.monotonic() - begin < 8:
            connection.sendall(b"b")
            time.sleep(0.1)
    assert time.monotonic() - begin < 5


def test_one_connection_too_many_is_told_so(impatient):
    time.sleep(1.2)
    held = [connect(impatient) for _ in range(5)]
    time.sleep(0.2)
    with connect(impatient) as one_more:
        assert read(one_more).startswith(b"HTTP/1.1 503 ")
    for connection in held:
        connection.close()
    time.sleep(0.2)
    assert impatient.ask(GET).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_is_finished_before_the_server_stops(start, number):
    server = start()
    with connect(server) as connection, connect(server) as idle:
        idle.sendall(GET)
        assert read(idle).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)
        took_s, output = server.stop(number)
        answer = read(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer
    assert server.process.returncode == 0
    assert took_s < 3, "idle connections must not hold the server up"
    assert "Traceback" not in output


def test_a_request_that_takes_too_long_is_cut_when_the_server_stops(start):
    server = start(CAPI_SERVING_GRACEFUL_TIMEOUT_S="1")
    with connect(server) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        time.sleep(0.2)
        took_s, _ = server.stop()
    assert took_s < 4


def test_a_taken_port_is_one_sentence_that_names_holder_and_setting():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = subprocess.run(
            [sys.executable, str(APP), str(port)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"sample: Port {port} on 127.0.0.1 is taken by process ")
    assert "CAPI_PROCESSING_PORT (setting processing.port)." in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_setting_that_is_wrong_is_one_sentence():
    environment = {"PYTHONPATH": str(ROOT), "CAPI_SERVING_KEEPALIV_S": "1"}
    done = subprocess.run([sys.executable, str(APP), "0"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith("the nearest known one is CAPI_SERVING_KEEPALIVE_S.\n")


def test_an_application_that_cannot_be_made_ends_the_server():
    program = "from serving import serve\ndef f(): raise ValueError('no database')\nserve(f, '127.0.0.1', 0, name='x')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode not in (0, 1)
    assert "x did not start: no database" in done.stderr
