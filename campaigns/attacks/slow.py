"""Clients that hold what they never use: heads and bodies that drip, answers nobody reads."""

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from campaigns import wire
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import INSIDE, Tally
from campaigns.ground import Ground
from rpc.services import BY_NAME
from rpc.statuses import CONTENT_TYPE

JSON = "application/json; charset=utf-8"
ENVIRONMENT = {
    "CAPI_SERVING_HEADER_TIMEOUT_S": "2",
    "CAPI_SERVING_BODY_TIMEOUT_S": "4",
    "CAPI_GATEWAY_BODY_READ_TIMEOUT_MS": "2000",
}
CLIENTS_A_FORM = 25
DRIP_S, GIVEN_UP_AFTER_S, HONEST_S_MAX = 0.5, 9.0, 5.0


class Client(NamedTuple):
    """`whose`: version or what else is attacked."""

    whose: str
    what: str
    connection: socket.socket


def run(scenes: Sequence[Scene], dice: Random, scale: float) -> Iterator[Tally]:
    """All of them at once, each byte in its time; honest requests in between. Accepted: not ended in time."""
    clients = [client for scene in scenes for client in of_version(scene, scale)]
    clients += inside(scenes[0].place, scale)
    ends = time.monotonic() + GIVEN_UP_AFTER_S
    ended: dict[int, int] = {}
    while time.monotonic() < ends and len(ended) < len(clients):
        time.sleep(DRIP_S)
        for number, (_, what, connection) in enumerate(clients):
            if number not in ended and (status := after_another_byte(connection, "nothing" in what)) is not None:
                ended[number] = status
    tallies = {whose: Tally("slow clients", whose) for whose, _, _ in clients}
    for number, (whose, what, connection) in enumerate(clients):
        status = ended.get(number, wire.NOTHING)
        tallies[whose].count(what, status, number not in ended or 200 <= status < 300)
        connection.close()
    for scene in scenes:
        honest(scene, tallies[scene.version.name])
    yield from tallies.values()


def of_version(scene: Scene, scale: float) -> list[Client]:
    """At both gateways of a version."""
    version, owner = scene.version, scene.owner
    merchant, card = scene.operation("createInvoice"), scene.operation(version.row.create_card)
    return [
        *slow_ones(scene.place, version.name, version.gateway, merchant.path, JSON, owner.api.token, scale),
        *slow_ones(scene.place, version.name, version.tokens_gateway, card.path, JSON, owner.invoice_token, scale),
    ]


def inside(place: Ground, scale: float) -> list[Client]:
    """At the platform."""
    return [
        client
        for name, service in (("PROCESSING", "invoicing"), ("VAULT", "vault"))
        for client in slow_ones(place, INSIDE, name, BY_NAME[service].path, CONTENT_TYPE, place.api.token, scale)
    ]


def slow_ones(place: Ground, whose: str, name: str, path: str, kind: str, token: str, scale: float) -> Iterator[Client]:
    """Some of each form, at one process."""
    for what, data in forms(path, kind, token).items():
        for _ in range(max(int(CLIENTS_A_FORM * scale), 2)):
            yield Client(whose, f"{name}, {what}", opened(place.port(name), data))


def forms(path: str, kind: str, token: str) -> dict[str, bytes]:
    """What a client has said when it becomes slow."""
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Request-ID: slow\r\nAuthorization: Bearer {token}\r\n".encode()
    body = f"Content-Type: {kind}\r\n".encode()
    return {
        "nothing sent": b"",
        "half a request line": f"POST {path[:8]}".encode(),
        "half a head": head + b"X-More: ",
        "no body": head + body + b"Content-Length: 1000\r\n\r\n",
        "half a body": head + body + b'Content-Length: 1000\r\n\r\n{"a":',
        "half a chunk": head + body + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
    }


def honest(scene: Scene, tally: Tally) -> None:
    """While connections that nobody reads are open, others are served in time."""
    data, port = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" * 200, scene.place.port(scene.version.gateway)
    greedy = [opened(port, data) for _ in range(20)]
    began = time.monotonic()
    status = scene.asker.ask(scene.version.row.me, scene.owner.api.token).status
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
