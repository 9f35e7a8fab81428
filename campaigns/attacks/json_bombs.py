"""Bodies made to exhaust, to confuse two readers, or to slip past the schema."""

import gzip
import json
from collections.abc import Iterator
from random import Random

from campaigns import wire
from campaigns.attacks.tally import Tally, require_honest
from campaigns.ground import Ground

WHERE = (
    ("GATEWAY_V2", "/v2/processing/invoices"),
    ("GATEWAY_V2", "/v2/processing/webhooks"),
    ("GATEWAY_V2_TOKENS", "/v2/processing/payment-resources"),
)
KIND = ("Content-Type", "application/json; charset=utf-8")
LARGE = 1_000_000


def run(place: Ground, dice: Random, scale: float) -> Tally:
    """Each body to each operation that takes one."""
    tally = Tally("JSON bombs")
    payer = place.api.invoice()["invoiceAccessToken"]["payload"]
    require_honest("an invoice", place.api.call("POST", "/processing/invoices", honest(place)).status_code, 201)
    for name, path in WHERE:
        line = wire.Line(place.port(name))
        token = payer if name.endswith("TOKENS") else place.api.token
        for what, body, more in bombs(place, dice, scale):
            named = {header for header, _ in more}
            head = [("Authorization", f"Bearer {token}"), ("X-Request-ID", f"bomb{tally.tried}"), *more]
            head += [] if "Content-Type" in named else [KIND]
            tally.count(f"{path} {what} {body[:40]!r}", line.ask(wire.request("POST", path, head, body)).status)
    return tally


def bombs(place: Ground, dice: Random, scale: float) -> Iterator[tuple[str, bytes, list]]:
    """(what it is, body, headers)."""
    size = int(LARGE * min(scale, 1))
    good = json.dumps(honest(place)).encode()
    for what, body in (*deep(size), *wide(size), *confusing(good), *mutations(good, dice, scale)):
        yield what, body, []
    for coding in ("gzip", "deflate", "br", "identity, gzip", "gzip, gzip", "x"):
        yield f"coding {coding}", gzip.compress(b" " * size + good), [("Content-Encoding", coding)]
    for charset in ("utf-16", "utf-32", "utf-7", "latin-1", "ebcdic-cp-us"):
        yield charset, good.decode().encode("utf-16"), [("Content-Type", f"application/json; charset={charset}")]
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"):
        yield kind, good, [("Content-Type", kind)]


def honest(place: Ground) -> dict:
    """An invoice that would be made, but for what is done to it."""
    return {
        "shopID": place.api.shop_id, "dueDate": "2030-01-01T00:00:00Z", "amount": 100, "currency": "RUB",
        "product": "A thing", "metadata": {},
    }  # fmt: skip


def deep(size: int) -> Iterator[tuple[str, bytes]]:
    """Nesting."""
    for depth in (65, 1000, size):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")):
            yield "nesting", opening * depth + b"1" + closing * depth
            yield "nesting, open", opening * depth
            yield "nesting in metadata", b'{"metadata":' + opening * depth + b"1" + closing * depth + b"}"


def wide(size: int) -> Iterator[tuple[str, bytes]]:
    """Numbers, texts, lists and objects beyond reason."""
    for number in (b"1" * size, b"1e999999999", b"-" + b"9" * 400, b"0." + b"1" * size, b"1e-99999999", b"9" * 20):
        yield "number", b'{"amount":' + number + b"}"
        yield "number in metadata", b'{"metadata":{"a":' + number + b"}}"
    yield "long text", b'{"product":"' + b"x" * size + b'"}'
    yield "many escapes", b'{"product":"' + b"\\u0041" * (size // 6) + b'"}'
    yield "many elements", b"[" + b"1," * size + b"1]"
    yield "many empty objects", b"[" + b"{}," * size + b"{}]"
    yield "many members", json.dumps({f"k{number}": 1 for number in range(size // 10)}).encode()
    yield "one member again and again", b"{" + b'"a":1,' * (size // 10) + b'"a":1}'
    yield "beyond the limit", b"[" + b" " * 9_000_000 + b"]"
    yield "spaces", b" " * size


def confusing(good: bytes) -> Iterator[tuple[str, bytes]]:
    """What one reader takes and another does not."""
    inner = good[1:-1]
    for body in (
        b'{"amount":1,' + inner + b"}", b"{" + inner + b',"amount":1}', b'{"shopID":"OTHER",' + inner + b"}",
        b"\xef\xbb\xbf" + good, good + b"x", good + good, good + b"\0", b"\0" + good, good[:-1], good[1:],
        b"//x\n" + good, b"/**/" + good, good.replace(b'"', b"'"), good[:-1] + b",}", good.replace(b"100", b"NaN"),
        good.replace(b"100", b"Infinity"), good.replace(b"100", b"0x64"), good.replace(b"100", b"0100"),
        good.replace(b"100", b"+100"), good.replace(b"100", b"1e2.0"), good.replace(b"100", b".1"),
        good.replace(b"100", b'"100"'), good.replace(b"100", b"true"), good.replace(b"100", b"[100]"),
        good.replace(b"100", b"100.5"), good.replace(b"100", b"-100"), good.replace(b"100", b"0"),
        good.replace(b"100", str(2**63).encode()), good.replace(b"100", str(2**64 + 100).encode()),
        good.replace(b"A thing", b"\xff"), good.replace(b"A thing", b"\xed\xa0\x80"),
        good.replace(b"A thing", b"\\ud800"), good.replace(b"A thing", b"\n"), good.replace(b"A thing", b"\\x41"),
        good.replace(b'"A thing"', b'{"$ne":1}'), good.replace(b'"A thing"', b"null"), good.decode().encode("utf-16"),
        b"", b"null", b"true", b"1", b'"x"', b"[]", b"{}", b"[" + good + b"]", b"undefined", b"<x/>", b"a=b",
    ):  # fmt: skip
        yield "confusing", body


def mutations(good: bytes, dice: Random, scale: float) -> Iterator[tuple[str, bytes]]:
    """Structure broken at random: a bracket, a quote, a colon or a comma less."""
    marks = [spot for spot, byte in enumerate(good) if byte in b'{}":,']
    for _ in range(int(200 * scale)):
        spot = dice.choice(marks)
        yield "a mark less", good[:spot] + good[spot + 1 :]
