"""A second, slow reading of a message whose bytes are not what its value would be written as.

Accepts unknown fields, fields and set elements in another order, empty containers with another element type. Refuses
a known field of a wrong type or given twice, a boolean that is neither 0 nor 1, text that is not UTF-8, a key or set
element given twice, and bytes behind the end. Must never recurse beyond 64 or allocate by a declared size.
"""

import struct
from typing import Any

from rpc.idl.runtime import EnumOf, ListOf, MapOf, Scalar, SetOf, StructOf, Type

NESTING_MAX = 64
BOOL, STRING, STRUCT, MAP, SET, LIST = 2, 11, 12, 13, 14, 15
WIDTHS = {BOOL: 1, 3: 1, 4: 8, 6: 2, 8: 4, 10: 8, 16: 16}
SIZE = struct.Struct("!i")
FIELD_ID = struct.Struct("!h")


class NotStrict(Exception):
    """The message is refused; the text says why."""


def walk(data: bytes, offset: int, root: type, limits: Any) -> None:
    """Reads one struct that must fill `data` from `offset`. Raises NotStrict."""
    reading = Walk(data, offset, limits)
    reading.struct(root, 1)
    if reading.position != len(data):
        raise NotStrict("bytes behind the end of the message")


class Walk:
    """A position in the message; every method moves it over what it read."""

    def __init__(self, data: bytes, offset: int, limits: Any) -> None:
        self.data, self.position, self.limits = data, offset, limits

    def take(self, width: int) -> bytes:
        """The next bytes, which must be there."""
        end = self.position + width
        if end > len(self.data):
            raise NotStrict("the message ends too early")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def size(self, most: int) -> int:
        """The size of a string or container."""
        size = SIZE.unpack(self.take(4))[0]
        if not 0 <= size <= most:
            raise NotStrict("a size is negative or beyond the limit")
        return size

    def struct(self, made: type | None, depth: int) -> None:
        """A struct; of an unknown one (None) every field is unknown."""
        check_depth(depth)
        known = {field.id: field for field in made.__thrift__.fields} if made else {}
        seen = set()
        while code := self.take(1)[0]:
            number = FIELD_ID.unpack(self.take(2))[0]
            field = known.get(number)
            if field is None:
                self.unknown(code, depth + 1)
                continue
            if number in seen or code != field.type.code:
                raise NotStrict(f"{made.__name__}.{field.name} has a wrong type or is given twice")
            seen.add(number)
            self.known(field.type, depth + 1)

    def known(self, kind: Type, depth: int) -> None:
        """A value of a type of ours."""
        match kind:
            case StructOf(made):
                self.struct(made, depth)
            case ListOf() | SetOf() | MapOf():
                self.container(kind, depth)
            case EnumOf():
                self.take(4)
            case Scalar(name="string"):
                check_text(self.take(self.size(self.limits.string_bytes_max)))
            case Scalar(name="binary"):
                self.take(self.size(self.limits.string_bytes_max))
            case Scalar(name="bool"):
                if self.take(1)[0] > 1:
                    raise NotStrict("a boolean is neither 0 nor 1")
            case Scalar(code=code):
                self.take(WIDTHS[code])

    def container(self, kind: ListOf | SetOf | MapOf, depth: int) -> None:
        """A list, set or map of ours; the element types say nothing while it is empty."""
        check_depth(depth)
        parts = (kind.key, kind.value) if isinstance(kind, MapOf) else (kind.item,)
        codes = self.take(len(parts))
        size = self.size(self.limits.container_items_max)
        if size and codes != bytes(part.code for part in parts):
            raise NotStrict("a container's elements have a wrong type")
        seen = set()
        for _ in range(size):
            start = self.position
            self.known(parts[0], depth + 1)
            if not isinstance(kind, ListOf):
                element = self.data[start : self.position]
                if element in seen:
                    raise NotStrict("a key or set element is given twice")
                seen.add(element)
            if len(parts) == 2:
                self.known(parts[1], depth + 1)

    def unknown(self, code: int, depth: int) -> None:
        """A value that only a newer peer knows: measured and passed over."""
        if code in WIDTHS:
            self.take(WIDTHS[code])
        elif code == STRING:
            self.take(self.size(self.limits.string_bytes_max))
        elif code == STRUCT:
            self.struct(None, depth)
        elif code in (MAP, SET, LIST):
            check_depth(depth)
            codes = self.take(2 if code == MAP else 1)
            for _ in range(self.size(self.limits.container_items_max)):
                for part in codes:
                    self.unknown(part, depth + 1)
        else:
            raise NotStrict("a type that does not exist")


def check_depth(depth: int) -> None:
    """Refuses nesting beyond the limit."""
    if depth > NESTING_MAX:
        raise NotStrict("nested deeper than 64")


def check_text(text: bytes) -> None:
    """Refuses what is not UTF-8."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrict("text is not UTF-8") from None
