"""The internal protocol: every file of specs/thrift as a module of this one, read once at import.

    from rpc.protocol import base, domain
    cash = domain.Cash(amount=100, currency="RUB")

Structs and unions are frozen values (`replace(value, amount=200)` makes a changed copy), exceptions can be raised,
enums hold int constants. A mistake in the IDL stops the import with file and line.
"""

from pathlib import Path
from types import ModuleType
from typing import TypeVar

import msgspec

from rpc.idl.building import load_modules

FOLDER = Path(__file__).resolve().parent.parent / "specs" / "thrift"
MODULES: dict[str, ModuleType] = load_modules(sorted(FOLDER.glob("*.thrift")))
globals().update(MODULES)

Value = TypeVar("Value", bound=msgspec.Struct)


def replace(value: Value, **changes: object) -> Value:
    """A copy of a struct with other fields; the rules of construction hold for it too."""
    return msgspec.structs.replace(value, **changes)
