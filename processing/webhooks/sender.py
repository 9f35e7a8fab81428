"""One POST to a receiver that may be slow, broken or hostile.

Connects to an address that was checked, with the name's own Host and SNI; follows no redirect, uses no proxy, keeps no
connection, decodes nothing. Each step has a time limit and all of them together have one. Of the answer only the status
and Retry-After count: its head is read up to a bound; then a little more, so that an honest receiver can finish its
sentence.
"""

import re
import socket
import ssl
import time
from contextlib import suppress
from typing import NamedTuple

from processing.webhooks import addresses, resolving
from processing.webhooks.addresses import AddressRefused, IpAddress, Target
from settings.sections import Webhooks

STEPS = 3
"""Connect, send, read: all together may take as long as each of them at its worst."""

FINAL = 200
HEAD_BYTES_MAX = 65536
INTERIM_ANSWERS_MAX = 8
READ_BYTES = 16384
LINGER_S_MAX = 0.5
USER_AGENT = "common-api-webhooks/2"

HEAD_END = re.compile(rb"\r?\n\r?\n")
HEAD_END_BYTES_MAX = 4
RETRY_AFTER = re.compile(rb"\nretry-after:[ \t]*([0-9]{1,9})[ \t]*\r?\n", re.IGNORECASE)
"""In seconds; the form with a date (RFC 9110, 10.2.3) is taken for none: receivers' clocks are not ours."""

CONTENT_LENGTH = re.compile(rb"\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r?\n", re.IGNORECASE)
BODILESS = frozenset({204, 304})

STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")


class Answer(NamedTuple):
    """`status` None: no answer came, `error` says why. `retry_after_s`: the receiver asks to be left alone for so long.

    What a status means is for the kind of the hook to say.
    """

    status: int | None
    error: str | None
    duration_ms: int
    retry_after_s: int | None = None


class Head(NamedTuple):
    """Of a final answer. `body_left`: bytes of its body that have not come yet; None where it does not say."""

    status: int
    retry_after_s: int | None
    body_left: int | None


class NoAnswer(Exception):
    """The sentence says at which step it ended."""


