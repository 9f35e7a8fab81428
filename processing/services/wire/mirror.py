"""Domain values <-> Thrift values where both say the same in the same words: compiled once from the two types.

`mirror(DomainType, ThriftType)` pairs fields by name, members of a union by tag, members of an enum by name, times with
RFC 3339 text. A field that only the domain has is left out of the Thrift value; a required one that the domain lacks
stops the start with its name. What is not said alike has a function of its own in the other modules of this folder.
"""

import enum
import types
import typing
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec

from processing.services.wire.times import from_text, to_text
from rpc.idl.runtime import EnumOf, ListOf, MapOf, Scalar, SetOf, StructOf, Type
from rpc.protocol import base

Convert = Callable[[Any], Any]


class CannotMirror(TypeError):
    """The two types do not say the same; the text names both."""


class Mirror(NamedTuple):
    """Both directions of one pair of types; None is None in both."""

    to_thrift: Convert
    to_domain: Convert


def mirror(domain_type: Any, thrift_struct: type) -> Mirror:
    """The pair for a domain struct (or union of structs) and a struct or union of the IDL."""
    return Mirror(*_pair(domain_type, StructOf(thrift_struct)))


def arguments(domain_type: type[msgspec.Struct], struct: type) -> Callable[[Any], dict[str, Any]]:
    """Keyword arguments for a domain struct: those of its fields that a value of `struct` says, None left out."""
    hints = typing.get_type_hints(domain_type)
    shared = {f.attribute: (hints[f.attribute], f.type) for f in struct.__thrift__.fields if f.attribute in hints}
    pairs = _Lazy(shared)

    def said(value: Any) -> dict[str, Any]:
        parts = ((name, getattr(value, name)) for name in shared)
        return {name: pairs[name].to_domain(part) for name, part in parts if part is not None}

    return said


@cache
def _pair(domain_type: Any, thrift_type: Type) -> Mirror:
    domain_type = _not_none(domain_type)
    match thrift_type:
        case Scalar():
            return _scalar(domain_type)
        case EnumOf(members):
            return _enum(domain_type, members)
        case ListOf(item) | SetOf(item):
            return _list(domain_type, item)
        case MapOf(_, value):
            return _map(domain_type, value)
        case StructOf(struct) if struct.__thrift__.kind == "union":
            return _union(domain_type, struct)
        case StructOf(struct):
            return _struct(domain_type, struct)
    raise CannotMirror(f"{domain_type} and {thrift_type}")


def _scalar(domain_type: Any) -> Mirror:
    return Mirror(to_text, from_text) if domain_type is datetime else Mirror(_same, _same)


def _enum(domain_type: type[enum.Enum], members: Any) -> Mirror:
    missing = [member.name for member in domain_type if members.number_of(member.name) is None]
    if missing:
        raise CannotMirror(f"{members.__name__} lacks {missing}")
    numbers = {member: members.number_of(member.name) for member in domain_type}
    known = {number: member for member, number in numbers.items()}

    def to_domain(number: int) -> enum.Enum:
        if number not in known:
            raise base.InvalidRequest(errors=[f"{members.__name__} {number} is not known here"])
        return known[number]

    return Mirror(numbers.__getitem__, to_domain)


def _list(domain_type: Any, item: Type) -> Mirror:
    container = typing.get_origin(domain_type)
    inner = _pair(typing.get_args(domain_type)[0], item)
    in_order = sorted if container is frozenset else list

    def to_thrift(values: Any) -> list:
        return [inner.to_thrift(value) for value in (in_order(values, key=repr) if in_order is sorted else values)]

    return Mirror(to_thrift, lambda values: container(inner.to_domain(value) for value in values))


def _map(domain_type: Any, value: Type) -> Mirror:
    inner = _pair(typing.get_args(domain_type)[1], value)
    return Mirror(
        lambda items: {key: inner.to_thrift(item) for key, item in items.items()},
        lambda items: {key: inner.to_domain(item) for key, item in items.items()},
    )


