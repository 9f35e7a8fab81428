"""Finds cards in any bytes, however they are spelled. Shares nothing with the log filter, least of all its mistakes.

Bytes are read as they are, with escapes undone, and with base64 and hexadecimal decoded. In each reading, digits that
stand together or are parted by up to three bytes that are neither digit nor letter are one run; a card is found where
a run holds its digits, all of them or all but the last three.
"""

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HEAD = 12
CUT_MAX = 3
CHUNK_BYTES, OVERLAP_BYTES = 8 * 1024 * 1024, 4096
CONTEXT_BYTES = 60

RUN = re.compile(rb"[0-9](?:[^0-9A-Za-z]{0,3}[0-9]){11,}")
NOT_DIGIT = re.compile(rb"[^0-9]")
ESCAPED = re.compile(
    rb"\\+u003([0-9])|\\+u(?:ff1|066|06f)([0-9])|%(?:25)*3([0-9])|&#(?:4([89])|5([0-7]));|\xef\xbc[\x90-\x99]"
    rb"|\xd9[\xa0-\xa9]|\xdb[\xb0-\xb9]",
    re.IGNORECASE,
)
# Three digits in base64 leave few choices for each of its four letters; any 12 digits hold three such groups.
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{0,8}(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){3,}[A-Za-z0-9+/_-]{0,8}")
ALIGNED = re.compile(rb"(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){3,}")
HEXADECIMAL = re.compile(rb"(?:3[0-9]){12,}")
CVV = re.compile(rb"cv[vc]2?[^0-9A-Za-z]{1,6}[0-9]{3,4}(?![0-9])", re.IGNORECASE)


class Hit(NamedTuple):
    """`form`: in which reading it was found, "cut" added where its end is missing. `context`: the bytes around it."""

    number: str
    form: str
    context: bytes


class Finder:
    """Knows the cards that were sent."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self.by_head: dict[bytes, list[bytes]] = defaultdict(list)
        for number in numbers:
            self.by_head[number[:HEAD].encode()].append(number.encode())

    def find(self, data: bytes) -> Iterator[Hit]:
        """Every card in the bytes; one that stands there twice is found twice."""
        for start in range(0, max(len(data), 1), CHUNK_BYTES):
            part = data[max(start - OVERLAP_BYTES, 0) : start + CHUNK_BYTES]
            for form, text in readings(part):
                yield from self.find_digits(form, text)

    def find_digits(self, form: str, text: bytes) -> Iterator[Hit]:
        """Cards among the runs of digits of one reading."""
        for run in RUN.finditer(text):
            digits = NOT_DIGIT.sub(b"", run.group())
            for start in range(len(digits) - HEAD + 1):
                for number in self.by_head.get(digits[start : start + HEAD], ()):
                    shared = common(number, digits[start : start + len(number)])
                    if shared == len(number) or shared >= max(len(number) - CUT_MAX, HEAD + 1):
                        around = text[max(run.start() - CONTEXT_BYTES, 0) : run.end() + CONTEXT_BYTES]
                        yield Hit(number.decode(), form if shared == len(number) else f"{form}, cut", around)


def readings(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The ways to read some bytes."""
    yield "as it is", data
    unescaped = ESCAPED.sub(digit_of, data)
    if unescaped != data:
        yield "escaped", unescaped
    decoded = b"\n".join(found for match in BASE64.finditer(data) for found in decodings(match.group()))
    if decoded:
        yield "base64", decoded
    pairs = b"\nx".join(binascii.unhexlify(match.group()) for match in HEXADECIMAL.finditer(data))
    if pairs:
        yield "hexadecimal", pairs


def decodings(text: bytes) -> Iterator[bytes]:
    """What the base64 around each aligned group of digits says."""
    for group in ALIGNED.finditer(text):
        start = group.start() % 4
        whole = text[start : start + (len(text) - start) // 4 * 4].translate(bytes.maketrans(b"-_", b"+/"))
        yield base64.b64decode(whole)
        rest = text[start + len(whole) :]
        if len(rest) > 1:
            yield base64.b64decode(whole + rest.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (4 - len(rest)))


def digit_of(match: re.Match[bytes]) -> bytes:
    """The digit that an escape stands for."""
    escape, percent = match.group(1) or match.group(2) or match.group(3), match.group(4) or match.group(5)
    if escape:
        return escape
    if percent:
        return str(int(match.group()[2:4]) - 48).encode()
    return str(match.group()[-1] & 0x0F if match.group()[0] != 0xEF else match.group()[-1] - 0x90).encode()


def common(one: bytes, other: bytes) -> int:
    """How many bytes two texts share from their beginning."""
    return next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(other))


def cvvs(data: bytes) -> list[bytes]:
    """Every place that names a CVV and shows one."""
    return [data[max(match.start() - 40, 0) : match.end() + 20] for match in CVV.finditer(data)]