class TimeLeft:
    """What a step may take: no longer than a step may, no longer than is left of all."""

    def __init__(self, step_s: float, total_s: float) -> None:
        self._step_s = step_s
        self._end = time.monotonic() + total_s

    def for_step(self) -> float:
        """Seconds. Raises TimeoutError when all time is used up."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, self._step_s)


class Sender:
    """Posts messages. `lookup` and `tls` are the system's; tests bring their own."""

    def __init__(
        self,
        rules: Webhooks,
        *,
        lookup: resolving.Lookup = resolving.system_lookup,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._lookup = lookup
        self._tls = tls or ssl.create_default_context()

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Sends once. Never raises for what a receiver, a resolver or a network does."""
        begun = time.monotonic()
        head, error = None, None
        try:
            head = self._exchange(url, body, headers)
        except (AddressRefused, resolving.NameUnresolved, NoAnswer) as failure:
            error = str(failure)
        duration_ms = round((time.monotonic() - begun) * 1000)
        return Answer(None, error, duration_ms) if head is None else Answer(head.status, None, duration_ms, head[1])

    def _exchange(self, url: str, body: bytes, headers: dict[str, str]) -> Head:
        step_s = self._rules.timeout_ms / 1000
        left = TimeLeft(step_s, step_s * STEPS)
        target = addresses.parse(url, self._rules)
        found = resolving.resolve(target, self._rules, left.for_step(), self._lookup)
        connection = connect(found, target.port, left)
        try:
            if target.scheme == "https":
                connection = secured(connection, self._tls, target.host, left)
            send_all(connection, request(target, body, headers), left)
            head = read_answer(connection, left)
            bytes_max = self._rules.answer_bytes_max
            linger(connection, bytes_max if head.body_left is None else min(head.body_left, bytes_max))
        finally:
            connection.close()
        return head


def connect(found: list[IpAddress], port: int, left: TimeLeft) -> socket.socket:
    """A connection to the first of the addresses that takes one. Raises NoAnswer."""
    failure: Exception | None = None
    for address in found:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        connection = None
        try:
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.settimeout(left.for_step())
            connection.connect((str(address), port))
        except OSError as refused:
            failure = refused
            if connection is not None:
                connection.close()
        else:
            return connection
    why = "in time" if isinstance(failure, TimeoutError) else "by the receiver"
    raise NoAnswer(f"The connection was not accepted {why}") from failure


def secured(connection: socket.socket, tls: ssl.SSLContext, host: str, left: TimeLeft) -> ssl.SSLSocket:
    """The connection within TLS, the certificate checked against the host. Raises NoAnswer; closed then."""
    wrapped = tls.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
    try:
        wrapped.settimeout(left.for_step())
        wrapped.do_handshake()
    except (OSError, ValueError) as failure:
        wrapped.close()
        raise NoAnswer(tls_failure(failure)) from failure
    return wrapped


def tls_failure(failure: Exception) -> str:
    """Why there is no TLS, as a sentence."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"The receiver's certificate was not accepted: {failure.verify_message}"
    return "TLS was not agreed on in time" if isinstance(failure, TimeoutError) else "TLS was not agreed on"


def request(target: Target, body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of the POST."""
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        f"User-Agent: {USER_AGENT}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def send_all(connection: socket.socket, data: bytes, left: TimeLeft) -> None:
    """Raises NoAnswer. A receiver that answers before it has read all gets no more, and its answer is read."""
    rest = memoryview(data)
    try:
        while rest:
            connection.settimeout(left.for_step())
            rest = rest[connection.send(rest) :]
    except (BrokenPipeError, ConnectionResetError):
        return
    except TimeoutError as failure:
        raise NoAnswer("The receiver did not take the message in time") from failure
    except OSError as failure:
        raise NoAnswer("The connection broke while the message was sent") from failure


def read_answer(connection: socket.socket, left: TimeLeft) -> Head:
    """What the final answer says. Raises NoAnswer."""
    received = bytearray()
    # An interim answer has a head and no body; the final one follows (RFC 9110, 15.2).
    for _ in range(INTERIM_ANSWERS_MAX):
        head = read_head(connection, received, left)
        line = STATUS_LINE.match(head)
        if line is None:
            raise NoAnswer("The answer is not HTTP")
        status = int(line[1])
        if status >= FINAL:
            length = 0 if status in BODILESS else number_in(CONTENT_LENGTH, head)
            body_left = None if length is None else max(0, length - len(received))
            return Head(status, number_in(RETRY_AFTER, head), body_left)
    raise NoAnswer("The answer is never final")


def read_head(connection: socket.socket, received: bytearray, left: TimeLeft) -> bytes:
    """Takes a head out of what was received, receiving more as needed. Raises NoAnswer."""
    searched = 0
    while not (end := HEAD_END.search(received, searched)):
        if len(received) > HEAD_BYTES_MAX:
            raise NoAnswer("The head of the answer has no end")
        searched = max(0, len(received) - HEAD_END_BYTES_MAX)
        received += _some(connection, left)
    head = bytes(received[: end.end()])
    del received[: end.end()]
    return head


def number_in(field: re.Pattern[bytes], head: bytes) -> int | None:
    """The field's number, where the head has it."""
    said = field.search(head)
    return int(said[1]) if said else None


def linger(connection: socket.socket, bytes_max: int) -> None:
    """Takes a little of what follows the head: closing at once would look like a broken connection over there.

    Nothing more than the body: some keep the connection open behind it, whatever they were asked for.
    """
    end = time.monotonic() + LINGER_S_MAX
    with suppress(OSError, ValueError):
        while bytes_max > 0 and (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            taken = len(connection.recv(min(READ_BYTES, bytes_max)))
            if not taken:
                return
            bytes_max -= taken


def _some(connection: socket.socket, left: TimeLeft) -> bytes:
    try:
        connection.settimeout(left.for_step())
        data = connection.recv(READ_BYTES)
    except TimeoutError as failure:
        raise NoAnswer("No answer came in time") from failure
    except OSError as failure:
        raise NoAnswer("The connection broke before an answer came") from failure
    if not data:
        raise NoAnswer("The connection was closed before an answer came")
    return data
