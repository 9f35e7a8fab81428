"""What the IDL becomes at run time: types, values of structs, unions, exceptions and enums, services.

A value is sound from its construction: required fields are there, a union has exactly one member, nothing can be
changed later. What construction does not look at (ranges, enum members, elements) is checked before a value is written.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec

HIDDEN = "***"


class InvalidValue(ValueError):
    """A value breaks its own type. The text names struct and field and never shows the value."""


# -------------------------------------------------------------------- types


@dataclass(frozen=True, slots=True)
class Scalar:
    """`code`: the type's number on the wire. `lowest`, `highest`: bounds of the integers, else 0."""

    name: str
    code: int
    lowest: int = 0
    highest: int = 0


SCALARS: dict[str, Scalar] = {
    scalar.name: scalar
    for scalar in (
        Scalar("bool", 2),
        Scalar("i8", 3, -(2**7), 2**7 - 1),
        Scalar("double", 4),
        Scalar("i16", 6, -(2**15), 2**15 - 1),
        Scalar("i32", 8, -(2**31), 2**31 - 1),
        Scalar("i64", 10, -(2**63), 2**63 - 1),
        Scalar("string", 11),
        Scalar("binary", 11),
    )
}
SCALARS["byte"] = SCALARS["i8"]


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Type"
    code: ClassVar[int] = 15


@dataclass(frozen=True, slots=True)
class SetOf:
    item: "Type"
    code: ClassVar[int] = 14


@dataclass(frozen=True, slots=True)
class MapOf:
    key: "Type"
    value: "Type"
    code: ClassVar[int] = 13


@dataclass(frozen=True, slots=True)
class EnumOf:
    enum: "type[Enum]"
    code: ClassVar[int] = 8


@dataclass(frozen=True, slots=True)
class StructOf:
    """A struct, union or exception."""

    struct: type
    code: ClassVar[int] = 12


Type = Scalar | ListOf | SetOf | MapOf | EnumOf | StructOf


@dataclass(frozen=True, slots=True)
class Field:
    """`attribute` is `name`, with an underscore behind it where Python or this module needs the word itself."""

    id: int
    name: str
    attribute: str
    type: Type
    is_required: bool
    default: Any = None
    is_redacted: bool = False
    declared: str = ""
    doc: str = ""


@dataclass(slots=True)
class StructInfo:
    """What is known of a class; its `__thrift__`. `type_arguments` is what the C codec wants: [class, fields by id]."""

    name: str
    module: str
    kind: str
    doc: str
    fields: tuple[Field, ...] = ()
    type_arguments: list[Any] = field(default_factory=list)
    check: Callable[[Any], None] | None = None

    @property
    def full_name(self) -> str:
        """domain.Cash"""
        return f"{self.module}.{self.name}"


# ------------------------------------------------------------------- values


def shown(value: Any) -> str:
    """Cash(amount=1, currency='RUB'); absent fields are left out, redacted ones masked."""
    info = type(value).__thrift__
    parts = (
        f"{field.attribute}={HIDDEN if field.is_redacted else repr(getattr(value, field.attribute))}"
        for field in info.fields
        if getattr(value, field.attribute) is not None
    )
    return f"{info.name}({', '.join(parts)})"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A struct. Keyword arguments only; an absent optional field is None. TypeError when a required one is missing."""

    __thrift__: ClassVar[StructInfo]
    __repr__ = shown


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A union: exactly one member is set, or InvalidValue."""

    __thrift__: ClassVar[StructInfo]
    __repr__ = shown

    def which(self) -> str:
        """The name of the member that is set."""
        for attribute in self.__struct_fields__:
            if getattr(self, attribute) is not None:
                return attribute
        raise InvalidValue(f"{type(self).__name__} has no member")

    @property
    def value(self) -> Any:
        """The member that is set."""
        return getattr(self, self.which())


def refuse_members(choice: Choice, found: int) -> None:
    """Called by a union's `__post_init__` (`classes.member_check`)."""
    raise InvalidValue(f"{type(choice).__name__} takes exactly one member, got {found}")


class Declared(Exception):
    """An exception of the IDL: an answer that a function declares under `throws`. Equal when class and fields are.

    Fields cannot be changed. The C codec, too, counts on that: it builds a class that has its own `__setattr__` from
    keyword arguments, any other one field by field.
    """

    __thrift__: ClassVar[StructInfo]
    __repr__ = shown
    __str__ = shown

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.__dict__ and any(name == field.attribute for field in self.__thrift__.fields):
            raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")
        Exception.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        names = [field.attribute for field in self.__thrift__.fields]
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def __hash__(self) -> int:
        return hash(type(self))


class Enum:
    """Members are int constants of the class: `InvoiceStatus.PAID`. A reader may meet numbers without a name here."""

    names: ClassVar[dict[int, str]]
    numbers: ClassVar[dict[str, int]]
    doc: ClassVar[str]

    @classmethod
    def name_of(cls, number: int) -> str | None:
        """1 -> "PAID"; None for a number unknown here."""
        return cls.names.get(number)

    @classmethod
    def number_of(cls, name: str) -> int | None:
        """ "PAID" -> 1; None for a name unknown here."""
        return cls.numbers.get(name)


# ----------------------------------------------------------------- services


class Frame(msgspec.Struct, frozen=True):
    """What stands around a struct that is all a message holds: the bytes `before` it, and one zero behind it.

    The message's sequence number is 0.
    """

    struct: type
    before: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """`arguments` and `result` are Records that travel inside messages; `returns` is None for void.

    `throws`: exception class -> attribute of `result`. `heads`: kind of message -> its first bytes, up to the sequence
    number. `call`: around the only argument, `reply`: around the result; None where that is no struct, or one
    that may contain itself.
    """

    service: str
    name: str
    arguments: type[Record]
    result: type[Record]
    returns: Type | None
    throws: dict[type[Declared], str]
    is_oneway: bool
    doc: str
    declared: str
    heads: dict[int, bytes]
    call: Frame | None
    reply: Frame | None


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """`functions`: name -> function, inherited ones first."""

    name: str
    module: str
    functions: dict[str, Function]
    doc: str
