"""A connection's callers mostly send one head again and again; only the request's id and the body's length change.

A head that the parser has read and found to be plain is remembered by its connection, and the same bytes mean the same
again: there is no second reader that could understand them otherwise. What may differ between two of them are letters,
digits and hyphens in the places of those two values. 2.3 us a request, where the parser's calls and the joining of what
they bring take 5.8; a new invoice costs the gateway 7 us less (`python -m benches --only ours`, with HEADS_LEARNT_MAX
as it is and at 0).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

HEAD_END = b"\r\n\r\n"
LINE_END = b"\r\n"
HEAD_BYTES_MAX = 8192
VALUE_BYTES_MAX = 64
REQUEST_ID, LENGTH = b"x-request-id", b"content-length"
VARYING = (REQUEST_ID, LENGTH)
NOT_PLAIN = frozenset({b"connection", b"transfer-encoding", b"upgrade", b"expect", b"te", b"trailer", b"keep-alive"})
"""Headers that say how the connection goes on, or how the body is framed or asked for."""


class UsualHead(NamedTuple):
    """`pieces`: the head's bytes before, between and behind the values that vary, whose names are `varying`.
    `named`: the headers by name, each name once and no value padded.
    """

    pieces: tuple[bytes, ...]
    varying: tuple[bytes, ...]
    method: str
    target: bytes
    named: Mapping[bytes, bytes]


def read(head: UsualHead, data: bytes) -> tuple[dict[bytes, bytes], bytes] | None:
    """Headers by name and body of a request that is `data`, all of it, and has that head; None for anything else."""
    first, *others = head.pieces
    if not data.startswith(first):
        return None
    named, start = head.named.copy(), len(first)
    for name, piece in zip(head.varying, others):  # noqa: B905 - one more piece than names, see `known`
        end = data.find(LINE_END, start, start + VALUE_BYTES_MAX + len(LINE_END))
        value = data[start:end]
        if end < 0 or not is_plain_value(value) or not data.startswith(piece, end):
            return None
        named[name], start = value, end + len(piece)
    body = data[start:]
    return (named, body) if named.get(LENGTH, b"0") == b"%d" % len(body) else None


def known(data: bytes, method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> UsualHead | None:
    """The head of `data`, which the parser read as these; None where it is not plain enough to be remembered."""
    end = data.find(HEAD_END, 0, HEAD_BYTES_MAX)
    named = dict(headers)
    is_plain = end > 0 and len(named) == len(headers) and NOT_PLAIN.isdisjoint(named)
    if not is_plain or any(value != value.strip() for value in named.values()):
        return None
    pieces, varying, begin = [], [], 0
    start = data.find(LINE_END) + len(LINE_END)
    for line in data[start:end].split(LINE_END):
        name, separator, value = line.partition(b": ")
        if name.lower() in VARYING:
            if not separator or named[name.lower()] != value:
                return None
            pieces.append(data[begin : start + len(name) + len(separator)])
            varying.append(name.lower())
            begin = start + len(line)
        start += len(line) + len(LINE_END)
    pieces.append(data[begin : end + len(HEAD_END)])
    return UsualHead(tuple(pieces), tuple(varying), method, target, named)


def is_plain_value(value: bytes) -> bool:
    """Letters, digits, hyphens, at least one of them: no header line reads differently for such a value."""
    return value.replace(b"-", b"0").isalnum()
