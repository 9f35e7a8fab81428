"""HTTP/1.1 POSTs on an event loop: kept-alive connections, bounded answers, three timeouts, nothing ever sent twice.

Until the request is handed to the socket a failure is Unavailable; from then on, until the answer is complete, it is
Unknown. Requests of one pass of the loop are written together (`rpc.together_writes`); a kept connection that turns out
to be dead before that is given up for another one.

Must not know Thrift.
"""

import asyncio
import select
import ssl
from functools import lru_cache
from typing import Any

import httptools

from rpc import whole_answers
from rpc.calling import Origin, Request, Response
from rpc.failures import DEADLINE_REACHED, Unavailable, Unknown
from rpc.statuses import ERROR_CLASS, ERROR_REASON
from rpc.together_writes import TogetherWrites

IDLE_S_MAX = 30
IDLE_S_TRUSTED = 0.005
"""A connection idle for longer is looked at before it is used: the loop may have stood still. What comes to one that is
used all the time, the loop tells before the next request is written; a look is a system call."""

HEADERS_BYTES_MAX = 65_536
CONNECT_SHARE = 5
TIMER_EARLY_S_MAX = 0.002
"""An event loop's timer may fire so much before its time."""


class AsyncTransport:
    """Connections of one client, kept per origin. Belongs to the event loop that uses it first, until another does."""

    def __init__(self, body_bytes_max: int, connections_max: int = 64, connect_timeout_ms: int = 1000) -> None:
        self.body_bytes_max, self.connections_max = body_bytes_max, connections_max
        self.connect_ms_max = connect_timeout_ms / 2
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writes: TogetherWrites | None = None
        self._idle: dict[Origin, list[Connection]] = {}
        self._tls: ssl.SSLContext | None = None

    async def send(self, request: Request) -> Response:
        """Makes the POST once. Raises Unavailable while nothing was written, else Unknown."""
        loop = self._loop
        if loop is None or not loop.is_running():  # a system call less than asking which loop it is that runs
            loop = self._loop = asyncio.get_running_loop()
            self._writes, self._idle = TogetherWrites(loop), {}
        began, allowed_ms, data = loop.time(), request.allowed_ms, rendered(request)
        ends_at = began + allowed_ms / 1000
        part_ms = allowed_ms / CONNECT_SHARE
        part_s = (part_ms if part_ms < self.connect_ms_max else self.connect_ms_max) / 1000
        idle = self._idle.get(request.origin)
        if idle is None:
            idle = self._idle[request.origin] = []
        while True:
            kept = usable(idle, began) if idle else None
            connection = kept or await loop.create_task(self._connect(request.origin, part_s, loop))
            try:
                response = await connection.asked(data, ends_at, part_s)
            except Unavailable as failure:
                connection.abort()
                if failure.is_impatience or not kept:
                    raise
            except BaseException:
                connection.abort()
                raise
            else:
                self._keep(connection, idle, loop.time())
                return response
            finally:
                connection.finish()

    def _keep(self, connection: "Connection", idle: "list[Connection]", now: float) -> None:
        """Keeps a connection for the next call, if it may be used again."""
        if connection.may_be_kept and len(idle) < self.connections_max:
            connection.idle_since = now
            idle.append(connection)
        else:
            connection.abort()

    async def _connect(self, origin: Origin, timeout_s: float, loop: asyncio.AbstractEventLoop) -> "Connection":
        """A new connection; nothing is sent before it stands. To be run as a task: `asyncio.timeout` needs one."""
        tls, writes = self._context() if origin.scheme == "https" else None, self._writes
        try:
            async with asyncio.timeout(timeout_s):
                _, connection = await loop.create_connection(
                    lambda: Connection(self.body_bytes_max, loop, writes), origin.host, origin.port, ssl=tls
                )
        except TimeoutError:
            raise Unavailable("no connection in time", is_impatience=True) from None
        except OSError as error:
            raise Unavailable(f"no connection: {error.strerror or type(error).__name__}") from None
        return connection

    def _context(self) -> ssl.SSLContext:
        """Made once: it reads the machine's certificates."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    async def close(self) -> None:
        """Closes idle connections."""
        for idle in self._idle.values():
            while idle:
                idle.pop().abort()


def usable(idle: "list[Connection]", now: float) -> "Connection | None":
    """A kept connection that is still open; dead ones are dropped."""
    while idle:
        connection = idle.pop()
        if connection.is_usable(now):
            return connection
        connection.abort()
    return None


def rendered(request: Request) -> bytes:
    """The request's bytes; metadata may be any text and travel as UTF-8."""
    first = first_lines(request.origin, request.path)
    return f"{first}{request.lines}content-length: {len(request.body)}\r\n\r\n".encode() + request.body


