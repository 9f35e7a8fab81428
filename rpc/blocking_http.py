"""HTTP/1.1 from threads: one request, one bounded answer, at most once; connections are kept and lent one at a time.

    lines = Lines(body_bytes_max=65536)
    answer = lines.send(Origin("http", "127.0.0.1", 8023), "POST", "/v1/vault", headers, body, connect_s=1, total_s=30)

What went wrong is told by how far it came: NotSent while no connection stood, Late or Lost after that. Nothing is sent
twice, no redirect is followed. urllib3, which this replaces, takes 350 us of processor time for what takes 90 us here.
"""

import select
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import httptools

from rpc.calling import Origin

READ_BYTES = 65_536
HEAD_BYTES_MAX = 65_536


class NotSent(Exception):
    """No connection: surely nothing was sent. `is_late`: it took too long."""

    def __init__(self, reason: str, is_late: bool = False) -> None:
        super().__init__(reason)
        self.is_late = is_late


class Late(Exception):
    """The answer did not come, or come to its end, in time."""


class Lost(Exception):
    """The connection broke, or what came over it is no HTTP."""


class TooLarge(Exception):
    """The answer is longer than allowed."""


class Answer(NamedTuple):
    """`headers`: names in lower case, of several of one name the first. `is_framed`: it said itself where it ends."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_framed: bool


class Line:
    """One connection."""

    def __init__(self, opened: socket.socket) -> None:
        self.socket = opened
        self._poll = select.poll()
        self._poll.register(opened, select.POLLIN)

    def is_quiet(self) -> bool:
        """Whether the other side has said nothing unasked, a farewell for instance."""
        return not self._poll.poll(0)

    def close(self) -> None:
        with suppress(OSError):
            self.socket.close()


class Reading:
    """The answer as it comes in; what httptools calls back."""

    def __init__(self, body_bytes_max: int) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.body_bytes_max = body_bytes_max
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self.size = self.head_size = self.status = 0
        self.is_over = self.is_kept = self.is_doubled = False

    def on_message_begin(self) -> None:
        """A second answer, which nobody asked for, is not read, and the connection not used again."""
        self.is_doubled = self.is_over

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.is_doubled:
            return
        self.head_size += len(name) + len(value)
        if self.head_size > HEAD_BYTES_MAX:
            raise TooLarge
        self.headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        if not self.is_doubled:
            self.status = self.parser.get_status_code()

    def on_body(self, part: bytes) -> None:
        if self.is_doubled:
            return
        self.size += len(part)
        if self.size > self.body_bytes_max:
            raise TooLarge
        self.parts.append(part)

    def on_message_complete(self) -> None:
        if self.is_doubled:
            return
        if self.status >= 200:
            self.is_over, self.is_kept = True, self.parser.should_keep_alive()
        else:
            self.headers.clear()

    @property
    def is_framed(self) -> bool:
        return "content-length" in self.headers or "transfer-encoding" in self.headers

    def answer(self) -> Answer:
        body = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        return Answer(self.status, self.headers, body, self.is_framed)


class Lines:
    """Kept-alive connections to any origins; for any number of threads."""

    def __init__(self, body_bytes_max: int, idle_max: int = 64) -> None:
        self._body_bytes_max, self._idle_max = body_bytes_max, idle_max
        self._idle: dict[Origin, list[Line]] = {}
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def send(
        self,
        origin: Origin,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        *,
        connect_s: float,
        total_s: float,
    ) -> Answer:
        """`connect_s` bounds the connecting, and the writing as well.

        Raises NotSent, Late, Lost, TooLarge; ValueError for headers that would make a second one.
        """
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        if lines.count("\n") != len(headers):
            raise ValueError("a header's value holds a line break")
        return self.send_lines(origin, method, path, lines, body, connect_s=connect_s, total_s=total_s)

    def send_lines(
        self, origin: Origin, method: str, path: str, lines: str, body: bytes, *, connect_s: float, total_s: float
    ) -> Answer:
        """As `send`, for headers that are written already: `name: value\\r\\n` each."""
        ends_at = time.monotonic() + total_s
        line = self._idle_line(origin) or self._made(origin, min(connect_s, total_s))
        is_kept = False
        try:
            head = f"{method} {path} HTTP/1.1\r\nhost: {origin.host}:{origin.port}\r\n{lines}"
            length = f"content-length: {len(body)}\r\n\r\n" if body or method == "POST" else "\r\n"
            reading = Reading(self._body_bytes_max)
            is_kept = exchange(line, (head + length).encode() + body, reading, connect_s, ends_at)
            return reading.answer()
        finally:
            if is_kept:
                self._keep(origin, line)
            else:
                line.close()

    def close(self) -> None:
        """Closes idle connections."""
        with self._lock:
            lines = [line for idle in self._idle.values() for line in idle]
            self._idle.clear()
        for line in lines:
            line.close()

    def _idle_line(self, origin: Origin) -> Line | None:
        """One that is still good."""
        while True:
            with self._lock:
                idle = self._idle.get(origin)
                if not idle:
                    return None
                line = idle.pop()
            if line.is_quiet():
                return line
            line.close()

    def _keep(self, origin: Origin, line: Line) -> None:
        with self._lock:
            idle = self._idle.setdefault(origin, [])
            if len(idle) < self._idle_max:
                idle.append(line)
                return
        line.close()

    def _made(self, origin: Origin, connect_s: float) -> Line:
        try:
            opened = socket.create_connection((origin.host, origin.port), connect_s)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if origin.scheme == "https":
                opened = self._tls_context().wrap_socket(opened, server_hostname=origin.host)
        except TimeoutError:
            raise NotSent("TimeoutError", is_late=True) from None
        except OSError as error:
            raise NotSent(type(error).__name__) from None
        return Line(opened)

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def exchange(line: Line, request: bytes, reading: Reading, write_s: float, ends_at: float) -> bool:
    """Writes the request and reads the answer to its end; whether the connection can be used again."""
    try:
        line.socket.settimeout(min(write_s, left_s(ends_at)))
        line.socket.sendall(request)
        while not reading.is_over:
            line.socket.settimeout(left_s(ends_at))
            data = line.socket.recv(READ_BYTES)
            if not data:
                return ended(reading)
            reading.parser.feed_data(data)
    except TimeoutError:
        raise Late from None
    except httptools.HttpParserCallbackError as error:
        raise (TooLarge() if isinstance(error.__context__, TooLarge) else Lost(type(error).__name__)) from None
    except (OSError, httptools.HttpParserError) as error:
        raise Lost(type(error).__name__) from None
    return reading.is_kept and not reading.is_doubled


def ended(reading: Reading) -> bool:
    """The other side closed the connection: the end of an answer that did not say where it ends, else a loss."""
    if not reading.status or reading.is_framed:
        raise Lost("closed before the answer was whole")
    return False


def left_s(ends_at: float) -> float:
    """Raises TimeoutError when nothing is left."""
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
