"""One request and its answer: the `receive` and `send` that an ASGI application is called with.

An application of ours may have a function `direct(exchange)` besides: it is given this object as it is, reads
`body_at_hand` or `receive`, and answers by `respond`, or by what its work comes to: the arguments of `respond`. It
gives None for an exchange that shall go the way of ASGI. Its work has no task (`serving.runs`).
"""

import asyncio
import time
from collections.abc import Awaitable, Collection, Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from serving.usual_heads import UsualHead
from telemetry import log

if TYPE_CHECKING:
    from serving.connection import Connection

Header = tuple[bytes, bytes]
Headers = Iterable[Header]
Answer = tuple[int, Headers, bytes] | tuple[int, Headers, bytes, tuple[Header, ...]]
DISCONNECT = {"type": "http.disconnect"}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
FRAMING = frozenset({b"connection", b"transfer-encoding", b"keep-alive", b"date"})
BODILESS = frozenset({204, 304})
LAST_CHUNK = b"0\r\n\r\n"
NUL = 0


class Exchange(msgspec.Struct, eq=False):
    """Made when the headers are in; `feed` and `complete` bring the body, `lose` says that the caller is gone.

    `named`: the headers by name, where it is known already that no name comes twice and no value is padded. `usual`:
    the head that this one repeats, where the connection has such a one (`serving.usual_heads`).
    """

    connection: "Connection"
    version: str
    method: str
    raw_path: bytes
    query: bytes
    headers: Collection[Header]
    keep_alive: bool
    expects_continue: bool = False
    named: dict[bytes, bytes] | None = None
    usual: UsualHead | None = None
    chunks: list[bytes] = []
    buffered_bytes: int = 0
    waiter: asyncio.Future[None] | None = None
    task: asyncio.Task[None] | None = None
    start: dict | None = None
    left_bytes: int | None = None
    is_complete: bool = False
    is_ended: bool = False
    is_gone: bool = False
    is_started: bool = False
    is_finished: bool = False
    is_chunked: bool = False

    __repr__ = object.__repr__  # what it holds is not to be shown

    # The request, as it comes in.

    def feed(self, part: bytes) -> None:
        """A part of the body."""
        self.chunks.append(part)
        self.buffered_bytes += len(part)
        self.wake()

    def complete(self) -> None:
        """The body has ended."""
        self.is_complete = True
        self.wake()

    def lose(self) -> None:
        """The caller is gone."""
        self.is_gone = True
        self.wake()

    def wake(self) -> None:
        """Lets a waiting `receive` look again."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    # The application's side.

    async def run(self, work: Awaitable[Answer | None]) -> None:
        """Awaits the application's work; an answer it fails to give is given in its place."""
        try:
            answer = await work
            if answer is not None:
                self.respond(*answer)
        except Exception:
            log.error("http.crashed", method=self.method, path=self.path, exc_info=True)
        finally:
            self.connection.worker.at_work.discard(self)
        if not self.is_finished and not self.is_gone:
            self.fail()

    @property
    def path(self) -> str:
        """The path, decoded."""
        path = self.raw_path.decode("ascii")
        return unquote(path) if "%" in path else path

    @property
    def peer(self) -> str | None:
        """The address at the other end of the socket."""
        client = self.connection.client
        return client[0] if client else None

    def scope(self) -> dict[str, Any]:
        """The request as ASGI describes it."""
        connection = self.connection
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": self.version,
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.raw_path,
            "query_string": self.query,
            "root_path": "",
            "headers": list(self.headers),
            "server": connection.server,
            "client": connection.client,
            "state": connection.worker.state.copy(),
        }

    def body_at_hand(self) -> bytes | None:
        """The whole body if it has come whole and nobody took any of it; None otherwise."""
        if not self.is_complete or self.is_ended:
            return None
        return self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)

    def respond(self, status: int, headers: Headers, body: bytes, constant: tuple[Header, ...] = ()) -> None:
        """The whole answer at once. Names of headers are in lower case, and framing is the server's: no length, date or
        connection among them. The body is that of GET where the method is HEAD. `constant`: headers that come again in
        answer after answer, and are put into bytes once.
        """
        if self.is_gone:
            return
        lines = [b": ".join(header) + b"\r\n" for header in headers]
        has_body = status not in BODILESS
        if has_body:
            lines.append(b"content-length: %d\r\n" % len(body))
        self.decide_connection(lines)
        answer = joined(beginning(status, constant, int(time.time())), lines)
        if has_body and self.method != "HEAD":
            answer += body
        self.is_started = True
        self.deliver(answer)
        self.finish()

    async def receive(self) -> dict[str, Any]:
        """What has come of the body since the last time, or the caller's disappearance."""
        while not (self.chunks or self.is_gone or self.is_finished or (self.is_complete and not self.is_ended)):
            if self.expects_continue and not self.is_complete:
                self.expects_continue = False
                self.connection.write(CONTINUE)
            self.waiter = self.connection.loop.create_future()
            await self.waiter
        if self.is_finished or (self.is_gone and not self.is_complete) or self.is_ended:
            return DISCONNECT.copy()
        body = self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)
        self.chunks, self.buffered_bytes = [], 0
        self.is_ended = self.is_complete
        self.connection.resume_reading()
        return {"type": "http.request", "body": body, "more_body": not self.is_ended}

    async def send(self, message: dict[str, Any]) -> None:
        """Takes the answer: its start, which waits for the first of its body, and its body."""
        if self.is_gone:
            return
        if message["type"] == "http.response.start" and self.start is None:
            self.start, self.expects_continue = message, False
        elif message["type"] == "http.response.body" and self.start is not None and not self.is_finished:
            self.write(bytes(message.get("body", b"")), bool(message.get("more_body", False)))
            if self.connection.writable is not None:
                await self.connection.writable
        else:
            raise RuntimeError(f"{message['type']} is out of turn")

    def write(self, body: bytes, more: bool) -> None:
        """Writes a part of the answer, with its head when it is the first."""
        head = b""
        if not self.is_started:
            head = self.head(body, more)
            self.is_started = True
        if self.left_bytes is not None:
            body = body[: self.left_bytes]
            self.left_bytes -= len(body)
        if self.is_chunked:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body = chunk if more else chunk + LAST_CHUNK
        if more:
            self.connection.write(head + body)
        else:
            self.deliver(head + body)
            self.finish()

    def deliver(self, data: bytes) -> None:
        """The last bytes of the answer: at the end of this turn of the loop where the connection goes on."""
        connection = self.connection
        if self.keep_alive:
            connection.outbox.put(connection.transport, data)
        else:
            connection.write(data)

    def head(self, body: bytes, more: bool) -> bytes:
        """The status line and headers; decides how the caller will know where the body ends."""
        status, lines, length = self.start["status"], [], None
        for name, value in self.start.get("headers", ()):
            lower = name.lower()
            if lower in FRAMING:
                continue
            if lower == b"content-length":
                length = int(value)
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        lines += self.framing(status, length, len(body), more)
        return joined(status_line(status), lines)

    def framing(self, status: int, length: int | None, size: int, more: bool) -> list[bytes]:
        """The header lines of the server's own: length or chunks, date, whether the connection goes on."""
        lines = [date_line()]
        has_body = self.method != "HEAD" and status not in BODILESS
        if has_body and length is None and not more:
            length = size
        if length is not None and status not in BODILESS:
            lines.append(b"content-length: %d\r\n" % length)
        if length is not None or not has_body:
            self.left_bytes = length if has_body else 0
        elif self.version == "1.1":
            self.is_chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        else:
            self.keep_alive = False
        self.decide_connection(lines)
        return lines

    def decide_connection(self, lines: list[bytes]) -> None:
        """Adds the header that says whether the connection goes on, where the version does not say it."""
        if not self.is_complete or not self.connection.worker.alive:
            self.keep_alive = False
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        elif self.version == "1.0":
            lines.append(b"connection: keep-alive\r\n")

    def finish(self) -> None:
        """The answer is whole, or as whole as the application made it."""
        self.is_finished = True
        if self.left_bytes:
            self.keep_alive = False
        if self.waiter is not None:
            self.wake()
        self.connection.finished(self)

    def fail(self) -> None:
        """The application raised, or returned without a whole answer."""
        self.keep_alive = False
        if self.is_started:
            self.left_bytes = None
            self.finish()
            return
        headers, body = self.connection.worker.error_answer(500)
        self.start = {"status": 500, "headers": headers}
        self.write(body, more=False)

    @staticmethod
    def whole_answer(status: int, headers: Headers, body: bytes) -> bytes:
        """An answer that ends its connection."""
        lines = [b"%b: %b\r\n" % header for header in headers if header[0].lower() not in FRAMING | {b"content-length"}]
        lines += [date_line(), b"content-length: %d\r\n" % len(body), b"connection: close\r\n"]
        return joined(status_line(status), lines) + body


