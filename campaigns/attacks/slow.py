"""Clients that hold what they never use: heads and bodies that drip, answers nobody reads."""

import contextlib
import socket
import time
from random import Random

from campaigns import wire
from campaigns.attacks.tally import Tally
from campaigns.ground import Ground
from rpc.services import BY_NAME
from rpc.statuses import CONTENT_TYPE

ENVIRONMENT = {
    "CAPI_SERVING_HEADER_TIMEOUT_S": "2",
    "CAPI_SERVING_BODY_TIMEOUT_S": "4",
    "CAPI_GATEWAY_BODY_READ_TIMEOUT_MS": "2000",
}
PATHS = {
    "GATEWAY_V2": ("/v2/processing/invoices", "application/json; charset=utf-8"),
    "GATEWAY_V2_TOKENS": ("/v2/processing/payment-resources", "application/json; charset=utf-8"),
    "PROCESSING": (BY_NAME["invoicing"].path, CONTENT_TYPE),
    "VAULT": (BY_NAME["vault"].path, CONTENT_TYPE),
}
CLIENTS_A_FORM = 25
DRIP_S, GIVEN_UP_AFTER_S, HONEST_S_MAX = 0.5, 9.0, 5.0


def forms(name: str, token: str) -> dict[str, bytes]:
    """What a client has said when it becomes slow."""
    path, kind = PATHS[name]
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Request-ID: slow\r\nAuthorization: Bearer {token}\r\n".encode()
    body = f"Content-Type: {kind}\r\n".encode()
    return {
        "nothing sent": b"",
        "half a request line": b"POST /v2/proc",
        "half a head": head + b"X-More: ",
        "no body": head + body + b"Content-Length: 1000\r\n\r\n",
        "half a body": head + body + b'Content-Length: 1000\r\n\r\n{"a":',
        "half a chunk": head + body + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
    }


def run(place: Ground, dice: Random, scale: float) -> Tally:
    """All of them at once, each byte in its time; honest requests in between. Accepted: not ended in time."""
    tally = Tally("slow clients")
    payer = place.api.invoice()["invoiceAccessToken"]["payload"]
    clients = [
        (f"{name}, {what}", opened(place.port(name), data))
        for name in PATHS
        for what, data in forms(name, payer if name.endswith("TOKENS") else place.api.token).items()
        for _ in range(max(int(CLIENTS_A_FORM * scale), 2))
    ]
    ends = time.monotonic() + GIVEN_UP_AFTER_S
    ended: dict[int, int] = {}
    while time.monotonic() < ends and len(ended) < len(clients):
        time.sleep(DRIP_S)
        for number, (what, connection) in enumerate(clients):
            if number not in ended and (status := after_another_byte(connection, "nothing" in what)) is not None:
                ended[number] = status
    for number, (what, connection) in enumerate(clients):
        tally.count(what, ended.get(number, wire.NOTHING), number not in ended or 200 <= ended[number] < 300)
        connection.close()
    honest(place, tally)
    return tally


def honest(place: Ground, tally: Tally) -> None:
    """While connections that nobody reads are open, others are served in time."""
    greedy = [opened(place.port("GATEWAY_V2"), b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" * 200) for _ in range(20)]
    began = time.monotonic()
    status = place.api.call("GET", "/processing/me").status_code
    is_late = time.monotonic() - began > HONEST_S_MAX
    tally.count("an honest request among them", wire.NOTHING, status != 200 or is_late)
    for connection in greedy:
        connection.close()


def opened(port: int, data: bytes) -> socket.socket:
    """A connection that has said this much."""
    connection = socket.create_connection(("127.0.0.1", port), 5)
    with contextlib.suppress(OSError):
        connection.sendall(data)
    connection.setblocking(False)
    return connection


def after_another_byte(connection: socket.socket, is_silent: bool) -> int | None:
    """The status once the server has ended it, `NOTHING` when it did without a word; None while it waits."""
    try:
        said = connection.recv(65536)
        return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/") else wire.NOTHING
    except BlockingIOError:
        pass
    except OSError:
        return wire.NOTHING
    if not is_silent:
        try:
            connection.send(b"a")
        except OSError:
            return wire.NOTHING
    return None
