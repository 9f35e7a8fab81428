"""The headers of every answer: CORS, the caller's request id, type and length of the body (contract section 3.8)."""

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

    def of(self, reply: Reply, request_id: str | None, has_body: bool) -> list[Header]:
        """All headers of one answer but its length, which the server knows."""
        headers = [*self.always, *reply.headers]
        if request_id is not None:
            headers.append((b"x-request-id", request_id.encode()))
        if has_body:
            headers.append(CAT if reply.status >= 500 else reply.content_type)
        return headers


def length_of(status: int, body: bytes) -> tuple[Header, ...]:
    """The header that says how long the body of an answer is, for servers that leave it to the application."""
    return () if status in WITHOUT_LENGTH else ((b"content-length", b"%d" % len(body)),)
