"""What happens between sockets: nothing is sent twice, nothing is read without bound, each breakage has its class."""

import gc
import socket
import threading
import time

import pytest
import uvloop

from rpc.calling import Origin, Response
from rpc.failures import Unavailable, Unknown
from tests.rpc.http_kit import LOOPBACK, OK, AsyncDriver, BlockingDriver, answering, request_to, scripted

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


DRIVERS = {
    "asyncio": AsyncDriver,
    "uvloop": lambda: AsyncDriver(uvloop.new_event_loop),
    "blocking": BlockingDriver,
}


@pytest.fixture(params=DRIVERS)
def driver(request):
    made = DRIVERS[request.param]()
    yield made
    made.close()


def test_an_answer_is_read_with_its_error_headers(driver):
    answer = (
        b"HTTP/1.1 502 X\r\nWoody.Error-Class: Result Unknown\r\nwoody.error-reason: why\r\ncontent-length: 2\r\n\r\nhi"
    )
    with scripted(answering(answer)) as server:
        response = driver.send(request_to(server.origin))
    assert response == Response(502, "Result Unknown", "why", b"hi")


def test_the_request_is_a_post_with_length_host_and_headers(driver):
    with scripted(answering(OK)) as server:
        driver.send(request_to(server.origin, body=b"1234567"))
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /path http/1.1"
    assert f"host: {LOOPBACK}:{server.origin.port}".encode() in lines
    assert b"content-length: 7" in lines
    assert b"woody.trace-id: t" in lines
    assert body == b"1234567"


def test_connections_are_kept_and_used_again(driver):
    with scripted(answering(OK, OK, OK)) as server:
        for _ in range(3):
            assert driver.send(request_to(server.origin)).body == b"hi"
        assert server.connections == 1


def test_a_chunked_answer_is_read_whole(driver):
    with scripted(answering(CHUNKED + b"2\r\nhi\r\n3\r\nyou\r\n0\r\n\r\n")) as server:
        assert driver.send(request_to(server.origin)).body == b"hiyou"


def test_an_answer_in_small_pieces_is_read_whole(driver):
    def script(server, connection, _number):
        server.read(connection)
        for position in range(len(OK)):
            connection.sendall(OK[position : position + 1])
            time.sleep(0.001)
        connection.recv(1)

    with scripted(script) as server:
        assert driver.send(request_to(server.origin)).body == b"hi"


def test_a_connection_that_the_server_wants_closed_is_not_used_again(driver):
    closing = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi"
    with scripted(answering(closing)) as server:
        for _ in range(2):
            assert driver.send(request_to(server.origin)).body == b"hi"
        assert server.connections == 2


def test_a_connection_closed_while_idle_is_seen_before_it_is_used(driver):
    closed = threading.Event()

    def script(server, connection, number):
        server.read(connection)
        connection.sendall(OK)
        if number == 0:
            connection.close()
            closed.set()
        else:
            connection.recv(1)

    with scripted(script) as server:
        driver.send(request_to(server.origin))
        assert closed.wait(5)
        time.sleep(0.02)
        assert driver.send(request_to(server.origin)).body == b"hi"
        assert len(server.requests) == 2


def test_a_connection_on_which_unasked_bytes_came_is_not_used_again(driver):
    def script(server, connection, _number):
        server.read(connection)
        connection.sendall(OK)
        time.sleep(0.01)
        connection.sendall(OK)
        connection.recv(1)

    with scripted(script) as server:
        driver.send(request_to(server.origin))
        time.sleep(0.05)
        assert driver.send(request_to(server.origin)).body == b"hi"
        assert server.connections == 2


def test_a_post_is_never_sent_twice_when_the_server_closes_after_reading_it(driver):
    def script(server, connection, _number):
        server.read(connection)

    with scripted(script) as server:
        with pytest.raises(Unknown) as raised:
            driver.send(request_to(server.origin))
        time.sleep(0.05)
        assert len(server.requests) == 1
    assert raised.value.source == "external"


def test_a_post_is_never_sent_twice_on_a_kept_connection_either(driver):
    def script(server, connection, number):
        server.read(connection)
        connection.sendall(OK)
        if number == 0:
            server.read(connection)
        else:
            connection.recv(1)

    with scripted(script) as server:
        driver.send(request_to(server.origin))
        with pytest.raises(Unknown):
            driver.send(request_to(server.origin))
        time.sleep(0.05)
        assert len(server.requests) == 2
        assert server.connections == 1


@pytest.mark.parametrize("cut", [1, 10, len(OK) - 3, len(OK) - 1])
def test_an_answer_cut_off_is_unknown(driver, cut):
    def script(server, connection, _number):
        server.read(connection)
        connection.sendall(OK[:cut])

    with scripted(script) as server, pytest.raises(Unknown):
        driver.send(request_to(server.origin))


