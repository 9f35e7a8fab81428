"""Values of the IDL <-> JSON for people and tools.

    struct, exception   object; absent fields are left out, defaults filled in
    union               object with exactly one member
    enum                its name; a number without a name stays a number
    list, set           array
    map                 object where the keys are numbers, strings or enums, else array of {"key": ..., "value": ...}
    string, binary      string where printable UTF-8, else {"content_type": "base64", "content": "..."}

Must not know files, terminals or options.
"""

import base64
import binascii
import json
import math
from typing import Any

from rpc.idl.runtime import (
    Choice,
    EnumOf,
    Function,
    InvalidValue,
    ListOf,
    MapOf,
    Scalar,
    SetOf,
    StructOf,
    Type,
)

Json = Any
BASE64 = "base64"
LAYOUT = "\n\r\t\v\b\f\x1b"


class NotConforming(ValueError):
    """JSON does not fit its type. `path`: names and positions from the top; `reason`: a phrase without the value."""

    def __init__(self, path: tuple[str | int, ...], reason: str) -> None:
        super().__init__(f"{'.'.join(map(str, path)) or 'the value'}: {reason}")
        self.path, self.reason = path, reason


class NotJson(ValueError):
    """Text is not strict JSON; the message is a sentence."""


def parse_json(text: str, where: str) -> Json:
    """Strict JSON: no NaN, no member given twice. Raises NotJson; `where` opens its message."""

    def once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        if len(dict(pairs)) != len(pairs):
            raise NotJson(f"{where} names a member twice.")
        return dict(pairs)

    def never(word: str) -> None:
        raise NotJson(f"{where} is not JSON: {word}.")

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=never)
    except NotJson:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJson(f"{where} is not JSON: {error}.") from error


# ------------------------------------------------------------------ to JSON


def to_json(kind: Type, value: Any) -> Json:
    """A value as JSON. The value must be of its type."""
    match kind:
        case StructOf():
            return struct_to_json(value)
        case EnumOf(enum):
            return enum.names.get(value, value)
        case ListOf(item):
            return [to_json(item, part) for part in value]
        case SetOf(item):
            return [to_json(item, part) for part in sorted(value)]
        case MapOf(key, part) if has_plain_keys(key):
            return {key_to_json(key, name): to_json(part, held) for name, held in value.items()}
        case MapOf(key, part):
            return [{"key": to_json(key, name), "value": to_json(part, held)} for name, held in value.items()]
        case Scalar(name="string"):
            return text_to_json(value, value.encode())
        case Scalar(name="binary"):
            return text_to_json(readable(value), value)
        case Scalar(name="double") if not math.isfinite(value):
            return str(value)
    return value


def struct_to_json(value: Any) -> dict[str, Json]:
    """A struct, union or exception as an object."""
    return {
        field.name: to_json(field.type, held)
        for field in value.__thrift__.fields
        if (held := getattr(value, field.attribute)) is not None
    }


def text_to_json(text: str | None, content: bytes) -> Json:
    """Readable text as itself, everything else as base64."""
    if text is not None and all(char.isprintable() or char in LAYOUT for char in text):
        return text
    return {"content_type": BASE64, "content": base64.b64encode(content).decode()}


