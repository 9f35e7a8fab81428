"""The headers of every answer: CORS, the caller's request id, type and length of the body (contract section 3.8)."""

from functools import lru_cache
from typing import Any

from translator.reply import Header, Reply

CAT = (b"content-type", b"text/plain; charset=utf-8")
WITHOUT_LENGTH = {204, 304}
"""Answers that never have a body: a length there would be that of another answer (RFC 9110, 8.6)."""


class ResponseHeaders:
    """`cors_origin`: who may call from a page, "*" for all, "" for no CORS headers at all. `always`, `preflight`: of
    every answer, and of the answer to OPTIONS.
    """

    def __init__(self, cors_origin: str, conventions: Any) -> None:
        self.always: list[Header] = list(conventions.always)
        self.preflight: tuple[Header, ...] = ()
        if cors_origin:
            self.always.append((b"access-control-allow-origin", cors_origin.encode()))
            if conventions.cors_exposed:
                self.always.append((b"access-control-expose-headers", conventions.cors_exposed))
            self.preflight = (
                (b"access-control-allow-headers", conventions.cors_headers),
                (b"access-control-allow-methods", conventions.cors_methods),
            )

        self.constant = lru_cache(maxsize=64)(self._constant)

    def _constant(self, content_type: Header | None, farewell: tuple[Header, ...]) -> tuple[Header, ...]:
        """What many answers have alike, so that the server may put it into bytes once. `content_type`: None without a
        body; `farewell`: what is said of a deprecated operation.
        """
        return (*self.always, *farewell) if content_type is None else (*self.always, *farewell, content_type)


def content_type_of(reply: Reply, body: bytes) -> Header | None:
    """The type of an answer's bytes; None for none."""
    if not body:
        return None
    return CAT if reply.status >= 500 else reply.content_type


def length_of(status: int, body: bytes) -> tuple[Header, ...]:
    """The header that says how long the body of an answer is, for servers that leave it to the application."""
    return () if status in WITHOUT_LENGTH else ((b"content-length", b"%d" % len(body)),)