def joined(first: bytes, lines: list[bytes]) -> bytes:
    """The head of an answer, of which the first lines are known to be sound. Raises ValueError."""
    return b"".join((first, sound(lines), b"\r\n"))


def sound(lines: list[bytes]) -> bytes:
    """Header lines in one. ValueError when a header carries a line break: it would forge another header."""
    text = b"".join(lines)
    if len(text.splitlines()) != len(lines) or NUL in text:
        raise ValueError("a header with a line break")
    return text


@lru_cache(maxsize=256)
def beginning(status: int, headers: tuple[Header, ...], second: int) -> bytes:
    """The first lines of all answers of a second that have this status and these headers. Raises ValueError."""
    lines = [b"%b: %b\r\n" % header for header in headers]
    return b"%b%b%b" % (status_line(status), sound(lines), date_line_of(second))


@lru_cache(maxsize=128)
def status_line(status: int) -> bytes:
    """`HTTP/1.1 404 Not Found` and its line end; no phrase for a status without a name."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")


def date_line() -> bytes:
    """The Date header, made once a second."""
    return date_line_of(int(time.time()))


@lru_cache(maxsize=2)
def date_line_of(second: int) -> bytes:
    """The Date header of a second since 1970."""
    return b"date: %b\r\n" % formatdate(second, usegmt=True).encode("ascii")
