"""Bytes and letters that nobody can guess, drawn from the system many at a time: a call for each id costs 1 us.

A process that was forked draws its own.
"""

import os
import string
import struct

PIECE_BYTES = 16
PIECES = 256
IN_PIECES = struct.Struct(f"{PIECE_BYTES}s" * PIECES)

LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
FAIR = 256 - 256 % len(LETTERS)
"""Bytes below are letters, each of them equally often; those above are passed over."""

IN_LETTERS = bytes(ord(LETTERS[byte % len(LETTERS)]) for byte in range(256))
UNFAIR = bytes(range(FAIR, 256))

_pieces: list[bytes] = []
_texts: list[str] = []
os.register_at_fork(after_in_child=_pieces.clear)
os.register_at_fork(after_in_child=_texts.clear)


def random_bytes(count: int) -> bytes:
    """So many, of at most PIECE_BYTES. For any thread: each piece is taken by one."""
    try:
        return _pieces.pop()[:count]
    except IndexError:
        _pieces.extend(IN_PIECES.unpack(os.urandom(IN_PIECES.size)))
        return os.urandom(count)


def random_letters(count: int) -> str:
    """So many of the 62 letters and digits, of at most PIECE_BYTES. For any thread: each text is taken by one."""
    while True:
        try:
            return _texts.pop()[:count]
        except IndexError:
            drawn = os.urandom(IN_PIECES.size).translate(IN_LETTERS, UNFAIR).decode()
            ends = range(PIECE_BYTES, len(drawn) + 1, PIECE_BYTES)
            _texts.extend(drawn[end - PIECE_BYTES : end] for end in ends)
