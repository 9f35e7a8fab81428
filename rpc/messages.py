"""Messages: a function's name, what kind of message it is, a sequence number, and the arguments or the result.

Strict envelopes only (version 1). One exception type for whatever is wrong with received bytes: `Malformed`.
"""

import struct
from typing import Any, NamedTuple

from msgspec.structs import astuple

from rpc.codec import LIMITS, Limits, Malformed, decode, decode_exact, encode
from rpc.idl.calls import CALL, ONEWAY, REPLY, SUCCESS, VERSION
from rpc.idl.runtime import Declared, Frame, Function, InvalidValue, Service

PREFIX = struct.Struct("!II")
SEQUENCE = struct.Struct("!I")
NAME_BYTES_MAX = 256
NOTHING = b"\x00"


class UnknownFunction(Malformed):
    """The service has no function of that name."""


class Call(NamedTuple):
    """A received call; `arguments` in order of the IDL."""

    function: Function
    arguments: tuple[Any, ...]
    sequence: int
    is_oneway: bool


def encode_call(function: Function, arguments: tuple[Any, ...], sequence: int = 0) -> bytes:
    """The message of a call. Raises InvalidValue when the arguments are not those of the function."""
    frame = function.call
    if frame is not None and len(arguments) == 1 and arguments[0].__class__ is frame.struct and not sequence:
        return frame.before + encode(arguments[0], function.arguments) + NOTHING
    fields = function.arguments.__struct_fields__
    if len(arguments) != len(fields):
        raise InvalidValue(f"{function.service}.{function.name} takes {len(fields)} arguments, got {len(arguments)}")
    body = encode(function.arguments(**dict(zip(fields, arguments))))  # noqa: B905 - as many, see above
    return function.heads[ONEWAY if function.is_oneway else CALL] + SEQUENCE.pack(sequence) + body


def decode_call(service: Service, data: bytes, limits: Limits = LIMITS) -> Call:
    """The call that a message is. Raises UnknownFunction, Malformed."""
    kind, name, sequence, offset = envelope(data, limits)
    function = service.functions.get(name)
    if kind not in (CALL, ONEWAY):
        raise Malformed("the message is no call")
    if function is None:
        raise UnknownFunction(f"{service.name} has no such function")
    if function.is_oneway != (kind == ONEWAY):
        raise Malformed("the function is called in the wrong way")
    record = decode(function.arguments, data, offset, limits)
    arguments = tuple(getattr(record, name) for name in record.__struct_fields__)
    return Call(function, arguments, sequence, kind == ONEWAY)


def encode_result(function: Function, sequence: int, value: Any) -> bytes:
    """The answer of a function that came to its end. Raises InvalidValue when the value is not of its type."""
    if function.returns is None:
        if value is not None:
            raise InvalidValue(f"{function.service}.{function.name} answers nothing")
        return function.heads[REPLY] + SEQUENCE.pack(sequence) + NOTHING
    if value is None:
        raise InvalidValue(f"{function.service}.{function.name} must answer")
    return function.heads[REPLY] + SEQUENCE.pack(sequence) + encode(function.result(**{SUCCESS: value}))


def encode_exception(function: Function, sequence: int, exception: Declared) -> bytes:
    """The answer of a function that raised one of its declared exceptions. Raises InvalidValue for any other."""
    attribute = function.throws.get(type(exception))
    if attribute is None:
        raise InvalidValue(f"{function.service}.{function.name} does not declare {type(exception).__name__}")
    return function.heads[REPLY] + SEQUENCE.pack(sequence) + encode(function.result(**{attribute: exception}))


def decode_reply(function: Function, data: bytes, sequence: int = 0, limits: Limits = LIMITS) -> Any:
    """The function's result; None of a void one. Raises the declared exception that the message carries, or Malformed.

    An answer that carries only members unknown here is refused: it may be an exception that a newer peer declares.
    """
    frame = function.reply
    value = framed(frame, data, limits) if frame is not None and not sequence else None
    if value is not None:
        return value
    head = function.heads[REPLY] + SEQUENCE.pack(sequence)
    offset = len(head)
    if not data.startswith(head) or len(data) > limits.body_bytes_max:
        envelope(data, limits)
        raise Malformed("the message does not answer this call")
    members = astuple(decode(function.result, data, offset, limits))
    absent = members.count(None)
    if absent == len(members) and function.returns is None and data[offset:] == NOTHING:
        return None
    if absent != len(members) - 1:
        raise Malformed("an answer has exactly one member")
    found = members[0] if members[0] is not None else next(value for value in members if value is not None)
    if isinstance(found, Declared):
        raise found
    return found


def framed(frame: Frame, data: bytes, limits: Limits) -> Any:
    """The struct of a message that holds nothing else, in the form we write ourselves; None for any other message.

    To read the others, with all that may stand beside the struct, takes 9,000 instructions more, and one that a newer
    peer added something to is read twice.
    """
    begin = len(frame.before)
    if data[:begin] != frame.before or data[-1] or len(data) > limits.body_bytes_max:
        return None
    return decode_exact(frame.struct, data[begin:-1], limits)


def envelope(data: bytes, limits: Limits) -> tuple[int, str, int, int]:
    """Kind, function name, sequence number, and where the struct begins."""
    if len(data) > limits.body_bytes_max:
        raise Malformed("the message is too large")
    if len(data) < PREFIX.size:
        raise Malformed("the message ends too early")
    mark, length = PREFIX.unpack_from(data)
    offset = PREFIX.size + length + SEQUENCE.size
    if mark & 0xFFFFFF00 != VERSION:
        raise Malformed("not a message of the strict binary protocol")
    if length > NAME_BYTES_MAX or offset > len(data):
        raise Malformed("the message ends too early")
    try:
        name = data[PREFIX.size : PREFIX.size + length].decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("a function's name is not ASCII") from None
    return mark & 0xFF, name, SEQUENCE.unpack_from(data, offset - SEQUENCE.size)[0], offset
