"""Internal calls that none of ours made, and messages that lie: unsigned, replayed, cut, bent, huge."""

import secrets
import struct
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random

from campaigns import wire
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import INSIDE, Tally, require_honest
from campaigns.ground import Ground
from rpc.messages import encode_call
from rpc.protocol import base, domain, party, payment_processing
from rpc.services import ALL, BY_NAME
from rpc.signature import HEADER, read_secret, signature
from rpc.statuses import CONTENT_TYPE, ERROR_CLASS
from settings.clock import system_clock

INVOICING = BY_NAME["invoicing"].path
SIZES = (2**31 - 1, -1, -(2**31), 100_001, 16_777_217, 2**30)
CONTAINERS = (b"\x0b", b"\x0f\x0b", b"\x0e\x0b", b"\x0f\x0c", b"\x0d\x0b\x0b", b"\x0d\x0c\x0c", b"\x0f\x0f")
OPENINGS = (b"\x0c\0\1", b"\x0c\0\x63", b"\x0f\0\1\x0f\0\0\0\1", b"\x0d\0\x63\x0b\x0d\0\0\0\1\0\0\0\0")
DEEP = 100_000


class Caller:
    """Makes internal calls as a merchant's request would; `secret`: None for a caller who has none."""

    def __init__(self, port: int, secret: bytes | None) -> None:
        self.line, self.secret = wire.Line(port), secret

    def headers(self) -> list[tuple[str, str]]:
        """Of one call, unsigned: a party that does not exist asks."""
        return [
            ("content-type", CONTENT_TYPE), ("woody.trace-id", secrets.token_hex(8)),
            ("woody.span-id", secrets.token_hex(8)), ("woody.parent-id", "undefined"),
            ("woody.meta.user-identity.id", "nobody"), ("woody.meta.user-identity.realm", "external"),
        ]  # fmt: skip

    def ask(self, body: bytes, path: str = INVOICING) -> wire.Answer:
        """One call, signed when there is a secret."""
        headers = self.headers()
        if self.secret is not None:
            headers.append((HEADER, signature(self.secret, path, headers, body, system_clock())))
        return self.line.ask(wire.request("POST", path, headers, body))


def run(scenes: Sequence[Scene], dice: Random, scale: float) -> Iterator[Tally]:
    """Without a signature; then with one, which a broken process of ours would have."""
    place = scenes[0].place
    yield unsigned(place, dice)
    yield signed(place, dice, scale)


def messages() -> dict[str, bytes]:
    """Honest calls by a party that does not exist: none of them can succeed."""
    invoicing, parties = payment_processing.Invoicing.functions, party.PartyManagement.functions
    made = payment_processing.InvoiceParams(
        id=secrets.token_hex(6), party_id="demo", shop_id="TESTSHOP", amount=100, currency="RUB",
        due="2030-01-01T00:00:00Z", details=domain.InvoiceDetails(product="x"),
        context=base.Content(type="application/json", data=b"{}"),
    )  # fmt: skip
    return {
        "Invoicing.Create": encode_call(invoicing["Create"], (made,)),
        "Invoicing.Get": encode_call(invoicing["Get"], ("nothing",)),
        "PartyManagement.Get": encode_call(parties["Get"], ("demo",)),
    }


def unsigned(place: Ground, dice: Random) -> Tally:
    """Every service of both ports, without a signature, with a false one, an old one, one of something else."""
    tally, secret = Tally("internal calls, not ours", INSIDE), read_secret(place.settings.rpc.secret_file)
    for row in ALL:
        port = place.port("PROCESSING" if row.upstream == "processing" else "VAULT")
        caller = Caller(port, None)
        body = messages()["Invoicing.Get"]
        for what, value, more in false_signatures(secret, row.path, caller.headers(), body, dice):
            headers = [*more, *([(HEADER, value)] if value else [])]
            tally.count(f"{row.name} {what}", caller.line.ask(wire.request("POST", row.path, headers, body)).status)
        headers = caller.headers()
        headers.append((HEADER, signature(secret, row.path, headers, body, system_clock())))
        again = wire.request("POST", row.path, headers, body)
        caller.line.ask(again)
        tally.count(f"{row.name} replayed", caller.line.ask(again).status)
    return tally


