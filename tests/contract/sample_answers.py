"""A sound answer of the platform for every function of the IDL, made from the IDL alone.

`sparse` fills the required fields only, `full` every field; both are what a version must be able to show.
"""

from functools import cache
from typing import Any

from rpc.idl.runtime import EnumOf, Field, Function, ListOf, MapOf, SetOf, StructOf, Type
from rpc.services import ALL

NESTING_MAX = 7
MOMENT = "2026-03-01T12:00:00.000Z"
BY_DECLARATION = {"Timestamp": MOMENT, "CurrencyCode": "RUB", "VatRate": "20%"}
# Texts that are more than a text.
BY_FIELD: dict[str, Any] = {
    "base.Content.type": "application/json",
    "base.Content.data": b'{"order":7}',
    "domain.BankCard.bin": "424242",
    "domain.BankCard.last_digits": "4242",
    "domain.RussianBankAccount.account": "4" * 20,
    "domain.RussianBankAccount.bank_bik": "0" * 9,
    "domain.MobileCommerce.cc": "7",
    "domain.MobileCommerce.ctn": "9161234567",
    "domain.DigitalWallet.provider": "qiwi",
    "domain.DigitalWallet.id": "79161234567",
    "domain.ContactInfo.email": "payer@example.com",
    "domain.ClientInfo.ip": "192.0.2.7",
    "domain.ClientInfo.url": "https://shop.example/pay",
    "domain.CryptoTransferRequest.amount": "0.10",
    "domain.TransactionInfo.rrn": "012345678901",
    "domain.ShopLocation.url": "https://shop.example",
    "domain_config.Country.id": "RUS",
    "webhooks.Webhook.url": "https://shop.example/hook",
}


@cache
def functions() -> dict[str, Function]:
    """Every function by "Service.Function"."""
    return {f"{row.service.name}.{name}": function for row in ALL for name, function in row.service.functions.items()}


def answers(is_full: bool, own: dict[str, Any]) -> dict[str, Any]:
    """An answer for each function; `own` are those that a version needs otherwise."""
    made = {name: answer(function, is_full) for name, function in functions().items()}
    return {**made, **own}


def answer(function: Function, is_full: bool) -> Any:
    """None for void. An answer may hold an exception's class only where a function says so."""
    return None if function.returns is None else value(function.returns, is_full, 0)


def value(kind: Type, is_full: bool, depth: int, field: Field | None = None) -> Any:
    """A value of a type; `field` is where it stands."""
    if isinstance(kind, StructOf):
        return struct(kind.struct, is_full, depth)
    if isinstance(kind, EnumOf):
        return min(kind.enum.names)
    if isinstance(kind, ListOf | SetOf):
        return [value(kind.item, is_full, depth, field)]
    if isinstance(kind, MapOf):
        return {}
    return scalar(kind.name, field)


def scalar(name: str, field: Field | None) -> Any:
    declared = field.declared.rpartition(".")[2] if field else ""
    if name == "string":
        return BY_DECLARATION.get(declared, "text")
    return {"bool": True, "binary": b"bytes", "double": 0.5}.get(name, 1)


def struct(made: type, is_full: bool, depth: int) -> Any:
    """Of a union the first member; of an optional field something only when full, and not for ever."""
    info = made.__thrift__
    wanted = info.fields[:1] if info.kind == "union" else info.fields
    return made(
        **{
            field.attribute: BY_FIELD.get(
                f"{info.full_name}.{field.name}", value(field.type, is_full, depth + 1, field)
            )
            for field in wanted
            if field.is_required or info.kind == "union" or (is_full and depth < NESTING_MAX)
        }
    )
