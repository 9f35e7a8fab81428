"""Compiles, for each struct, the check that runs before a value is written. Source text is built once, at import.

A check raises InvalidValue and names struct and field, never the value: arguments may be card data.
"""

from collections.abc import Callable
from typing import Any

from rpc.idl.runtime import EnumOf, Field, InvalidValue, ListOf, MapOf, Scalar, SetOf, StructInfo, StructOf, Type

INTEGERS = ("i8", "i16", "i32", "i64")


class Checks:
    """The checks of one schema; they call each other by name, so that structs may contain themselves."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"wrong": wrong}
        self.names: dict[type, str] = {}

    def name_of(self, struct: type) -> str:
        """The name that the check of a struct has, or will have."""
        if struct not in self.names:
            name = f"check_{len(self.names)}"
            self.names[struct] = name
            self.namespace[f"class_of_{name}"] = struct
            self.namespace[name] = lambda value: struct.__thrift__.check(value)
        return self.names[struct]

    def compile(self, struct: type) -> Callable[[Any], None]:
        """The check of one struct; `struct.__thrift__.fields` must be known."""
        info: StructInfo = struct.__thrift__
        name = self.name_of(struct)
        lines = [f"def {name}(value):"]
        for field in info.fields:
            lines += self.field_lines(field, f"{info.name}.{field.name}", may_be_absent=not field.is_required)
        source = "\n".join([*lines, " return None"])
        exec(compile(source, f"<check of {info.full_name}>", "exec"), self.namespace)  # noqa: S102 - text is ours
        return self.namespace[name]

    def field_lines(self, field: Field, where: str, may_be_absent: bool) -> list[str]:
        """Reads the attribute, then looks at what is there."""
        lines = [f" x = value.{field.attribute}"]
        body = self.lines_of(field.type, "x", where, 0)
        if may_be_absent:
            return [*lines, " if x is not None:", *(f"  {line}" for line in body)]
        return [*lines, *(f" {line}" for line in body)]

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
                check = self.name_of(struct)
                return [
                    f"if {name}.__class__ is not class_of_{check}: wrong({where!r}, {struct.__name__!r}, {name})",
                    f"{check}({name})",
                ]
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
        inner = [f" {line}" for part, variable in parts for line in self.lines_of(part, variable, where, depth + 1)]
        return [f"if not isinstance({name}, ({classes})): wrong({where!r}, {word!r}, {name})", head, *inner]


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
