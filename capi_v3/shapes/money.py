"""Money: {amount, currency} <-> domain.Cash, amounts in minor units."""

from capi_v3.shapes.absent import Json
from rpc.protocol import domain


def money_to_thrift(money: Json) -> domain.Cash:
    return domain.Cash(amount=money["amount"], currency=money["currency"])


def money_to_json(cash: domain.Cash) -> Json:
    return {"amount": cash.amount, "currency": cash.currency}
