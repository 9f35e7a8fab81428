"""Values <-> bytes of the strict binary protocol. The only importer of the Apache library, and of its C codec alone.

The C codec is fast and forgiving: it passes over a known field of a wrong type, takes any byte for a boolean and mends
broken UTF-8. So what it read is encoded once more; when the bytes differ, `strict.py` walks the message and accepts
only what a newer peer may send: unknown fields, other orders. Everything else is refused, each time as `Malformed`.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any, NoReturn, TypeVar

import msgspec
from thrift.protocol.fastbinary import decode_binary, encode_binary

from rpc import strict
from rpc.idl.runtime import InvalidValue

Value = TypeVar("Value")


class Malformed(Exception):
    """Bytes are no message of this protocol. The text says what is wrong, never what stood there."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes beyond which nothing is decoded. Nesting is limited to 64 by the codec itself."""

    body_bytes_max: int = 16 * 1024 * 1024
    string_bytes_max: int = 8 * 1024 * 1024
    container_items_max: int = 100_000


LIMITS = Limits()


class Source(msgspec.Struct):
    """What the C codec reads from. It must never be refilled: a short buffer is a short message."""

    cstringio_buf: BytesIO

    def cstringio_refill(self, *_: object) -> NoReturn:
        """Called when the buffer is used up."""
        raise EOFError("the message ends too early")


class Reader(msgspec.Struct):
    """What the C codec asks for: limits, and where to read."""

    string_length_limit: int
    container_length_limit: int
    trans: Source


def encode(value: Any, within: type | None = None) -> bytes:
    """A struct, union or exception as bytes. Raises InvalidValue; what no check foresaw names `within`, if given."""
    info = type(value).__thrift__
    try:
        info.check(value)
        return encode_binary(value, info.type_arguments)
    except InvalidValue:
        raise
    except Exception as error:
        name = within.__thrift__.name if within else info.name
        raise InvalidValue(f"{name}: {type(error).__name__} while writing") from None


def decode(struct: type[Value], data: bytes, offset: int = 0, limits: Limits = LIMITS) -> Value:
    """The value that fills `data` from `offset` to its end. Raises Malformed."""
    if len(data) - offset > limits.body_bytes_max:
        raise Malformed("the message is too large")
    type_arguments, body = struct.__thrift__.type_arguments, data[offset:] if offset else data
    try:
        value = decode_binary(None, reader_of(body, limits), type_arguments)
        if encode_binary(value, type_arguments) != body:
            strict.walk(data, offset, struct, limits)
    except Exception as error:
        raise Malformed(reason_of(error)) from None
    return value


def decode_exact(struct: type[Value], data: bytes, limits: Limits = LIMITS) -> Value | None:
    """The value that would be written as just these bytes; None when there is none, or they need a closer look."""
    type_arguments = struct.__thrift__.type_arguments
    reader = reader_of(data, limits)
    try:
        value = decode_binary(None, reader, type_arguments)
        return value if encode_binary(value, type_arguments) == data else None
    except Exception:
        return None


def reader_of(data: bytes, limits: Limits) -> Reader:
    """What the C codec reads `data` with."""
    return Reader(limits.string_bytes_max, limits.container_items_max, Source(BytesIO(data)))


def reason_of(error: Exception) -> str:
    """One line for the log: only texts that cannot quote the message."""
    if isinstance(error, InvalidValue | strict.NotStrict | EOFError | OverflowError | TypeError):
        return f"{error}"
    return type(error).__name__
