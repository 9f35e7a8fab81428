"""The parsed IDL: what stands in a file, names not yet looked up."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TypeName:
    """`i64`, `base.ID`, or a container with its parts: TypeName("map", (key, value))."""

    name: str
    parts: tuple["TypeName", ...] = ()

    def __str__(self) -> str:
        return f"{self.name}<{', '.join(map(str, self.parts))}>" if self.parts else self.name


@dataclass(frozen=True, slots=True)
class Reference:
    """A constant or an enum's member used as a value."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """`requiredness` is "required", "optional" or "" (neither word stands there); `default` is None or a literal."""

    id: int
    name: str
    type: TypeName
    requiredness: str
    default: Any
    annotations: dict[str, str]
    doc: str
    line: int


@dataclass(frozen=True, slots=True)
class Typedef:
    name: str
    type: TypeName
    doc: str


@dataclass(frozen=True, slots=True)
class Constant:
    name: str
    type: TypeName
    value: Any
    doc: str
    line: int


@dataclass(frozen=True, slots=True)
class Enum:
    """`members`: name -> number, in order of the file."""

    name: str
    members: dict[str, int]
    doc: str


@dataclass(frozen=True, slots=True)
class Struct:
    """`kind` is "struct", "union" or "exception"."""

    kind: str
    name: str
    fields: tuple[Field, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class Function:
    """`result` is None for void."""

    name: str
    result: TypeName | None
    arguments: tuple[Field, ...]
    throws: tuple[Field, ...]
    is_oneway: bool
    doc: str


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    extends: str | None
    functions: tuple[Function, ...]
    doc: str


Definition = Typedef | Constant | Enum | Struct | Service


@dataclass(slots=True)
class Document:
    """One file. `name` is what other files call it: its file name without the suffix."""

    name: str
    path: Path
    doc: str = ""
    includes: list[str] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
