"""The quick reading of an answer must never differ from the general one: where it might, it stands back."""

import time

import pytest

from rpc import whole_answers
from rpc.failures import Unknown
from tests.rpc.http_kit import OK, AsyncDriver, request_to, scripted

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-thrift\r\n"
WHOLE = [
    OK,
    b"HTTP/1.1 200 OK\r\nContent-Length:2\r\n\r\nhi",
    b"HTTP/1.1 200 \r\ncontent-length: \t2 \t\r\n\r\nhi",
    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\r\n\r\n",
    b"HTTP/1.1 500 Internal Server Error\r\nconnection: keep-alive\r\ncontent-length: 002\r\n\r\nhi",
    b"HTTP/1.1 502 X\r\nWoody.Error-Class:  Result Unknown \r\nwoody.error-reason: \xe9\r\ncontent-length: 0\r\n\r\n",
]
OTHERS = [
    b"",
    b"HTTP/1.1 200 OK\r\n",
    HEAD + b"\r\nhi",
    HEAD + b"content-length: 3\r\n\r\nhi",
    HEAD + b"content-length: 1\r\n\r\nhi",
    HEAD + b"content-length: 2\r\ncontent-length: 2\r\n\r\nhi",
    HEAD + b"content-length: 2\r\nContent-Length: 3\r\n\r\nhi",
    HEAD + b"content-length: +2\r\n\r\nhi",
    HEAD + b"content-length: 2, 2\r\n\r\nhi",
    HEAD + b"content-length: 0x2\r\n\r\nhi",
    HEAD + b"content-length:\r\n\r\n",
    HEAD + b"content-length: 2\r\nconnection: close\r\n\r\nhi",
    HEAD + b"content-length: 2\r\nconnection: upgrade\r\n\r\nhi",
    HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\nhi",
    HEAD + b"content-length : 2\r\n\r\nhi",
    HEAD + b"content-length: 2\r\n folded\r\n\r\nhi",
    HEAD + b"x: a\rb\r\ncontent-length: 2\r\n\r\nhi",
    HEAD + b"x: a\nb\r\ncontent-length: 2\r\n\r\nhi",
    HEAD + b"x: \x00\r\ncontent-length: 2\r\n\r\nhi",
    HEAD.replace(b"1.1", b"1.0") + b"content-length: 2\r\n\r\nhi",
    HEAD.replace(b"1.1", b"2.0") + b"content-length: 2\r\n\r\nhi",
    HEAD.replace(b"\r\n", b"\n") + b"content-length: 2\n\nhi",
    b"HTTP/1.1 100 Continue\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\nhi",
    b"HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\nhi",
    b" HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    HEAD + b"x: " + b"y" * 5000 + b"\r\ncontent-length: 2\r\n\r\nhi",
    OK + OK,
]


@pytest.mark.parametrize("answer", WHOLE)
def test_an_answer_in_one_piece_reads_as_it_does_in_two(answer):
    def script(server, connection, _number):
        server.read(connection)
        connection.sendall(answer[:20])
        time.sleep(0.02)
        connection.sendall(answer[20:])
        connection.recv(1)

    driver = AsyncDriver()
    with scripted(script) as server:
        general = driver.send(request_to(server.origin))
    driver.close()
    assert whole_answers.read(answer) == general


@pytest.mark.parametrize("answer", OTHERS)
def test_whatever_may_be_read_in_two_ways_is_left_to_the_general_parser(answer):
    assert whole_answers.read(answer) is None


def test_heads_are_remembered_within_bounds():
    for number in range(2 * whole_answers.HEADS_KNOWN_MAX):
        assert whole_answers.read(HEAD + b"x: %d\r\ncontent-length: 0\r\n\r\n" % number) is not None
    assert len(whole_answers._heads) <= whole_answers.HEADS_KNOWN_MAX


def test_a_shorter_deadline_on_a_kept_connection_is_kept_too():
    def script(server, connection, _number):
        server.read(connection)
        connection.sendall(OK)
        server.read(connection)
        connection.recv(1)

    driver = AsyncDriver()
    with scripted(script) as server:
        driver.send(request_to(server.origin, allowed_ms=60_000))
        with pytest.raises(Unknown, match="deadline"):
            driver.send(request_to(server.origin, allowed_ms=100))
    driver.close()


def test_a_longer_deadline_on_a_kept_connection_is_not_cut_to_the_one_before():
    def script(server, connection, _number):
        server.read(connection)
        connection.sendall(OK)
        server.read(connection)
        time.sleep(0.4)
        connection.sendall(OK)
        connection.recv(1)

    driver = AsyncDriver()
    with scripted(script) as server:
        driver.send(request_to(server.origin, allowed_ms=200))
        assert driver.send(request_to(server.origin, allowed_ms=5_000)).body == b"hi"
        assert server.connections == 1
    driver.close()
