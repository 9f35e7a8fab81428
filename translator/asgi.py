"""A request as any ASGI server hands it over, for `translator.exchange`."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
ABSOLUTE = re.compile(rb"https?://[^/]*", re.IGNORECASE)


class AsgiRequest:
    """`exchange.Request` of an ASGI scope; its body comes by `receive` alone."""

    __slots__ = ("headers", "method", "named", "peer", "query", "raw_path", "receive", "usual")

    def __init__(self, scope: Mapping[str, Any], receive: Receive) -> None:
        client = scope.get("client")
        self.method: str = scope["method"]
        self.raw_path = raw_path(scope)
        self.query: bytes = scope.get("query_string", b"")
        self.headers = [(name.lower(), value) for name, value in scope["headers"]]
        self.named = self.usual = None
        self.peer: str | None = client[0] if client else None
        self.receive = receive

    def body_at_hand(self) -> None:
        """Not known before it is asked for."""
        return


def raw_path(scope: Mapping[str, Any]) -> bytes:
    """The path as it was sent, still encoded; of a target in absolute form (RFC 9112 3.2.2) only its path."""
    raw = scope.get("raw_path")
    if raw is None:
        return quote(scope["path"]).encode()
    if b"?" in raw:
        raw = raw.partition(b"?")[0]
    if not raw.startswith(b"/") and (absolute := ABSOLUTE.match(raw)):
        return raw[absolute.end() :]
    return raw
