"""One HTTP/1.1 connection: bytes in, exchanges with the application out.

The parser is llhttp (through httptools), which is strict and comes as a wheel; gunicorn's own C parser needs a
compiler, takes a Content-Length modulo 2^64 and holds headers of any size. What llhttp leaves open is decided here:
sizes, times, Host, Transfer-Encoding. A request that is refused here never reaches the application; the service gives
the answer's body.
"""

import asyncio
from collections import deque
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from serving import usual_heads
from serving.exchange import Exchange
from serving.request_rules import HTTP_1_1, Broken, judge, target
from telemetry import log, metrics

BUFFERED_BYTES_MAX = 262_144
LINGER_S = 2.0
REFUSED = metrics.counter("http_broken_requests", "Requests refused before the application saw them", ("status",))

HEADS_LEARNT_MAX = 8
"""A connection that a proxy fills with the requests of many callers has no usual head: then none is looked for."""

IDLE, HEAD, BODY, ANSWERING, LINGERING = "idle", "head", "body", "answering", "lingering"


class Connection(asyncio.Protocol):
    """Reads requests one after another; those sent ahead of their turn wait, and nothing more is read meanwhile."""

    def __init__(self, worker: Any) -> None:
        self.worker, self.limits, self.loop, self.outbox = worker, worker.limits, worker.loop, worker.outbox
        self.parser = HttpRequestParser(self)
        self.transport: asyncio.Transport | None = None
        self.state, self.since = HEAD, self.loop.time()
        self.exchange: Exchange | None = None
        self.reading: Exchange | None = None
        self.ahead: deque[Exchange] = deque()
        self.is_paused = self.is_deaf = self.is_replaying = False
        self.is_between = True
        self.usual: usual_heads.UsualHead | None = None
        self.learnt = 0
        self.skipped_framing = b""
        self.writable: asyncio.Future[None] | None = None
        self.url, self.headers = b"", []
        self.unfinished_bytes = self.progress = 0
        self.server = self.client = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Counts the connection; one too many is answered and closed."""
        self.transport = transport
        self.server, self.client = (address(transport, name) for name in ("sockname", "peername"))
        self.worker.connections.add(self)
        if len(self.worker.connections) > self.limits.connections_max:
            self.refuse(Broken(503, "too many connections"))

    def connection_lost(self, error: Exception | None) -> None:
        """Tells the application, which may go on: an order is not undone because nobody waits for the answer."""
        self.worker.connections.discard(self)
        self.release_writers()
        for exchange in (self.exchange, self.reading, *self.ahead):
            if exchange is not None:
                exchange.lose()
        self.exchange = self.reading = None
        self.ahead.clear()

    def data_received(self, data: bytes) -> None:
        """Feeds the parser; an `Upgrade` that nobody here speaks is passed over (RFC 9110, 7.8)."""
        if self.is_deaf:
            return
        is_next = self.state is IDLE and self.is_between
        if is_next and self.usual is not None and self.begin_usual(data):
            return
        if self.state is IDLE:
            self.state, self.since = HEAD, self.loop.time()
        progress = self.progress
        try:
            while data:
                try:
                    self.parser.feed_data(data)
                    break
                except HttpParserUpgrade as upgrade:
                    data = data[upgrade.args[0] :]
                    self.read_body_anew()
            self.bound_unfinished(0 if self.progress != progress else len(data))
            if is_next and self.learnt < HEADS_LEARNT_MAX:
                self.learn(data)
        except HttpParserError as error:
            cause = error.__context__
            self.refuse(cause if isinstance(cause, Broken) else Broken(400, str(error)))
        except Broken as broken:
            self.refuse(broken)

    def eof_received(self) -> bool:
        """A caller who has sent all it will: it still gets the answers to what it asked."""
        if self.exchange is None or self.reading is not None:
            return False
        (self.ahead[-1] if self.ahead else self.exchange).keep_alive = False
        return True

    def pause_writing(self) -> None:
        """The caller reads more slowly than the application writes: nothing more is read from it either.

        But for a body on its way: whoever sends it may read only afterwards.
        """
        self.writable = self.loop.create_future()
        if self.reading is None:
            self.pause_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.release_writers()
        self.resume_reading()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.is_between = False
        self.url, self.headers = b"", []

    def on_url(self, part: bytes) -> None:
        """The target, perhaps in parts."""
        self.progress += 1
        self.url += part
        if len(self.url) > self.limits.request_line_bytes_max:
            raise Broken(414, "request line too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header line."""
        self.progress += 1
        self.headers.append((name.lower(), value))
        if len(self.headers) > self.limits.header_fields_max:
            raise Broken(431, "too many header lines")
        if len(name) + len(value) > self.limits.header_field_bytes_max:
            raise Broken(431, "header line too long")

    def on_headers_complete(self) -> None:
        """The request can be judged and begun; its body may still be on the way."""
        self.progress += 1
        parser = self.parser
        if self.is_replaying:
            self.is_replaying, self.headers = False, []
            return
        version = parser.get_http_version()
        expects_continue, framing = judge(version, self.headers)
        self.skipped_framing = framing if parser.should_upgrade() else b""
        method, keep_alive = parser.get_method().decode("ascii"), parser.should_keep_alive()
        path, _, query = target(self.url).partition(b"?")
        exchange = Exchange(self, version, method, path, query, self.headers, keep_alive, expects_continue)
        self.reading, self.headers = exchange, []  # what still comes under this name are trailers, which nobody reads
        if self.exchange is None:
            self.begin(exchange)
        else:
            self.ahead.append(exchange)
            self.pause_reading()

    def on_body(self, part: bytes) -> None:
        """A part of the body, without the framing."""
        self.progress += 1
        self.reading.feed(part)
        if self.reading.buffered_bytes > BUFFERED_BYTES_MAX:
            self.pause_reading()

    def on_message_complete(self) -> None:
        """The request has come whole; or the parser thinks so, because it takes what follows for another protocol."""
        self.progress += 1
        if self.skipped_framing:
            return
        exchange, self.reading = self.reading, None
        self.is_between = True
        exchange.complete()
        if self.writable is not None:
            self.pause_reading()
        if self.state is BODY:
            self.state = ANSWERING

    # Requests with the head that this connection usually has (`usual_heads`).

    def begin_usual(self, data: bytes) -> bool:
        """Begins the request that `data` is, if it is one whole and has the usual head."""
        usual = self.usual
        found = usual_heads.read(usual, data)
        if found is None:
            return False
        named, body = found
        self.unfinished_bytes = self.learnt = 0
        exchange = Exchange(
            self,
            HTTP_1_1,
            usual.method,
            usual.path,
            usual.query,
            named.items(),
            keep_alive=True,
            named=named,
            usual=usual,
            chunks=[body],
            buffered_bytes=len(body),
            is_complete=True,
        )
        self.begin(exchange)
        return True

    def learn(self, data: bytes) -> None:
        """Remembers the head of a request that came whole and alone."""
        exchange = self.exchange
        is_alone = self.is_between and exchange is not None and exchange.is_complete and not self.ahead
        if is_alone and exchange.version == HTTP_1_1 and exchange.keep_alive:
            self.learnt += 1
            self.usual = usual_heads.known(data, exchange.method, exchange.raw_path, exchange.query, exchange.headers)

    # What exchanges call.

    def finished(self, exchange: Exchange) -> None:
        """An answer is written whole: the next request's turn, or the end."""
        if exchange is not self.exchange:
            return
        self.exchange = None
        if not exchange.keep_alive or not self.worker.alive:
            self.linger() if self.reading or self.ahead else self.close()
        elif self.ahead:
            self.begin(self.ahead.popleft())
            self.resume_reading()
        else:
            self.state, self.since = IDLE, self.loop.time()
            if self.is_paused:
                self.resume_reading()

    def resume_reading(self) -> None:
        """Reads on, unless a request already waits for its turn, or an answer for its reader."""
        if self.is_paused and not self.ahead and (self.writable is None or self.reading or self.is_deaf):
            self.is_paused = False
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Writes at once, behind what still waits."""
        self.outbox.flush()
        self.transport.write(data)

    # What the worker calls.

    def sweep(self, now: float) -> None:
        """Closes a connection that takes too long over whatever it is at; called every second."""
        limits = self.limits
        longest = {
            IDLE: limits.keepalive_s,
            HEAD: limits.header_timeout_s,
            BODY: limits.body_timeout_s,
            LINGERING: LINGER_S,
        }
        if now - self.since > longest.get(self.state, now):
            self.transport.abort() if self.transport.get_write_buffer_size() else self.close()

    def close_if_idle(self) -> None:
        """Closes the connection unless a request of it is being answered."""
        if self.exchange is None:
            self.close()

    # Its own.

    def close(self) -> None:
        """Closes the connection, with its last answer written."""
        self.outbox.flush()
        self.transport.close()

    def release_writers(self) -> None:
        """Whoever waits to write goes on."""
        if self.writable is not None and not self.writable.done():
            self.writable.set_result(None)
        self.writable = None

    def begin(self, exchange: Exchange) -> None:
        """Gives the application its turn."""
        self.exchange = exchange
        self.state, self.since = (ANSWERING if exchange.is_complete else BODY), self.loop.time()
        worker = self.worker
        worker.at_work.add(exchange)
        work = worker.direct and worker.direct(exchange)
        if work:
            worker.runs.begin(exchange.run(work))
        else:
            work = worker.asgi(exchange.scope(), exchange.receive, exchange.send)
            exchange.task = self.loop.create_task(exchange.run(work))

    def read_body_anew(self) -> None:
        """After an `Upgrade` with a body (HTTP/2 clients begin so): the parser skips the body, a fresh one reads it."""
        if not self.skipped_framing:
            return
        framing, self.skipped_framing = self.skipped_framing, b""
        self.parser, self.is_replaying = HttpRequestParser(self), True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % framing)

    def bound_unfinished(self, size: int) -> None:
        """Bytes of a line that does not end are held by the parser: they are counted, and bounded."""
        self.unfinished_bytes = self.unfinished_bytes + size if size else 0
        if self.unfinished_bytes > self.limits.header_field_bytes_max:
            raise Broken(431, "a line that does not end")

    def pause_reading(self) -> None:
        """Takes no more from the socket."""
        if not self.is_paused:
            self.is_paused = True
            self.transport.pause_reading()

    def refuse(self, broken: Broken) -> None:
        """Answers in place of the application: at once, or not at all where another answer is under way."""
        REFUSED.labels(str(broken.status)).inc()
        log.warning("http.broken", status=broken.status, reason=str(broken), client=self.client and self.client[0])
        self.is_deaf = True
        self.ahead.clear()
        exchange, is_its_own = self.exchange, self.exchange is self.reading
        if exchange is not None and not is_its_own:
            exchange.keep_alive = False
            return
        if exchange is not None:
            exchange.lose()
            self.exchange = None
        if exchange is None or not exchange.is_started:
            self.write(Exchange.whole_answer(broken.status, *self.worker.error_answer(broken.status)))
        self.linger()

    def linger(self) -> None:
        """Ends the connection so that the answer arrives: what still comes in is read and dropped for a moment.

        Closing a socket with unread input resets it, and a reset may overtake the answer.
        """
        self.is_deaf = True
        self.state, self.since = LINGERING, self.loop.time()
        self.ahead.clear()
        self.outbox.flush()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.resume_reading()


def address(transport: asyncio.Transport, name: str) -> tuple[str, int] | None:
    """Host and port of one end."""
    found = transport.get_extra_info(name)
    return (found[0], found[1]) if isinstance(found, tuple) else None
