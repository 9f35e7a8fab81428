"""The headers of every answer: CORS, the caller's request id, type and length of the body (contract section 3.8)."""

Header = tuple[bytes, bytes]

JSON = (b"content-type", b"application/json; charset=utf-8")
CAT = (b"content-type", b"text/plain; charset=utf-8")
ALLOWED_HEADERS = b"x-requested-with, content-type, accept, authorization, x-request-id, x-request-deadline"
ALLOWED_METHODS = b"GET, POST, PUT, DELETE, OPTIONS"


class ResponseHeaders:
    """`cors_origin`: who may call from a page, "*" for all, "" for no CORS headers at all."""

    def __init__(self, cors_origin: str) -> None:
        self.always: list[Header] = []
        self.preflight: list[Header] = []
        if cors_origin:
            self.always = [(b"access-control-allow-origin", cors_origin.encode())]
            self.preflight = [
                (b"access-control-allow-headers", ALLOWED_HEADERS),
                (b"access-control-allow-methods", ALLOWED_METHODS),
            ]

    def of(self, status: int, request_id: str | None, length: int, own: list[Header]) -> list[Header]:
        """All headers of one answer; `own` are those of this kind of answer alone."""
        headers = [*self.always, *own]
        if request_id is not None:
            headers.append((b"x-request-id", request_id.encode()))
        if length:
            headers.append(CAT if status >= 500 else JSON)
        if status != 204:
            headers.append((b"content-length", b"%d" % length))
        return headers