def test_a_reset_connection_is_unknown(driver):
    def script(server, connection, _number):
        server.read(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with scripted(script) as server, pytest.raises(Unknown):
        driver.send(request_to(server.origin))


@pytest.mark.parametrize("garbage", [b"garbage\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"])
def test_an_answer_that_is_not_http_is_unknown(driver, garbage):
    def script(server, connection, _number):
        server.read(connection)
        connection.sendall(garbage)

    with scripted(script) as server, pytest.raises(Unknown):
        driver.send(request_to(server.origin))


def test_a_refused_connection_is_unavailable(driver):
    with socket.create_server((LOOPBACK, 0)) as free:
        origin = Origin("http", LOOPBACK, free.getsockname()[1])
    with pytest.raises(Unavailable) as raised:
        driver.send(request_to(origin))
    assert raised.value.source == "internal"


def test_a_name_that_does_not_resolve_is_unavailable(driver):
    with pytest.raises(Unavailable):
        driver.send(request_to(Origin("http", "no-such-host.invalid", 80)))


def test_a_connection_that_does_not_come_about_in_a_fifth_of_the_time_is_unavailable(driver):
    with socket.create_server((LOOPBACK, 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(address)
        began = time.monotonic()
        with pytest.raises(Unavailable) as raised:
            driver.send(request_to(Origin("http", *address), allowed_ms=5000))
        assert 0.4 < time.monotonic() - began < 4
        assert raised.value.is_impatience
        for client in waiting:
            client.close()


def test_no_answer_before_the_deadline_is_unknown(driver):
    def script(server, connection, _number):
        server.read(connection)
        connection.recv(1)

    with scripted(script) as server:
        began = time.monotonic()
        with pytest.raises(Unknown) as raised:
            driver.send(request_to(server.origin, allowed_ms=100))
        assert 0.09 < time.monotonic() - began < 5
    assert raised.value.is_impatience


def test_an_answer_that_drips_does_not_extend_the_deadline(driver):
    def script(server, connection, _number):
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n")
        for _ in range(900):
            connection.sendall(b"x")
            time.sleep(0.01)

    with scripted(script) as server:
        began = time.monotonic()
        with pytest.raises(Unknown):
            driver.send(request_to(server.origin, allowed_ms=150))
        assert time.monotonic() - began < 5


def test_a_request_that_the_server_does_not_take_is_unknown_before_the_deadline(driver):
    def script(_server, connection, _number):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        time.sleep(10)

    with scripted(script) as server:
        began = time.monotonic()
        with pytest.raises(Unknown):
            driver.send(request_to(server.origin, allowed_ms=8000, body=b"x" * 30_000_000))
        assert time.monotonic() - began < 6


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n" + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        + b"3e8\r\n"
        + b"x" * 1000
        + b"\r\n1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: %b\r\n" % (number, b"y" * 1000) for number in range(200)) + b"\r\n",
    ],
    ids=["length", "announced", "chunked", "headers"],
)
def test_an_answer_larger_than_allowed_is_unknown(driver, answer):
    with scripted(answering(answer)) as server, pytest.raises(Unknown):
        driver.send(request_to(server.origin))


def test_an_answer_of_exactly_the_allowed_size_passes(driver):
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + b"x" * 1000
    with scripted(answering(answer)) as server:
        assert len(driver.send(request_to(server.origin)).body) == 1000


def test_a_redirect_is_an_answer_and_not_followed(driver):
    answer = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    with scripted(answering(answer)) as server:
        assert driver.send(request_to(server.origin)).status == 302


def test_a_provisional_answer_is_passed_over(driver):
    with scripted(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)) as server:
        assert driver.send(request_to(server.origin)).body == b"hi"


def test_a_connection_is_not_kept_after_a_failure(driver):
    def script(server, connection, number):
        server.read(connection)
        if number:
            connection.sendall(OK)
        connection.recv(1)

    with scripted(script) as server:
        with pytest.raises(Unknown):
            driver.send(request_to(server.origin, allowed_ms=60))
        assert driver.send(request_to(server.origin)).body == b"hi"
        assert server.connections == 2


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_async_client_may_move_to_another_event_loop():
    with scripted(answering(OK, OK)) as server:
        driver = AsyncDriver()
        driver.send(request_to(server.origin))
        other = AsyncDriver()
        other.transport = driver.transport
        assert other.send(request_to(server.origin)).body == b"hi"
        other.close()
        driver.runner.close()
        del driver
        gc.collect()  # the first loop's connection goes now, and with it the warning that nobody closed it
