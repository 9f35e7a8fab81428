"""Receivers of webhooks on loopback, honest and hostile: raw sockets, so that they can break every rule of HTTP."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

Behave = Callable[[socket.socket, threading.Event], None]


class Arrived(NamedTuple):
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens while its `with` block runs. Requests are kept in `arrived` and answered by `behave`, which may be
    replaced at any time; it is given the socket after the request was read, and an event that says it is over."""

    def __init__(self, behave: Behave, tls: ssl.SSLContext | None = None, reads: bool = True) -> None:
        self.behave = behave
        self.arrived: list[Arrived] = []
        self.connections = 0
        self._tls = tls
        self._reads = reads
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}/hook?shop=1"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            if self._reads:
                self.arrived.append(read_request(connection))
            self.behave(connection, self._over)
        connection.close()


def read_request(connection: socket.socket) -> Arrived:
    with connection.makefile("rb") as stream:
        line = stream.readline().decode().rstrip()
        headers = {}
        while header := stream.readline().decode().rstrip():
            name, _, value = header.partition(": ")
            headers[name.lower()] = value
        return Arrived(line, headers, stream.read(int(headers["content-length"])))


def says(answer: bytes) -> Behave:
    return lambda connection, over: connection.sendall(answer)


def status(code: int, *headers: str) -> Behave:
    lines = [f"HTTP/1.1 {code} Whatever", "Content-Length: 0", *headers, "", ""]
    return says("\r\n".join(lines).encode())


OK = status(200)


def hangs(connection: socket.socket, over: threading.Event) -> None:
    """Never answers."""
    over.wait()


def hangs_after(answer: bytes) -> Behave:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(answer)
        over.wait()

    return behave


def drips(answer: bytes, every_s: float) -> Behave:
    """A byte at a time, each within the time of a read."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        for place in range(len(answer)):
            connection.sendall(answer[place : place + 1])
            if over.wait(every_s):
                return

    return behave


def floods(head: bytes, piece: bytes = b"x" * 65536) -> Behave:
    """A body without end; `poured` on the function counts its bytes."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(head)
        while not over.is_set():
            connection.sendall(piece)
            behave.poured += len(piece)

    behave.poured = 0
    return behave


@contextmanager
def receiver(behave: Behave = OK, **more: object) -> Iterator[Receiver]:
    with Receiver(behave, **more) as made:
        yield made