def false_signatures(
    secret: bytes, path: str, headers: list, body: bytes, dice: Random
) -> Iterator[tuple[str, str, list]]:
    """(what it is, the header's value, the other headers)."""
    now = system_clock()
    good = signature(secret, path, headers, body, now)
    time_part, _, mark = good.partition(",s=")
    internal = [*headers[:-1], ("woody.meta.user-identity.realm", "internal")]
    yield "unsigned", "", headers
    yield "unsigned, internal", "", internal
    yield "realm changed", good, internal
    yield "party changed", good, [*headers[:-2], ("woody.meta.user-identity.id", "demo"), headers[-1]]
    yield "header added", good, [*headers, ("woody.meta.more", "1")]
    yield "realm twice", good, [*headers, ("woody.meta.user-identity.realm", "internal")]
    yield "other body", signature(secret, path, headers, body + b"x", now), headers
    yield "other path", signature(secret, path + "x", headers, body, now), headers
    yield "other secret", signature(b"x" * 32, path, headers, body, now), headers
    yield "empty secret", signature(b"", path, headers, body, now), headers
    yield "old", signature(secret, path, headers, body, now - timedelta(minutes=5)), headers
    yield "early", signature(secret, path, headers, body, now + timedelta(minutes=5)), headers
    yield "other time", f"t={int(time_part[2:]) + 1},s={mark}", headers
    yield "upper case", f"{time_part},s={mark.upper()}", headers
    for _ in range(8):
        spot = dice.randrange(len(mark))
        yield "bit", f"{time_part},s={mark[:spot]}{'0' if mark[spot] != '0' else '1'}{mark[spot + 1 :]}", headers
    for odd in ("t=,s=", "t=0,s=0", mark, f"s={mark}", good + "," + good, good + " x", "t=1e3,s=" + mark, "\u00e9"):
        yield f"form {odd[:10]!r}", odd, headers


def signed(place: Ground, dice: Random, scale: float) -> Tally:
    """Signed messages that are no honest call."""
    tally = Tally("Thrift bombs, signed", INSIDE)
    caller = Caller(place.port("PROCESSING"), read_secret(place.settings.rpc.secret_file))
    require_honest("a signed call", caller.ask(messages()["Invoicing.Get"]).status)
    for what, path, body in bombs(dice, scale):
        answer = caller.ask(body, path)
        is_done = answer.status == 200 and ERROR_CLASS.lower().encode() not in answer.headers.lower()
        tally.count(f"{what} {body[:60].hex()}", answer.status, is_done)
    return tally


def bombs(dice: Random, scale: float) -> Iterator[tuple[str, str, bytes]]:
    """(what it is, path, message)."""
    known = messages()
    create, get = known["Invoicing.Create"], known["Invoicing.Get"]
    for what, body in (*cut(create), *sizes(create, get), *nested(create, get), *bent(create, get)):
        yield what, INVOICING, body
    targets = [(INVOICING, create), (INVOICING, get), (BY_NAME["party_management"].path, known["PartyManagement.Get"])]
    for _ in range(int(1500 * scale)):
        path, body = dice.choice(targets)
        yield "mutation", path, mutated(body, dice)


def cut(message: bytes) -> Iterator[tuple[str, bytes]]:
    """Cut at each byte."""
    for end in range(len(message)):
        yield f"cut at {end}", message[:end]


def sizes(create: bytes, get: bytes) -> Iterator[tuple[str, bytes]]:
    """Lengths that cannot be."""
    for size in SIZES:
        packed = struct.pack("!i", size)
        yield "name's length", create[:4] + packed + create[8:]
        for container in CONTAINERS:
            for number in (b"\0\1", b"\0\2", b"\0\x63"):
                field = container[:1] + number + container[1:] + packed
                yield "size", head_of(create) + field + b"\0" * 8
                yield "size", head_of(get) + field


def nested(create: bytes, get: bytes) -> Iterator[tuple[str, bytes]]:
    """Structs, lists and maps within each other."""
    for opening in OPENINGS:
        for depth in (65, 1000, DEEP):
            yield "nesting", head_of(create) + opening * depth + b"\0" * depth
            yield "nesting", head_of(get) + opening * depth


def bent(create: bytes, get: bytes) -> Iterator[tuple[str, bytes]]:
    """Other types than the IDL says, and what is no call."""
    for spot in range(len(head_of(create)), len(create)):
        for kind in (0, 2, 8, 11, 12, 13, 15, 255):
            if create[spot] != kind and create[spot] in (8, 10, 11, 12):
                yield "type", create[:spot] + bytes((kind,)) + create[spot + 1 :]
    for kind in (0, 2, 3, 4, 5, 255):
        yield "message type", create[:3] + bytes((kind,)) + create[4:]
    yield "two messages", get + get
    yield "not thrift", b"GET / HTTP/1.1\r\n\r\n"
    yield "much", b"\0" * 17_000_000


def head_of(message: bytes) -> bytes:
    """The envelope: version, name, sequence."""
    return message[: 8 + struct.unpack("!i", message[4:8])[0] + 4]


def mutated(message: bytes, dice: Random) -> bytes:
    """Some bytes changed, put in, taken out."""
    changed = bytearray(message)
    for _ in range(dice.randint(1, 6)):
        spot = dice.randrange(len(changed))
        act = dice.randrange(4)
        if act == 0:
            changed[spot] = dice.randrange(256)
        elif act == 1:
            changed[spot:spot] = dice.randbytes(dice.randint(1, 8))
        elif act == 2:
            del changed[spot : spot + dice.randint(1, 8)]
        else:
            changed[spot] ^= 1 << dice.randrange(8)
        changed = changed or bytearray(b"\0")
    return bytes(changed)
