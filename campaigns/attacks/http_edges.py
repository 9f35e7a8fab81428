"""Requests that two servers would read differently, and heads beyond reason (RFC 9112).

More than one space in a request line is left out: a server may take it (section 3).
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

from campaigns import wire
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import INSIDE, Tally
from campaigns.ground import Ground

PROCESSES = ("PROCESSING", "VAULT", "WORKERS")
SECOND = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
START, HOST = b"POST /health HTTP/1.1\r\n", b"Host: a\r\n"


def run(scenes: Sequence[Scene], dice: Random, scale: float) -> Iterator[Tally]:
    """At every process that listens, at once: most of the time is spent waiting for what must not come."""
    place, versions = scenes[0].place, [scene.version for scene in scenes]
    whose = {one.name: (one.gateway, one.tokens_gateway) for one in versions} | {INSIDE: PROCESSES}
    with ThreadPoolExecutor(len(whose)) as pool:
        yield from pool.map(lambda name: at_ports(place, name, whose[name]), whose)


def at_ports(place: Ground, whose: str, names: Sequence[str]) -> Tally:
    """Accepted: one that succeeded, or one that was read as two."""
    tally = Tally("HTTP framing and headers", whose)
    for name in names:
        for what, data in requests():
            found = wire.answers(place.port(name), data, timeout_s=8, quiet_s=0.15)
            status = found[0].status if found else wire.NOTHING
            is_accepted = any(200 <= answer.status < 300 for answer in found)
            tally.count(f"{name} {what} {data[:60]!r}", status, is_accepted)
    return tally


def requests() -> Iterator[tuple[str, bytes]]:
    """(what it is, bytes); behind each stands a second request, which must not be served."""
    for what, lines, body in (*framing(), *broken_lines()):
        yield what, START + lines + b"\r\n" + body + SECOND
    yield from broken_starts()
    yield from large()


def framing() -> Iterator[tuple[str, bytes, bytes]]:
    """Lengths that contradict each other."""
    lengths = (b"5\r\nContent-Length: 6", b"5, 6", b"5,5", b"+5", b"-1", b"0x5", b"5 5", b"5a", b"", b" ", b"1e1",
               b"5.0",
               b"99999999999999999999", b"18446744073709551621", b"\xd9\xa5", b"05\r\nContent-Length: 5",
               b"\t5\x0b")  # fmt: skip
    for length in lengths:
        yield "length", HOST + b"Content-Length: " + length + b"\r\n", b"hello"
    for coding in (b"chunked, identity", b"identity", b"gzip, chunked", b"chunked, chunked", b"xchunked", b" chunked x",
                   b"chunked\r\nTransfer-Encoding: identity", b"\x0bchunked", b"chunked;x", b"",
                   b'"chunked"'):  # fmt: skip
        yield "coding", HOST + b"Transfer-Encoding: " + coding + b"\r\n", b"0\r\n\r\n"
    for both in (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                 b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                 b"Content-Length: 5\r\nTransfer-Encoding : chunked\r\n",
                 b"Content-Length: 5\r\nTransfer-Encoding: x\r\n"):  # fmt: skip
        yield "both", HOST + both, b"0\r\n\r\n"
    for chunk in (b"-1\r\n", b"g\r\n", b"0x5\r\nhello\r\n", b"5;\n\nhello", b"FFFFFFFFFFFFFFFFF\r\n",
                  b" 5\r\nhello\r\n",
                  b"5\nhello\n0\n\n", b"5\r\nhello0\r\n\r\n", b"\r\n", b"5\r\rhello\r\n", b"1_0\r\n"):  # fmt: skip
        yield "chunk", HOST + b"Transfer-Encoding: chunked\r\n", chunk


def broken_lines() -> Iterator[tuple[str, bytes, bytes]]:
    """Header lines that are none."""
    for line in (b"X : 1", b" X: 1", b"X\t: 1", b": 1", b"X", b"X\0: 1", b"X: \0", b"X: a\r b", b"X: a\n\tb",
                 b"X: a\r\n b",
                 b"X(: 1", b"\xff: 1", b"X Y: 1", b"X: \x7f", b"Host: b", b"Host: b\r\nHost: c"):  # fmt: skip
        yield "line", HOST + line + b"\r\n", b""
    yield "no host", b"", b""


def broken_starts() -> Iterator[tuple[str, bytes]]:
    """Request lines that are none."""
    for start in (
        b"GET\t/health HTTP/1.1", b"GET /hea lth HTTP/1.1",
        b"GET /health HTTP/1.2", b"GET /health HTTP/2.0", b"GET /health HTTP/0.9", b"GET /health HTTP/11",
        b"GET /health http/1.1", b"GET /health", b"GET", b"/health", b"G\0T /health HTTP/1.1", b"GET /he\0lth HTTP/1.1",
        b"GET health HTTP/1.1", b"GET #/health HTTP/1.1", b"CONNECT a:80 HTTP/1.1", b"GET ../health HTTP/1.1",
        b"PRI * HTTP/2.0", b"\x16\x03\x01\x02\x00\x01\x00", b"\x80\x01\x00\x01", b"GET /\xff HTTP/1.1",
        b" GET /health HTTP/1.1",
        b"TRACE /health HTTP/1.1", b"POST /health HTTP/1.1", b"get /health HTTP/1.1",
    ):  # fmt: skip
        yield "start", start + b"\r\n" + HOST + b"\r\n"


def large() -> Iterator[tuple[str, bytes]]:
    """Beyond every limit."""
    yield "long target", b"GET /health?" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    yield "long value", b"GET /health HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 70_000 + b"\r\n\r\n"
    yield "long name", b"GET /health HTTP/1.1\r\n" + HOST + b"X" * 70_000 + b": a\r\n\r\n"
    yield "many headers", b"GET /health HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 5000 + b"\r\n"
    yield "endless head", b"GET /health HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 200_000
    yield "endless line", b"GET /" + b"a" * 1_000_000
    yield "long chunk extension", START + HOST + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"a" * 1_000_000
    yield "many trailers", START + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: a\r\n" * 100_000
