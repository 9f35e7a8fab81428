"""Bytes that nobody can guess, drawn from the system many at a time: a call for each id costs 1 us, each token 1.3.

A process that was forked draws its own.
"""

import os
import struct

PIECE_BYTES = 16
PIECES = 256
IN_PIECES = struct.Struct(f"{PIECE_BYTES}s" * PIECES)

_pieces: list[bytes] = []
os.register_at_fork(after_in_child=_pieces.clear)


def random_bytes(count: int) -> bytes:
    """So many, of at most PIECE_BYTES. For any thread: each piece is taken by one."""
    try:
        return _pieces.pop()[:count]
    except IndexError:
        _pieces.extend(IN_PIECES.unpack(os.urandom(IN_PIECES.size)))
        return os.urandom(count)
