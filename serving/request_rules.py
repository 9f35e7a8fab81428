"""What a request must be beyond what the parser demands: nothing that two servers could read differently."""

HTTP_1_0, HTTP_1_1 = "1.0", "1.1"


class Broken(Exception):
    """What came is no request that may be served. `status`: of the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def target(url: bytes) -> bytes:
    """Path and query of a request target; of an absolute one, what follows the host (RFC 9112, 3.2). Raises Broken."""
    if url.startswith((b"http://", b"https://")):
        rest = url.partition(b"://")[2]
        start = min((place for place in (rest.find(b"/"), rest.find(b"?")) if place >= 0), default=len(rest))
        url = rest[start:] if rest[start : start + 1] == b"/" else b"/" + rest[start:]
    if not (url.startswith(b"/") or url == b"*") or b"#" in url or not url.isascii():
        raise Broken(400, "bad request target")
    return url


def judge(protocol: str, headers: list[tuple[bytes, bytes]]) -> tuple[bool, bytes]:
    """Whether the caller waits for `100 Continue`, and the header line that frames the body, empty without one.

    Raises Broken for what two servers might read differently.
    """
    if protocol not in (HTTP_1_0, HTTP_1_1):
        raise Broken(400, "unknown HTTP version")
    hosts, expects_continue, framing = 0, False, b""
    for name, value in headers:
        if name == b"host":
            hosts += 1
        elif name == b"expect":
            expects_continue = value.lower() == b"100-continue"
        elif name == b"content-length" and value != b"0":
            framing = b"content-length: %b\r\n" % value
        elif name == b"transfer-encoding":
            framing = b"transfer-encoding: chunked\r\n"
            if value.lower() != b"chunked" or protocol == HTTP_1_0:
                raise Broken(400, "unsupported transfer coding")
    if hosts > 1 or (not hosts and protocol == HTTP_1_1):
        raise Broken(400, "there must be one Host")
    return expects_continue and protocol == HTTP_1_1, framing
