"""Both ends of HTTP for the tests of rpc: one request to an ASGI app, and servers that follow a script byte by byte."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from rpc.calling import Origin, Request, Response
from rpc.transport_async import AsyncTransport
from rpc.transport_blocking import BlockingTransport


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def ask(app: Any, path: str, headers: list[tuple[str, str]], body: bytes, method: str = "POST") -> Answered:
    """One request to an ASGI app, answered on a loop of its own."""

    async def run() -> Answered:
        answered = await ask_async(app, path, headers, body, method)
        await asyncio.sleep(0.01)
        return answered

    return asyncio.run(run())


async def ask_async(app: Any, path: str, headers: list[tuple[str, str]], body: bytes, method: str = "POST") -> Answered:
    """One request to an ASGI app; the body arrives in two pieces."""
    half = len(body) // 2
    pieces = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:], "more_body": False},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answered(sent[0]["status"], found, b"".join(message["body"] for message in sent[1:]))


LOOPBACK = "127.0.0.2"
"""An address that only requests made for these servers go to: clients of servers that are gone still call 127.0.0.1,
and a port that was theirs may be given out again."""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


class Scripted:
    """A server that follows a script: `script(connection, number)` is called for each connection, in a thread."""

    def __init__(self, script: Callable[[socket.socket, int], None]) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self.listener = socket.create_server((LOOPBACK, 0))
        self.origin = Origin("http", LOOPBACK, self.listener.getsockname()[1])

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                self.script(connection, number)
            except OSError:
                return

    def read(self, connection: socket.socket) -> bytes:
        """One whole request; b"" when the client is gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]


@contextmanager
def scripted(script: Callable[[Scripted, socket.socket, int], None]) -> Iterator[Scripted]:
    """Serves while the block runs."""
    server = Scripted(lambda connection, number: script(server, connection, number))
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()


def answering(*answers: bytes) -> Callable[[Scripted, socket.socket, int], None]:
    """A script that reads a request and gives the next answer, on each connection, then waits for more."""

    def script(server: Scripted, connection: socket.socket, _number: int) -> None:
        for answer in answers:
            if not server.read(connection):
                return
            connection.sendall(answer)
        connection.recv(1)

    return script


def request_to(origin: Origin, allowed_ms: int = 2000, body: bytes = b"body") -> Request:
    lines = "woody.trace-id: t\r\ncontent-type: application/x-thrift\r\n"
    return Request(origin, "/path", lines, body, allowed_ms)


class AsyncDriver:
    """An AsyncTransport with a loop of its own, the standard library's or uvloop."""

    def __init__(self, loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self.transport = AsyncTransport(body_bytes_max=1000)
        self.runner = asyncio.Runner(loop_factory=loop_factory)

    def send(self, request: Request) -> Response:
        return self.runner.run(self.transport.send(request))

    def close(self) -> None:
        self.runner.run(self.transport.close())
        self.runner.close()


class BlockingDriver:
    """A BlockingTransport."""

    def __init__(self) -> None:
        self.transport = BlockingTransport(body_bytes_max=1000)

    def send(self, request: Request) -> Response:
        return self.transport.send(request)

    def close(self) -> None:
        self.transport.close()
