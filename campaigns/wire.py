"""HTTP as bytes: requests that no client library would send, and everything that comes back. Knows no API."""

import contextlib
import json
import socket
from collections.abc import Iterable
from typing import Any, NamedTuple

TIMEOUT_S = 20.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024
NOTHING = 0
"""The status of an answer that did not come: the connection was closed, or stayed silent."""


class Answer(NamedTuple):
    """`headers`: the head as it came. `is_last`: whether the server said that it closes."""

    status: int
    headers: bytes
    body: bytes
    is_last: bool = True

    def json(self) -> Any:
        """The body, decoded; None where there is none."""
        return json.loads(self.body) if self.body else None

    def header(self, name: str) -> str | None:
        """A header's value; None where there is none."""
        for line in self.headers.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return None


def request(
    method: str, target: str | bytes, headers: Iterable[tuple[str, str | bytes]] = (), body: bytes = b""
) -> bytes:
    """A request as bytes; nothing is checked, only Host and the length of a body are added unless they are given."""
    given = [(name, value if isinstance(value, bytes) else value.encode()) for name, value in headers]
    names = {name.lower() for name, _ in given}
    if "host" not in names:
        given.insert(0, ("Host", b"127.0.0.1"))
    if (body or method not in ("GET", "DELETE")) and not names & {"content-length", "transfer-encoding"}:
        given.append(("Content-Length", str(len(body)).encode()))
    path = target if isinstance(target, bytes) else target.encode()
    lines = b"".join(b"%b: %b\r\n" % (name.encode(), value) for name, value in given)
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method.encode(), path, lines, body)


class Line:
    """One kept connection to a loopback port; opened anew when the server has closed it. For one thread."""

    def __init__(self, port: int, timeout_s: float = TIMEOUT_S) -> None:
        self.port, self.timeout_s = port, timeout_s
        self.socket: socket.socket | None = None

    def ask(self, data: bytes) -> Answer:
        """The answer to one request. `NOTHING` when none came in time or the connection broke twice."""
        for _ in range(2):
            was_kept = self.socket is not None
            try:
                answer = self._ask(data)
            except OSError:
                answer = Answer(NOTHING, b"", b"")
            if answer.is_last:
                self.close()
            if answer.status != NOTHING or not was_kept:
                return answer
        return answer

    def _ask(self, data: bytes) -> Answer:
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), self.timeout_s)
        # A server may refuse before it has read everything: its answer is there though sending failed.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)
        answer, _ = read_answer(self.socket, b"")
        return answer

    def close(self) -> None:
        """Lets the connection go."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def read_answer(connection: socket.socket, data: bytes) -> tuple[Answer, bytes]:
    """One answer from a connection, and what came behind it. `data`: what was read already."""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return Answer(NOTHING, data, b""), b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    status = int(head.split(b" ", 2)[1])
    length = min(int(fields.get(b"content-length", b"0")), ANSWER_BYTES_MAX)
    while len(rest) < length:
        more = connection.recv(65536)
        if not more:
            break
        rest += more
    is_last = fields.get(b"connection", b"").strip() == b"close"
    return Answer(status, head, rest[:length], is_last), rest[length:]


def answers(port: int, data: bytes, timeout_s: float = TIMEOUT_S, quiet_s: float = 0.3) -> list[Answer]:
    """Everything that a server says to some bytes, until it closes or says no more for `quiet_s`."""
    found: list[Answer] = []
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        rest = b""
        while len(found) < 10:
            answer, rest = read_answer(connection, rest)
            if answer.status == NOTHING:
                break
            found.append(answer)
            connection.settimeout(quiet_s)
    return found
