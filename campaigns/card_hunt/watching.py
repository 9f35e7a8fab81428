"""What can be seen of a system from outside its processes: calls between them, webhooks, metrics, files, tables."""

import contextlib
import socket
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from tests.end_to_end.running import PORTS, System

VAULT_CALL = b"POST /v1/vault "


class Tap:
    """A relay on a loopback port that keeps what passes. `target`: the real port."""

    def __init__(self, port: int, target: int) -> None:
        self.target = target
        self.seen: list[bytearray] = []
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.target), 10)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                kept = bytearray()
                self.seen.append(kept)
                for one, other in ((near, far), (far, near)):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=relay, args=(one, other, kept), daemon=True).start()

    def captured(self) -> bytes:
        """Everything that passed, but for connections that brought cards to the vault: those must carry them."""
        return b"\n\0\n".join(bytes(kept) for kept in list(self.seen) if not kept.startswith(VAULT_CALL))

    def close(self) -> None:
        """Takes no more connections."""
        self.listener.close()


def relay(one: socket.socket, other: socket.socket, kept: bytearray) -> None:
    """Bytes one way until either side ends."""
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            kept += data
            other.sendall(data)
    for each in (one, other):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


class Receiver:
    """A merchant's receiver of webhooks that keeps heads and bodies."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.seen.append(self.path.encode() + b"\n" + bytes(self.headers) + b"\n" + body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keeps quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def captured(self) -> bytes:
        """Everything received."""
        return b"\n".join(self.seen)


def metrics(system: System) -> bytes:
    """What every process says of itself."""
    found = []
    for name in PORTS:
        for path in ("/metrics", "/health", "/ready"):
            with contextlib.suppress(requests.RequestException):
                found.append(requests.get(system.url(name) + path, timeout=10).content)
    return b"\n".join(found)


def files(state: Path) -> Iterator[tuple[str, Path]]:
    """(what it is, file) for everything that the system wrote."""
    for path in sorted(state.rglob("*")):
        if path.is_file():
            folder = path.relative_to(state).parts[0]
            owner = path.name.partition(".")[0]
            kind = {"data": f"files of {owner} database, WAL too", "logs": "logs, crash output, traces"}
            yield kind.get(folder, f"files in {folder}"), path


def tables(database: Path) -> Iterator[tuple[str, bytes]]:
    """(table, every value in it as bytes) of a database."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            rows = connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - the database's own names
            values = (value for row in rows for value in row if value is not None)
            yield name, b"\n~\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
