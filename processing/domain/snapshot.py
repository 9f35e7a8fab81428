"""A machine's state as stored beside its events, so that a long history need not be replayed."""

import msgspec

from processing.domain.state import Invoice

FORMAT = 2
"""Raised with every change of a state struct: a snapshot of another format is thrown away and replayed anew."""


def encode(state: Invoice) -> bytes:
    return msgspec.json.encode(state)


def decode(json: bytes | str) -> Invoice:
    return msgspec.json.decode(json, type=Invoice)
