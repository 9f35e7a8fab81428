"""The cat: what stands in the body of every 5xx answer, instead of anything from inside.

A directory holds `<status>.txt` files; a status without one gets 500.txt, and a directory without any gets the cat
below. Wrapped around the outermost application, so that an answer of 500 or more carries a cat whoever gave it, and a
crash becomes one. Answers below 500 pass untouched: they never carry a cat.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any

from telemetry import log

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

OUR_CATS = Path(__file__).parent / "cats"
CONTENT_TYPE = b"text/plain; charset=utf-8"
REPLACED = {b"content-type", b"content-length", b"content-encoding", b"transfer-encoding"}
LAST_CAT = b"  /\\__/\\\n | x  x |\n (  ''  )\n  \\ -- /\n"
STATUSES = range(500, 600)


class Cats:
    """The drawings, read once."""

    def __init__(self, directory: Path = OUR_CATS) -> None:
        drawings = {status: _drawing(directory / f"{status}.txt") for status in STATUSES}
        default = drawings[500] or LAST_CAT
        self._bodies = {status: drawing or default for status, drawing in drawings.items()}

    def body(self, status: int) -> bytes:
        return self._bodies.get(status, self._bodies[500])

    def headers(self, status: int, others: Iterable[tuple[bytes, bytes]]) -> Headers:
        """`others` without what described another body, and with what describes the cat."""
        kept = [(name, value) for name, value in others if name.lower() not in REPLACED]
        length = b"%d" % len(self.body(status))
        return [*kept, (b"content-type", CONTENT_TYPE), (b"content-length", length)]


def _drawing(file: Path) -> bytes | None:
    """The file's bytes; None, and a warning unless it simply does not exist, when it has none to give."""
    try:
        body = file.read_bytes()
        body.decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        log.warning("oops.cat_unreadable", file=str(file), reason=type(problem).__name__)
        return None
    return body or None


def with_cats(app: App, cats: Cats, headers: Headers) -> App:
    """`app`, whose answers of 500 and more become cats; `headers` go with the answer to a crash."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = 0
        head = scope.get("method") == "HEAD"

        async def watched(message: Message) -> None:
            nonlocal status
            if status >= 500:
                return  # the rest of a body that the cat has replaced
            if message["type"] != "http.response.start" or message["status"] < 500:
                status = status or message.get("status", 0)
                await send(message)
                return
            status = message["status"]
            await _send_cat(send, cats, status, message.get("headers", ()), head)

        try:
            await app(scope, receive, watched)
        except Exception:
            log.error("http.crash", exc_info=True, path=str(scope.get("path", "")))
            if status:
                raise  # part of an answer is out: the server can only cut the connection
            await _send_cat(send, cats, 500, headers, head)

    return guarded


async def _send_cat(send: Send, cats: Cats, status: int, others: Iterable[tuple[bytes, bytes]], head: bool) -> None:
    await send({"type": "http.response.start", "status": status, "headers": cats.headers(status, others)})
    await send({"type": "http.response.body", "body": b"" if head else cats.body(status)})
