"""Compiles, for each struct, the check that runs before a value is written. Source text is built once, at import.

A check raises InvalidValue and names struct and field, never the value: arguments may be card data.
"""

import math
from collections.abc import Callable
from typing import Any

from rpc.idl.runtime import EnumOf, Field, InvalidValue, ListOf, MapOf, Scalar, SetOf, StructInfo, StructOf, Type

INTEGERS = ("i8", "i16", "i32", "i64")
INLINED_LINES_MAX = 32
"""The check of a smaller struct stands in those of the structs that hold it: a call costs as much as two fields."""


class Checks:
    """The checks of one schema; they call each other by name where they are large, or structs contain themselves."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"wrong": wrong}
        self.names: dict[type, str] = {}
        self.sizes: dict[type, float] = {}

    def name_of(self, struct: type) -> str:
        """The name that the check of a struct has, or will have."""
        if struct not in self.names:
            name = f"check_{len(self.names)}"
            self.names[struct] = name
            self.namespace[f"class_of_{name}"] = struct
            self.namespace[name] = lambda value: struct.__thrift__.check(value)
        return self.names[struct]

    def compile(self, struct: type) -> Callable[[Any], None]:
        """The check of one struct; the fields of all structs must be known."""
        info: StructInfo = struct.__thrift__
        name = self.name_of(struct)
        lines = self.struct_lines(struct, "value", 0)
        source = "\n".join([f"def {name}(value):", *indented(lines), " return None"])
        exec(compile(source, f"<check of {info.full_name}>", "exec"), self.namespace)  # noqa: S102 - text is ours
        return self.namespace[name]

    def struct_lines(self, struct: type, name: str, depth: int) -> list[str]:
        """Statements that look at each field of the struct in the variable `name`."""
        info: StructInfo = struct.__thrift__
        return [line for field in info.fields for line in self.field_lines(info.name, field, name, depth)]

    def field_lines(self, struct_name: str, field: Field, name: str, depth: int) -> list[str]:
        """Reads the attribute, then looks at what is there."""
        found = f"x{depth}"
        read = f"{found} = {name}.{field.attribute}"
        body = self.lines_of(field.type, found, f"{struct_name}.{field.name}", depth + 1)
        return [read, *body] if field.is_required else [read, f"if {found} is not None:", *indented(body)]

    def nested_lines(self, struct: type, name: str, depth: int) -> list[str]:
        """The fields of a struct within another: in place where they are few, else the call of its own check."""
        if self.size(struct) <= INLINED_LINES_MAX:
            return self.struct_lines(struct, name, depth)
        return [f"{self.name_of(struct)}({name})"]

    def size(self, struct: type) -> float:
        """How many lines look at the fields of a struct; without end where it may contain itself."""
        if struct not in self.sizes:
            self.sizes[struct] = math.inf
            self.sizes[struct] = sum(2 + self.size_of(field.type) for field in struct.__thrift__.fields)
        return self.sizes[struct]

    def is_endless(self, struct: type) -> bool:
        """Whether a struct, or one within it, may contain itself."""
        return self.size(struct) == math.inf

    def size_of(self, kind: Type) -> float:
        """How many lines look at a value of that type."""
        match kind:
            case StructOf(struct):
                return 1 + self.size(struct)
            case ListOf(item) | SetOf(item):
                return 2 + self.size_of(item)
            case MapOf(key, value):
                return 2 + self.size_of(key) + self.size_of(value)
        return 1

    def lines_of(self, kind: Type, name: str, where: str, depth: int) -> list[str]:
        """Statements that look at the variable `name`."""
        match kind:
            case Scalar():
                return [f"if {condition(kind, name)}: wrong({where!r}, {kind.name!r}, {name})"]
            case EnumOf(enum):
                members = f"members_of_{enum.__name__}_{id(enum)}"
                self.namespace[members] = frozenset(enum.names)
                condition_text = f"{name}.__class__ is not int or {name} not in {members}"
                return [f"if {condition_text}: wrong({where!r}, {enum.__name__!r}, {name})"]
            case StructOf(struct):
                made = f"class_of_{self.name_of(struct)}"
                refusal = f"if {name}.__class__ is not {made}: wrong({where!r}, {struct.__name__!r}, {name})"
                return [refusal, *self.nested_lines(struct, name, depth)]
        return self.container_lines(kind, name, where, depth)

    def container_lines(self, kind: ListOf | SetOf | MapOf, name: str, where: str, depth: int) -> list[str]:
        """Statements that look at a container and at each of its elements."""
        item, value = f"item{depth}", f"value{depth}"
        match kind:
            case ListOf(part):
                word, classes, head, parts = "list", "list, tuple", f"for {item} in {name}:", [(part, item)]
            case SetOf(part):
                word, classes, head, parts = "set", "set, frozenset", f"for {item} in {name}:", [(part, item)]
            case MapOf(key, part):
                word, classes = "map", "dict"
                head, parts = f"for {item}, {value} in {name}.items():", [(key, item), (part, value)]
        inner = [line for part, variable in parts for line in self.lines_of(part, variable, where, depth + 1)]
        return [f"if not isinstance({name}, ({classes})): wrong({where!r}, {word!r}, {name})", head, *indented(inner)]


def indented(lines: list[str]) -> list[str]:
    """The lines as the body of what stands before them."""
    return [f" {line}" for line in lines]


def condition(scalar: Scalar, name: str) -> str:
    """The expression that is true of a wrong value."""
    if scalar.name in INTEGERS:
        return f"{name}.__class__ is not int or not {scalar.lowest} <= {name} <= {scalar.highest}"
    return {
        "bool": f"{name}.__class__ is not bool",
        "double": f"{name}.__class__ is not float and {name}.__class__ is not int",
        "string": f"{name}.__class__ is not str and not isinstance({name}, str)",
        "binary": f"{name}.__class__ is not bytes",
    }[scalar.name]


def wrong(where: str, expected: str, value: Any) -> None:
    """Refuses a value."""
    found = "nothing" if value is None else type(value).__name__
    raise InvalidValue(f"{where}: {expected} expected, {found} found" + (" out of range" if found == "int" else ""))
