"""The kinds of configuration objects and their form in the database: JSON of these structs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from processing.domain.terms import DOCUMENTS, parse_document


class Kind(StrEnum):
    """Names of specs/thrift/domain_config.thrift's ObjectKind."""

    CURRENCY = "CURRENCY"
    CATEGORY = "CATEGORY"
    COUNTRY = "COUNTRY"
    TRADE_BLOC = "TRADE_BLOC"
    TERMS = "TERMS"
    PROVIDER = "PROVIDER"
    TERMINAL = "TERMINAL"
    ROUTING = "ROUTING"
    ACCOUNT_SET = "ACCOUNT_SET"


class Currency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`exponent`: digits after the point, 2 for RUB, 0 for JPY."""

    code: str
    name: str
    exponent: int


class Category(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`realm`: test or live."""

    id: int
    name: str
    realm: str
    description: str | None = None


class Country(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`id` is ISO 3166-1 alpha-3."""

    id: str
    name: str
    trade_blocs: tuple[str, ...] = ()


class TradeBloc(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    name: str
    description: str | None = None


class RuleDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document of `domain.terms`; `json` is kept as its author wrote it."""

    id: str
    json: str


STRUCTS: Mapping[Kind, type[msgspec.Struct]] = {
    Kind.CURRENCY: Currency,
    Kind.CATEGORY: Category,
    Kind.COUNTRY: Country,
    Kind.TRADE_BLOC: TradeBloc,
    **{Kind(name): RuleDocument for name in DOCUMENTS},
}

REALMS = ("test", "live")


class Ref(NamedTuple):
    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class ConfigObject(NamedTuple):
    """`data` is a struct of STRUCTS[ref.kind]."""

    ref: Ref
    data: Any


class InvalidObject(ValueError):
    """The object breaks the rules of its kind; the text is a sentence."""


def id_of(data: Any) -> str:
    """The id that the data itself says."""
    return data.code if isinstance(data, Currency) else str(data.id)


def check(item: ConfigObject) -> None:
    """Raises InvalidObject when the data is not of its kind, names another object, or breaks its own rules."""
    ref, data = item
    if not isinstance(data, STRUCTS[ref.kind]):
        raise InvalidObject(f"{ref}: the data is not of this kind")
    if id_of(data) != ref.id:
        raise InvalidObject(f"{ref}: the data names {id_of(data)}")
    if isinstance(data, Category) and data.realm not in REALMS:
        raise InvalidObject(f"{ref}: the realm must be test or live")
    if isinstance(data, Currency) and not 0 <= data.exponent <= 4:
        raise InvalidObject(f"{ref}: the exponent must be 0 to 4")
    if isinstance(data, RuleDocument):
        check_document(ref, data)


def check_document(ref: Ref, data: RuleDocument) -> None:
    """Raises InvalidObject with the place of the fault in the document."""
    try:
        document = parse_document(ref.kind, data.json)
    except ValueError as fault:
        raise InvalidObject(f"{ref}: {fault}") from None
    if document.id != ref.id:
        raise InvalidObject(f"{ref}: the document names {document.id}")


def encode(data: Any) -> str:
    """As stored. Equal data gives equal text."""
    return msgspec.json.encode(data).decode()


def decode(kind: Kind, text: str) -> Any:
    """The inverse of encode."""
    return msgspec.json.decode(text, type=STRUCTS[kind])