@lru_cache(maxsize=256)
def first_lines(origin: Origin, path: str) -> str:
    """What every request to that path begins with."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"POST {path} HTTP/1.1\r\nhost: {host}:{origin.port}\r\n"


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time."""

    def __init__(self, body_bytes_max: int, loop: asyncio.AbstractEventLoop, writes: TogetherWrites) -> None:
        self.body_bytes_max, self.loop, self.writes = body_bytes_max, loop, writes
        self.transport: Any = None
        self.poll = select.poll()
        self.idle_since = 0.0
        self.may_be_kept = False
        self.future: asyncio.Future[Response] | None = None
        self.unsent: bytes | None = None
        self.parser: httptools.HttpResponseParser | None = None
        self.sending: asyncio.TimerHandle | None = None
        self.send_s = self.ends_at = self.timer_at = 0.0
        self.timer: asyncio.TimerHandle | None = None

    # ---------------------------------------------------------- the exchange

    def asked(self, data: bytes, ends_at: float, send_s: float) -> asyncio.Future[Response]:
        """The answer to a request that is written with the others of this pass.

        Unavailable for what happens before, Unknown for whatever happens afterwards. `finish` must follow.
        """
        self.future = future = self.loop.create_future()
        self.parser = None
        self.may_be_kept = False
        self.unsent, self.send_s, self.ends_at = data, send_s, ends_at
        self.writes.add(self)
        if self.timer is None or ends_at < self.timer_at:
            self.arm()
        return future

    def write_now(self) -> None:
        """Writes the request, unless the exchange ended while it waited for its turn."""
        data = self.unsent
        if data is None or self.future is None or self.future.done():
            return
        if self.transport.is_closing():
            self.fail("connection lost before anything was sent")
            return
        self.unsent = None
        try:
            self.transport.write(data)
        except Exception as error:
            self.fail(f"not written: {type(error).__name__}")
            return
        if self.transport.get_write_buffer_size():
            self.sending = self.loop.call_later(self.send_s, self.fail, "request not taken in time", True)

    def finish(self) -> None:
        """The exchange is over."""
        self.future = self.unsent = None
        if self.sending:
            self.sending.cancel()
            self.sending = None

    def arm(self) -> None:
        """Looks at the clock when the exchange must be over.

        One timer a connection, set again only when it fires: exchanges end long before it, and one each cost 1 us.
        """
        if self.timer:
            self.timer.cancel()
        self.timer_at = self.ends_at
        self.timer = self.loop.call_at(self.ends_at, self.on_time)

    def on_time(self) -> None:
        self.timer = None
        if self.future is None:
            return
        if self.loop.time() < self.ends_at - TIMER_EARLY_S_MAX:
            self.arm()
        else:
            self.fail(DEADLINE_REACHED, True)

    def fail(self, reason: str, is_impatience: bool = False) -> None:
        """Ends the exchange; the outcome of what was sent is not known."""
        if self.future is None or self.future.done():
            return
        if self.unsent is None:
            failure = Unknown(reason, "external", is_impatience=is_impatience)
        else:
            failure, self.unsent = Unavailable(reason, is_impatience=is_impatience), None
        self.future.set_exception(failure)

    def is_usable(self, now: float) -> bool:
        """Whether nothing happened to the connection while it was idle: no end, no bytes nobody asked for."""
        idle_s = now - self.idle_since
        if self.transport.is_closing() or idle_s > IDLE_S_MAX:
            return False
        return idle_s < IDLE_S_TRUSTED or not self.poll.poll(0)

    def abort(self) -> None:
        """Closes at once."""
        self.may_be_kept = False
        self.transport.abort()

    # ------------------------------------------------ called by the event loop

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        transport.set_write_buffer_limits(0)

    def resume_writing(self) -> None:
        if self.sending:
            self.sending.cancel()
            self.sending = None

    def data_received(self, data: bytes) -> None:
        if self.future is None or self.unsent is not None or self.future.done():
            self.abort()
            return
        if self.parser is None:
            response = whole_answers.read(data) if len(data) <= self.body_bytes_max else None
            if response is not None:
                self.may_be_kept = not self.transport.get_write_buffer_size()
                self.future.set_result(response)
                return
            self.begin_reading()
        if not self.headers_complete:
            self.head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except Exception as error:
            self.may_be_kept = False
            self.fail(f"unreadable answer: {type(error).__name__}")
        if self.head_bytes > HEADERS_BYTES_MAX + self.body_bytes:
            self.fail("the answer's headers are too large")

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer:
            self.timer.cancel()
        self.fail("connection reset" if exc else "connection closed before the answer was complete")

    # --------------------------------------------------- called by the parser

    def begin_reading(self) -> None:
        """An answer in several pieces, or of another form."""
        self.parser = httptools.HttpResponseParser(self)
        self.headers: dict[bytes, bytes] = {}
        self.parts: list[bytes] = []
        self.body_bytes = self.head_bytes = 0
        self.headers_complete = False

    def on_message_begin(self) -> None:
        self.headers.clear()
        self.headers_complete = False
        if self.future is None or self.future.done():
            self.may_be_kept = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self.headers_complete = True
        length = self.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > self.body_bytes_max:
            self.fail("the answer is too large")

    def on_body(self, body: bytes) -> None:
        self.body_bytes += len(body)
        if self.body_bytes > self.body_bytes_max:
            self.fail("the answer is too large")
        elif self.future and not self.future.done():
            self.parts.append(body)

    def on_message_complete(self) -> None:
        status = self.parser.get_status_code()
        if status < 200 or self.future is None or self.future.done():
            return
        self.may_be_kept = self.parser.should_keep_alive() and not self.transport.get_write_buffer_size()
        self.future.set_result(Response(status, self.text(ERROR_CLASS), self.text(ERROR_REASON), b"".join(self.parts)))

    def text(self, name: str) -> str:
        """A header as text, "" when it is missing."""
        return self.headers.get(name.encode(), b"").strip(b" \t").decode("latin-1")
