"""Parts of an invoice's money for other shops: JSON <-> domain.Allocation. The platform's own sums are read-only."""

from capi_v2.shapes.absent import Json, if_present, without_absent
from capi_v2.shapes.cart import cart_to_json, cart_to_thrift
from rpc.protocol import domain


def allocation_to_thrift(transactions: list[Json]) -> list[domain.AllocationTransaction]:
    return [_transaction_to_thrift(transaction) for transaction in transactions]


def allocation_to_json(allocation: list[domain.AllocationTransaction]) -> list[Json]:
    return [_transaction_to_json(transaction) for transaction in allocation]


def _transaction_to_thrift(transaction: Json) -> domain.AllocationTransaction:
    currency = transaction["currency"]
    return domain.AllocationTransaction(
        target=domain.AllocationTarget(shop_id=transaction["target"]["shopID"]),
        body=_BODY_TO_THRIFT[transaction["allocationBodyType"]](transaction, currency),
        cart=if_present(transaction.get("cart"), lambda lines: cart_to_thrift(lines, currency)),
    )


def _amount_to_thrift(transaction: Json, currency: str) -> domain.AllocationBody:
    return domain.AllocationBody(amount=domain.Cash(amount=transaction["amount"], currency=currency))


def _total_to_thrift(transaction: Json, currency: str) -> domain.AllocationBody:
    total = domain.Cash(amount=transaction["total"], currency=currency)
    fee = _FEE_TO_THRIFT[transaction["fee"]["allocationFeeType"]](transaction["fee"], currency)
    return domain.AllocationBody(total=domain.AllocationTotal(total=total, fee=fee))


def _fixed_fee_to_thrift(fee: Json, currency: str) -> domain.AllocationFee:
    return domain.AllocationFee(fixed=domain.Cash(amount=fee["amount"], currency=currency))


def _share_fee_to_thrift(fee: Json, currency: str) -> domain.AllocationFee:
    return domain.AllocationFee(share=domain.Decimal(m=fee["share"]["m"], exp=fee["share"]["exp"]))


_BODY_TO_THRIFT = {"AllocationBodyAmount": _amount_to_thrift, "AllocationBodyTotal": _total_to_thrift}
_FEE_TO_THRIFT = {"AllocationFeeFixed": _fixed_fee_to_thrift, "AllocationFeeShare": _share_fee_to_thrift}


def _transaction_to_json(transaction: domain.AllocationTransaction) -> Json:
    return without_absent(
        {
            "target": {"allocationTargetType": "AllocationTargetShop", "shopID": transaction.target.shop_id},
            **_body_to_json(transaction.body),
            "cart": if_present(transaction.cart, cart_to_json),
        }
    )


def _body_to_json(body: domain.AllocationBody) -> Json:
    if body.total is None:
        return {
            "allocationBodyType": "AllocationBodyAmount",
            "amount": body.amount.amount,
            "currency": body.amount.currency,
        }
    return {
        "allocationBodyType": "AllocationBodyTotal",
        "total": body.total.total.amount,
        "currency": body.total.total.currency,
        "amount": if_present(body.total.amount, lambda cash: cash.amount),
        "fee": _fee_to_json(body.total),
    }


def _fee_to_json(total: domain.AllocationTotal) -> Json:
    if total.fee.share is None:
        return {"allocationFeeType": "AllocationFeeFixed", "amount": total.fee.fixed.amount}
    return without_absent(
        {
            "allocationFeeType": "AllocationFeeShare",
            "share": {"m": total.fee.share.m, "exp": total.fee.share.exp},
            "amount": if_present(total.fee_amount, lambda cash: cash.amount),
        }
    )
