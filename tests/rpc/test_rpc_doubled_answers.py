"""An answer that comes twice on one connection: the first is read, the second is nobody's."""

import contextlib
import socket
import threading

import pytest

from rpc.blocking_http import Lines
from rpc.calling import Origin
from tests.rpc.http_kit import LOOPBACK


def answered(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize("cut", [0, 1, 30])
def test_an_answer_that_comes_twice_is_read_once_and_never_as_the_next_one(cut: int):
    """`cut`: so many bytes of the second come with the first, the rest when the next request is made; 0: all."""
    listener, connections = socket.create_server((LOOPBACK, 0)), []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while request := connection.recv(65_536):
                answer = answered(request.partition(b"\r\n\r\n")[2])
                second = answer[:cut] if cut else answer
                connection.sendall(answer + second)

    threading.Thread(target=serve, daemon=True).start()
    lines, origin = Lines(1000), Origin("http", *listener.getsockname())
    with listener:
        for number in range(5):
            body = b"%d" % number
            answer = lines.send(origin, "POST", "/", [], body, connect_s=1, total_s=2)
            assert (answer.status, answer.body) == (200, body)
    lines.close()
    assert len(connections) == 5
