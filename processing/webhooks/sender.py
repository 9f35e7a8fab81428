"""One POST to a receiver that may be slow, broken or hostile.

Connects to an address that was checked, with the name's own Host and SNI; follows no redirect, uses no proxy, keeps no
connection, decodes nothing. Each step has a time limit and all of them together have one. Of the answer only the status
counts: its head is read up to a bound; then a little more, so that an honest receiver can finish its sentence.
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

SUCCESS = 200
HEAD_BYTES_MAX = 65536
INTERIM_ANSWERS_MAX = 8
READ_BYTES = 16384
LINGER_S_MAX = 0.5
USER_AGENT = "common-api-webhooks/2"

HEAD_END = re.compile(rb"\r?\n\r?\n")
HEAD_END_BYTES_MAX = 4
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")


class Answer(NamedTuple):
    """`status` None: no answer came; `error` says why, or that the status is none of success."""

    status: int | None
    error: str | None
    duration_ms: int

    @property
    def is_success(self) -> bool:
        """HTTP 200 exactly: another status, a redirect among them, means that nobody took the message."""
        return self.status == SUCCESS


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
        status, error = None, None
        try:
            status = self._exchange(url, body, headers)
            error = None if status == SUCCESS else f"The answer was {status}, not {SUCCESS}"
        except (AddressRefused, resolving.NameUnresolved, NoAnswer) as failure:
            error = str(failure)
        return Answer(status, error, round((time.monotonic() - begun) * 1000))

    def _exchange(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        step_s = self._rules.timeout_ms / 1000
        left = TimeLeft(step_s, step_s * STEPS)
        target = addresses.parse(url, self._rules)
        found = resolving.resolve(target, self._rules, left.for_step(), self._lookup)
        connection = connect(found, target.port, left)
        try:
            if target.scheme == "https":
                connection = secured(connection, self._tls, target.host, left)
            send_all(connection, request(target, body, headers), left)
            status = read_status(connection, left)
            linger(connection, self._rules.answer_bytes_max)
        finally:
            connection.close()
        return status


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


def read_status(connection: socket.socket, left: TimeLeft) -> int:
    """The status of the final answer. Raises NoAnswer."""
    received = bytearray()
    # An interim answer has a head and no body; the final one follows (RFC 9110, 15.2).
    for _ in range(INTERIM_ANSWERS_MAX):
        head = read_head(connection, received, left)
        line = STATUS_LINE.match(head)
        if line is None:
            raise NoAnswer("The answer is not HTTP")
        status = int(line[1])
        if status >= SUCCESS:
            return status
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


def linger(connection: socket.socket, bytes_max: int) -> None:
    """Takes a little of what follows the head: closing at once would look like a broken connection over there."""
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
