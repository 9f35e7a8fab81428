"""A small application served by the real server, for tests: `python tests/serving/served_app.py [port]`."""

import asyncio
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote_to_bytes

from serving import serve
from serving.probes import with_probes

CAT = b" /\\_/\\ "


async def read_all(receive):
    """The whole body; None when the caller went away."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message["body"]
        if not message["more_body"]:
            return body


async def answer(send, status, body, headers=(), parts=None):
    """Sends an answer, in one part or several."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    for part in parts or ():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": body})


async def echo(scope, receive, send):
    """What came in: headers as text when asked, else the body."""
    body = await read_all(receive)
    if body is None:
        return
    await answer(send, 200, body, [(b"content-length", str(len(body)).encode())])


async def show(scope, receive, send):
    """The request as the application sees it."""
    headers = " ".join(f"{name.decode()}={value.decode('latin-1')}" for name, value in scope["headers"])
    await answer(
        send, 200, f"{scope['method']} {scope['path']} ? {scope['query_string'].decode()} | {headers}".encode()
    )


async def slow(scope, receive, send):
    """Takes its time."""
    await asyncio.sleep(0.8)
    await answer(send, 200, b"slow")


async def crash(scope, receive, send):
    """Fails before it answers."""
    raise RuntimeError("an internal secret")


async def crash_midway(scope, receive, send):
    """Fails in the middle of its answer."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise RuntimeError("an internal secret")


async def silent(scope, receive, send):
    """Returns without an answer."""


async def forge(scope, receive, send):
    """Lets a header carry a line break."""
    await answer(send, 200, b"x", [(b"x-note", b"a\r\nset-cookie: forged=1")])


async def stream(scope, receive, send):
    """Answers in parts of unknown number."""
    await answer(send, 200, b"three", parts=[b"one ", b"two ", b""])


async def none(scope, receive, send):
    """Answers without a body, and says something all the same."""
    await answer(send, 204, b"not allowed", [(b"content-length", b"11")])


async def write(scope, receive, send):
    """Makes a file, and tells who may read it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made"
        file.touch()
        await answer(send, 200, oct(file.stat().st_mode & 0o777).encode())


async def early(scope, receive, send):
    """Refuses without reading the body."""
    await answer(send, 401, b"early")


PATHS = {
    f"/{function.__name__}": function
    for function in (echo, show, slow, crash, crash_midway, silent, forge, stream, none, early, write)
}


async def direct(exchange):
    """What came in, without ASGI between."""
    body = exchange.body_at_hand()
    at_hand = b"later" if body is None else b"at hand"
    if exchange.query == b"crash":
        raise RuntimeError("an internal secret")
    if exchange.query == b"forge":
        exchange.respond(200, [(b"x-forged", b"a\r\nset-cookie: secret=1")], b"")
    if exchange.query.startswith(b"forge-constant="):
        exchange.respond(200, [], b"", ((b"x-forged", b"a" + unquote_to_bytes(exchange.query[15:]) + b"secret: 1"),))
        return
    if body is None:
        body = await read_all(exchange.receive)
    if body is not None:
        exchange.respond(200, [(b"x-body", at_hand), (b"x-peer", exchange.peer.encode())], body)


class App:
    """Looks the path up; one is served directly."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await PATHS.get(scope["path"], show)(scope, receive, send)

    def direct(self, exchange):
        return direct(exchange) if exchange.raw_path == b"/direct" else None


def error_answer(status):
    """The form of every answer that no application gives."""
    return [(b"content-type", b"text/plain; charset=utf-8")], CAT + str(status).encode()


def create():
    """The application with probes; the check `switch` never holds."""
    ready = {"database": True, "switch": False} if "--not-ready" in sys.argv else {"database": True}
    return with_probes(App(), "sample", lambda: ready, error_answer if "--not-ready" in sys.argv else None)


if __name__ == "__main__":
    serve(
        create, "127.0.0.1", int(sys.argv[1]), name="sample", port_setting="processing.port", error_answer=error_answer
    )
