"""Bytes that nobody can guess, drawn from the system many at a time: a call for each id costs 1 us, each token 1.3.

A process that was forked draws its own.
"""

import os

PIECE_BYTES = 16
PIECES = 256

_pieces: list[bytes] = []
os.register_at_fork(after_in_child=_pieces.clear)


def random_bytes(count: int) -> bytes:
    """So many, of at most PIECE_BYTES. For any thread: each piece is taken by one."""
    try:
        return _pieces.pop()[:count]
    except IndexError:
        drawn = os.urandom(PIECE_BYTES * PIECES)
        _pieces.extend(drawn[start : start + PIECE_BYTES] for start in range(0, len(drawn), PIECE_BYTES))
        return os.urandom(count)
