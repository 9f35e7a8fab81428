"""Any ASGI app on a free loopback port, in a thread with an event loop of its own. HTTP/1.1 with keep-alive, for tests.

An app that returns without answering closes the connection.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httptools


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """Serves while the block runs; gives the base URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="loopback", daemon=True)
    thread.start()
    connections: set[Connection] = set()

    async def start() -> asyncio.Server:
        return await loop.create_server(lambda: Connection(app, connections), "127.0.0.1", 0)

    async def stop() -> None:
        server.close()
        for connection in list(connections):
            connection.transport.abort()
        await asyncio.sleep(0.01)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class Connection(asyncio.Protocol):
    """One client; requests are served one after another."""

    def __init__(self, app: Any, connections: set["Connection"]) -> None:
        self.app, self.connections = app, connections
        self.requests: asyncio.Queue[tuple[dict[str, Any], bytes]] = asyncio.Queue()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.connections.add(self)
        self.task = asyncio.ensure_future(self.serve())

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        self.task.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.close()

    def on_message_begin(self) -> None:
        self.url, self.headers, self.body = b"", [], b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        path, _, query = self.url.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.parser.get_method().decode(),
            "scheme": "http",
            "path": path.decode(),
            "raw_path": path,
            "query_string": query,
            "headers": self.headers,
            "client": self.transport.get_extra_info("peername"),
            "server": self.transport.get_extra_info("sockname"),
        }
        self.requests.put_nowait((scope, self.body))

    async def serve(self) -> None:
        """Answers requests until the connection or the app ends."""
        while True:
            scope, body = await self.requests.get()
            messages: list[dict[str, Any]] = []
            pending = [{"type": "http.request", "body": body, "more_body": False}]

            async def receive(pending: list[dict[str, Any]] = pending) -> dict[str, Any]:
                return pending.pop() if pending else {"type": "http.disconnect"}

            async def send(message: dict[str, Any], messages: list[dict[str, Any]] = messages) -> None:
                messages.append(message)

            await self.app(scope, receive, send)
            if not messages:
                self.transport.close()
                return
            self.transport.write(rendered(messages))


def rendered(messages: list[dict[str, Any]]) -> bytes:
    """An answer's bytes, with its length."""
    body = b"".join(message.get("body", b"") for message in messages[1:])
    headers = {name: value for name, value in messages[0]["headers"] if name != b"content-length"}
    headers[b"content-length"] = str(len(body)).encode()
    lines = [b"HTTP/1.1 %d Status" % messages[0]["status"], *(b"%b: %b" % pair for pair in headers.items())]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