def readable(content: bytes) -> str | None:
    """Bytes as text, None when they are none."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def key_to_json(kind: Type, key: Any) -> str:
    """A map's key as the name of an object's member."""
    return str(to_json(kind, key)) if not isinstance(kind, Scalar) or kind.name != "string" else key


def has_plain_keys(kind: Type) -> bool:
    """Whether a map of such keys is written as an object."""
    return isinstance(kind, EnumOf) or (isinstance(kind, Scalar) and kind.name not in ("bool", "binary"))


# ---------------------------------------------------------------- from JSON


def from_json(kind: Type, data: Json, path: tuple[str | int, ...] = ()) -> Any:
    """The value that JSON stands for. Raises NotConforming."""
    match kind:
        case StructOf(struct):
            return struct_from_json(struct, data, path)
        case EnumOf(enum):
            number = enum.numbers.get(data) if isinstance(data, str) else None
            if number is None:
                raise NotConforming(path, f"one of {', '.join(enum.numbers)} expected")
            return number
        case ListOf(item):
            return [from_json(item, part, (*path, index)) for index, part in enumerate(needed(data, list, path))]
        case SetOf(item):
            return set_from_json(item, needed(data, list, path), path)
        case MapOf(key, part):
            return map_from_json(key, part, data, path)
    return scalar_from_json(kind, data, path)


def struct_from_json(struct: type, data: Json, path: tuple[str | int, ...]) -> Any:
    """An object as a struct, union or exception."""
    known = {field.name: field for field in struct.__thrift__.fields}
    members = {}
    for name, held in needed(data, dict, path).items():
        if name not in known:
            raise NotConforming((*path, name), f"{struct.__name__} has no such field")
        members[known[name].attribute] = from_json(known[name].type, held, (*path, name))
    for field in known.values():
        if field.is_required and field.default is None and field.attribute not in members:
            raise NotConforming((*path, field.name), "required")
    if issubclass(struct, Choice) and len(members) != 1:
        raise NotConforming(path, f"exactly one of {', '.join(known)} expected")
    return struct(**members)


def set_from_json(item: Type, data: list[Json], path: tuple[str | int, ...]) -> set[Any]:
    """An array as a set."""
    made: set[Any] = set()
    for index, part in enumerate(data):
        element = from_json(item, part, (*path, index))
        if element in made:
            raise NotConforming((*path, index), "given twice")
        made.add(element)
    return made


def map_from_json(key: Type, part: Type, data: Json, path: tuple[str | int, ...]) -> dict[Any, Any]:
    """An object, or an array of keys and values, as a map."""
    made: dict[Any, Any] = {}
    if has_plain_keys(key):
        pairs = [(key_from_json(key, name, path), held, name) for name, held in needed(data, dict, path).items()]
    else:
        pairs = [
            (from_json(key, member(pair, "key", path, index), (*path, index, "key")), pair.get("value"), index)
            for index, pair in enumerate(needed(data, list, path))
        ]
    for name, held, step in pairs:
        if name in made:
            raise NotConforming((*path, step), "key given twice")
        made[name] = from_json(part, held, (*path, step))
    return made


def member(pair: Json, name: str, path: tuple[str | int, ...], index: int) -> Json:
    """A part of a {"key", "value"} pair."""
    if not isinstance(pair, dict) or set(pair) != {"key", "value"}:
        raise NotConforming((*path, index), 'an object of "key" and "value" expected')
    return pair[name]


def key_from_json(kind: Type, name: str, path: tuple[str | int, ...]) -> Any:
    """The name of an object's member as a map's key."""
    if isinstance(kind, EnumOf) or kind.name == "string":
        return from_json(kind, name, (*path, name))
    try:
        number = float(name) if kind.name == "double" else int(name)
    except ValueError:
        raise NotConforming((*path, name), f"a key of type {kind.name} expected") from None
    return from_json(kind, number, (*path, name))


def scalar_from_json(kind: Scalar, data: Json, path: tuple[str | int, ...]) -> Any:
    """A boolean, number, string or binary."""
    if kind.name == "bool":
        return needed(data, bool, path)
    if kind.name == "double":
        if data in ("nan", "inf", "-inf"):
            return float(data)
        if isinstance(data, bool) or not isinstance(data, int | float):
            raise NotConforming(path, "number expected")
        return float(data)
    if kind.name in ("string", "binary"):
        return text_from_json(kind, data, path)
    if type(data) is not int:
        raise NotConforming(path, "integer expected")
    if not kind.lowest <= data <= kind.highest:
        raise NotConforming(path, f"out of range of {kind.name}")
    return data


def text_from_json(kind: Scalar, data: Json, path: tuple[str | int, ...]) -> str | bytes:
    """A string or binary, in either of its forms."""
    try:
        content = data.encode() if isinstance(data, str) else None
        if isinstance(data, dict) and set(data) == {"content_type", "content"} and data["content_type"] == BASE64:
            content = base64.b64decode(data["content"], validate=True)
        if content is not None:
            return content.decode() if kind.name == "string" else content
    except (UnicodeError, binascii.Error, TypeError, ValueError):
        pass
    raise NotConforming(path, f"{kind.name} expected")


def needed(data: Json, kind: type, path: tuple[str | int, ...]) -> Any:
    """The data, which must be of that JSON type."""
    if type(data) is not kind:
        word = {list: "array", dict: "object", bool: "boolean"}[kind]
        raise NotConforming(path, f"{word} expected")
    return data


# ---------------------------------------------------------------- functions


def arguments_from_json(function: Function, data: list[Json]) -> tuple[Any, ...]:
    """Positional arguments. Raises NotConforming, whose path begins with the argument's position, from 1."""
    fields = function.arguments.__thrift__.fields
    if len(data) != len(fields):
        raise InvalidValue(f"{function.service}.{function.name} takes {len(fields)} parameters, got {len(data)}")
    return tuple(from_json(field.type, data[index], (index + 1,)) for index, field in enumerate(fields))
