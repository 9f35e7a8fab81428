"""Bodies made to exhaust, to confuse two readers, or to slip past the schema."""

import gzip
import json
from collections.abc import Iterator
from random import Random

from campaigns import wire
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally, require_honest
from campaigns.versions.asking import needed

LARGE = 1_000_000


def run(scene: Scene, dice: Random, scale: float) -> Tally:
    """Each body to each operation that makes an invoice, a webhook or a token of a card."""
    row, asker, tally = scene.version.row, scene.asker, Tally("JSON bombs", scene.version.name)
    good = row.invoice(scene.owner.api.shop_id)
    require_honest("an invoice", asker.ask("createInvoice", scene.owner.api.token, body=good).status, 201)
    for operation in map(scene.operation, ("createInvoice", row.create_hook, row.create_card)):
        name = scene.version.tokens_gateway if operation.is_of_tokens else scene.version.gateway
        line = wire.Line(scene.place.port(name))
        token = scene.owner.invoice_token if operation.is_of_tokens else scene.owner.api.token
        for what, body, more in bombs(good, dice, scale):
            head = {
                **needed(operation), "Authorization": f"Bearer {token}", "Content-Type": operation.media_type, **more,
            }  # fmt: skip
            answer = line.ask(wire.request("POST", operation.path, head.items(), body))
            tally.count(f"{operation.id} {what} {body[:40]!r}", answer.status)
    return tally


def bombs(honest: dict, dice: Random, scale: float) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """(what it is, body, headers). `honest`: an invoice that would be made, but for what is done to it."""
    size = int(LARGE * min(scale, 1))
    good = json.dumps(honest).encode()
    for what, body in (*deep(size), *wide(size), *confusing(good), *mutations(good, dice, scale)):
        yield what, body, {}
    for coding in ("gzip", "deflate", "br", "identity, gzip", "gzip, gzip", "x"):
        yield f"coding {coding}", gzip.compress(b" " * size + good), {"Content-Encoding": coding}
    for charset in ("utf-16", "utf-32", "utf-7", "latin-1", "ebcdic-cp-us"):
        yield charset, good.decode().encode("utf-16"), {"Content-Type": f"application/json; charset={charset}"}
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"):
        yield kind, good, {"Content-Type": kind}


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
    for name in json.loads(good):
        for value in ("1", '"OTHER"', '{"amount":1,"currency":"RUB"}'):
            yield "a member twice", f'{{"{name}":{value},'.encode() + inner + b"}"
            yield "a member twice", b"{" + inner + f',"{name}":{value}}}'.encode()
    for body in (
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
