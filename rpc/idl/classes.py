"""Makes the classes of structs, unions, exceptions and enums, and the field tables that the C codec reads."""

import keyword
from typing import Any

import msgspec

from rpc.idl.runtime import (
    Choice,
    Declared,
    Enum,
    EnumOf,
    Field,
    ListOf,
    MapOf,
    Record,
    SetOf,
    StructInfo,
    StructOf,
    Type,
    refuse_members,
)

TAKEN: dict[str, set[str]] = {
    "struct": set(),
    "union": {"which", "value"},
    "exception": {"args", "with_traceback", "add_note"},
}
ENUM_TAKEN = {"names", "numbers", "doc", "name_of", "number_of"}


def attribute_of(name: str, kind: str) -> str:
    """The Python attribute for a field's name."""
    is_taken = keyword.iskeyword(name) or name.startswith("__") or name in TAKEN[kind]
    return f"{name.strip('_') if name.startswith('__') else name}_" if is_taken else name


def enum_class(name: str, module: str, members: dict[str, int], doc: str) -> type[Enum]:
    """An enum; a member that hides a method of Enum is reached through `numbers` only."""
    constants = {member: number for member, number in members.items() if member not in ENUM_TAKEN}
    tables = {
        "names": {number: member for member, number in members.items()},
        "numbers": dict(members),
        "doc": doc,
        "__slots__": (),
        "__module__": f"rpc.protocol.{module}",
        "__doc__": doc,
    }
    return type(name, (Enum,), {**constants, **tables})


def struct_class(info: StructInfo, attributes: list[tuple[str, bool, Any]]) -> type:
    """The class of a struct, union or exception. `attributes`: (name, is required, default)."""
    namespace = {"__module__": f"rpc.protocol.{info.module}", "__doc__": info.doc, "__thrift__": info}
    if info.kind == "exception":
        made = type(info.name, (Declared,), {**namespace, "__init__": constructor(info.name, attributes)})
    else:
        parent = Choice if info.kind == "union" else Record
        if parent is Choice:
            namespace["__post_init__"] = member_check(info.name, [name for name, _, _ in attributes])
        fields = [msgspec_field(*attribute) for attribute in attributes]
        made = msgspec.defstruct(info.name, fields, bases=(parent,), namespace=namespace, frozen=True, kw_only=True)
    info.type_arguments[:] = [made, ()]
    return made


def msgspec_field(name: str, is_required: bool, default: Any) -> tuple[Any, ...]:
    """A field as msgspec wants it; a container's default is copied for each value."""
    if is_required and default is None:
        return (name, Any)
    if isinstance(default, list | dict | set):
        return (name, Any, msgspec.field(default_factory=lambda: default.copy()))
    return (name, Any, default)


def member_check(name: str, members: list[str]) -> Any:
    """`__post_init__` of a union. To count the members in a tuple of them took twice as long."""
    count = " + ".join(f"(self.{member} is not None)" for member in members) or "0"
    source = f"def __post_init__(self):\n if {count} != 1:\n  refuse_members(self, {count})"
    namespace: dict[str, Any] = {"refuse_members": refuse_members}
    exec(compile(source, f"<{name}>", "exec"), namespace)  # noqa: S102 - text is made of checked identifiers
    return namespace["__post_init__"]


def constructor(name: str, attributes: list[tuple[str, bool, Any]]) -> Any:
    """`__init__` of an exception: the same arguments that a struct of these fields would take."""
    namespace: dict[str, Any] = {"defaults": {attribute: default for attribute, _, default in attributes}}
    parameters = ", ".join(
        attribute if is_required and default is None else f"{attribute}=defaults[{attribute!r}]"
        for attribute, is_required, default in attributes
    )
    lines = [f"def __init__(self{', *, ' if parameters else ''}{parameters}):", " Exception.__init__(self)"]
    lines += [f" self.{attribute} = {attribute}" for attribute, _, _ in attributes]
    exec(compile("\n".join(lines), f"<{name}>", "exec"), namespace)  # noqa: S102 - text is made of checked identifiers
    return namespace["__init__"]


def field_table(fields: tuple[Field, ...]) -> tuple[Any, ...]:
    """Fields by id: (id, type, attribute, type arguments, default), None where there is no field of that id."""
    table: list[Any] = [None] * (max((field.id for field in fields), default=-1) + 1)
    for field in fields:
        table[field.id] = (field.id, field.type.code, field.attribute, type_arguments(field.type), None)
    return tuple(table)


def type_arguments(kind: Type) -> Any:
    """The C codec's description of what a type contains. A struct's list is shared: it may be completed later."""
    match kind:
        case StructOf(struct):
            return struct.__thrift__.type_arguments
        case ListOf(item) | SetOf(item):
            return (item.code, type_arguments(item), False)
        case MapOf(key, value):
            return (key.code, type_arguments(key), value.code, type_arguments(value), False)
        case EnumOf():
            return None
    return {"string": "UTF8", "binary": "BINARY"}.get(kind.name)
