"""Optional fields: absent in Thrift (None) is absent in JSON (no key). Knows no object."""

from collections.abc import Callable
from typing import Any, TypeVar

Json = dict[str, Any]
A = TypeVar("A")
B = TypeVar("B")


def without_absent(fields: Json) -> Json:
    """The fields that have a value; `None` means absent, while 0, False and empty texts stay."""
    return {name: value for name, value in fields.items() if value is not None}


def if_present(value: A | None, change: Callable[[A], B]) -> B | None:
    """`change(value)`, or None for an absent value."""
    return None if value is None else change(value)
