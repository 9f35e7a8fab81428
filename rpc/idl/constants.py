"""Literals of the IDL -> values of their types: defaults of fields and constants."""

from collections.abc import Callable
from typing import Any

from rpc.idl.lexer import IdlError
from rpc.idl.runtime import EnumOf, ListOf, MapOf, Scalar, SetOf, Type
from rpc.idl.tree import Reference

LookUp = Callable[[str], Any]


def literal(value: Any, kind: Type, look_up: LookUp, place: str) -> Any:
    """The value that a literal stands for. Raises IdlError when it does not fit the type."""
    if isinstance(value, Reference):
        found = look_up(value.name)
        if found is None:
            raise IdlError(f"{place}: {value.name} is not defined before its use.")
        value = found
    made = convert(value, kind, look_up, place)
    if made is None:
        raise IdlError(f"{place}: the value does not fit its type.")
    return made


def convert(value: Any, kind: Type, look_up: LookUp, place: str) -> Any:
    """The value in the type's own form; None when it does not fit."""
    match kind:
        case Scalar():
            return scalar(value, kind)
        case EnumOf(enum):
            return value if value in enum.names else None
        case ListOf(item) if isinstance(value, list):
            return [literal(part, item, look_up, place) for part in value]
        case SetOf(item) if isinstance(value, list | set):
            return {literal(part, item, look_up, place) for part in value}
        case MapOf(key, part) if isinstance(value, dict):
            return {literal(k, key, look_up, place): literal(v, part, look_up, place) for k, v in value.items()}
    raise IdlError(f"{place}: a struct cannot have a default or be a constant here.")


def scalar(value: Any, kind: Scalar) -> Any:
    """A scalar literal, None when it does not fit."""
    if kind.name == "bool":
        return bool(value) if value in (True, False) else None
    if kind.name == "double":
        return float(value) if isinstance(value, int | float) else None
    if kind.name in ("string", "binary"):
        text = value if isinstance(value, str) else None
        return text.encode() if text is not None and kind.name == "binary" else text
    return value if type(value) is int and kind.lowest <= value <= kind.highest else None