def _struct(domain_type: type[msgspec.Struct], struct: type) -> Mirror:
    hints = typing.get_type_hints(domain_type)
    names = [field.attribute for field in struct.__thrift__.fields if field.attribute in hints]
    missing = [f.name for f in struct.__thrift__.fields if f.is_required and f.attribute not in hints]
    if missing:
        raise CannotMirror(f"{domain_type.__name__} lacks {missing} of {struct.__thrift__.full_name}")
    # Pairs are looked up at the first use: a type may contain itself.
    kinds = {field.attribute: field.type for field in struct.__thrift__.fields}
    pairs = _Lazy({name: (hints[name], kinds[name]) for name in names})

    def to_thrift(value: Any) -> Any:
        said = ((name, getattr(value, name)) for name in names)
        return struct(**{name: pairs[name].to_thrift(part) for name, part in said if part is not None})

    def to_domain(value: Any) -> Any:
        said = ((name, getattr(value, name)) for name in names)
        return domain_type(**{name: pairs[name].to_domain(part) for name, part in said if part is not None})

    return Mirror(to_thrift, to_domain)


def _union(domain_type: Any, struct: type) -> Mirror:
    members = {field.attribute: field for field in struct.__thrift__.fields}
    choices = {_tag(choice): choice for choice in _choices(domain_type)}
    if list(choices) == [None]:
        return _union_of_fields(domain_type, struct)
    unknown = sorted(set(choices) - set(members))
    if unknown:
        raise CannotMirror(f"{struct.__thrift__.full_name} lacks {unknown}")
    pairs = _Lazy({tag: (choice, members[tag].type) for tag, choice in choices.items()}, _member)

    def to_thrift(value: Any) -> Any:
        tag = _tag(type(value))
        return struct(**{tag: pairs[tag].to_thrift(value)})

    def to_domain(value: Any) -> Any:
        tag = value.which()
        return pairs[tag].to_domain(value.value)

    return Mirror(to_thrift, to_domain)


def _union_of_fields(domain_type: type[msgspec.Struct], struct: type) -> Mirror:
    """A domain struct whose one set field is the member: AllocationTarget, TaxMode."""
    plain = _struct(domain_type, struct)
    return Mirror(plain.to_thrift, plain.to_domain)


def _member(choice: type[msgspec.Struct], thrift_type: Type) -> Mirror:
    """A union's member: the same struct; or the choice's only field; or true where the choice has none."""
    if isinstance(thrift_type, StructOf) and thrift_type.struct.__name__ == choice.__name__:
        return _pair(choice, thrift_type)
    fields = choice.__struct_fields__
    if not fields:
        return Mirror(lambda _: True, lambda _: choice())
    if len(fields) == 1:
        only = fields[0]
        inner = _pair(typing.get_type_hints(choice)[only], thrift_type)
        return Mirror(
            lambda value: inner.to_thrift(getattr(value, only)), lambda part: choice(**{only: inner.to_domain(part)})
        )
    return _pair(choice, thrift_type)


class _Lazy(dict):
    """name -> Mirror, made when it is first asked for."""

    def __init__(
        self, types_of: dict[str, tuple[Any, Type]], make: Callable[[Any, Type], Mirror] | None = None
    ) -> None:
        super().__init__()
        self._types_of = types_of
        self._make = make or _pair

    def __missing__(self, name: str) -> Mirror:
        self[name] = made = self._make(*self._types_of[name])
        return made


def _not_none(domain_type: Any) -> Any:
    if typing.get_origin(domain_type) in (types.UnionType, typing.Union):
        parts = [part for part in typing.get_args(domain_type) if part is not type(None)]
        return parts[0] if len(parts) == 1 else typing.Union[tuple(parts)]  # noqa: UP007 - built at run time
    return domain_type


def _choices(domain_type: Any) -> tuple[type, ...]:
    return typing.get_args(domain_type) or (domain_type,)


def _tag(choice: type[msgspec.Struct]) -> str | None:
    return choice.__struct_config__.tag


def _same(value: Any) -> Any:
    return value
