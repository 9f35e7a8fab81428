"""Parts of an invoice's money that go to other shops of the same party."""

from collections.abc import Mapping
from typing import Protocol

from msgspec.structs import replace

from processing.domain.cart import Cart, cart_cost
from processing.domain.cash_flow import FinalCashFlow, FinalPosting
from processing.domain.errors import AllocationNotPermitted, InvalidAllocation, InvalidInvoiceCart
from processing.domain.money import Cash, Decimal, share
from processing.domain.values import Value


class AllocationTarget(Value):
    shop_id: str


class FixedFee(Value, tag="fixed"):
    fixed: Cash


class ShareFee(Value, tag="share"):
    """Part of the transaction's total."""

    share: Decimal


AllocationFee = FixedFee | ShareFee


class AllocationAmount(Value, tag="amount"):
    """The target gets exactly this."""

    amount: Cash


class AllocationTotal(Value, tag="total"):
    """The target gets `total` less `fee`; `amount` and `fee_amount` are what that came to, set by the platform."""

    total: Cash
    fee: AllocationFee
    amount: Cash | None = None
    fee_amount: Cash | None = None


AllocationBody = AllocationAmount | AllocationTotal


class AllocationTransaction(Value):
    target: AllocationTarget
    body: AllocationBody
    cart: Cart | None = None


Allocation = tuple[AllocationTransaction, ...]

DECIMAL_EXP_MAX = 18


class Shop(Protocol):
    """What an allocation needs to know of a shop; `settlement` is a ledger account id."""

    id: str
    party_id: str
    currency: str
    settlement: int


def checked(
    allocation: Allocation, cost: Cash, shop: Shop, targets: Mapping[str, Shop], is_allowed: bool
) -> Allocation:
    """The allocation with the amounts that it comes to.

    Raises AllocationNotPermitted; InvalidAllocation when it is empty, a shop is unknown, repeated or the invoice's
    own, currencies differ, a cart does not come to its part, a fee eats the part up, or the parts exceed the cost.
    """
    if not is_allowed:
        raise AllocationNotPermitted
    if not allocation:
        raise InvalidAllocation("the allocation is empty")
    _check_targets(allocation, cost, shop, targets)
    computed = tuple(_computed(transaction, cost.currency) for transaction in allocation)
    if sum(gross(transaction).amount for transaction in computed) > cost.amount:
        raise InvalidAllocation("the parts exceed the amount")
    return computed


def gross(transaction: AllocationTransaction) -> Cash:
    """The part of the invoice that the transaction speaks of, fee included."""
    body = transaction.body
    return body.amount if isinstance(body, AllocationAmount) else body.total


def net(transaction: AllocationTransaction) -> Cash:
    """What the target shop gets, of a checked transaction."""
    assert transaction.body.amount is not None
    return transaction.body.amount


def accounts_of(allocation: Allocation | None, targets: Mapping[str, Shop]) -> dict[str, int]:
    """Target shop id -> its settlement account."""
    return {part.target.shop_id: targets[part.target.shop_id].settlement for part in allocation or ()}


def postings(allocation: Allocation | None, from_id: int, accounts: Mapping[str, int]) -> FinalCashFlow:
    """From the invoice's shop to the targets."""
    return tuple(
        FinalPosting(
            source="merchant.settlement",
            destination="merchant.settlement",
            from_id=from_id,
            to_id=accounts[part.target.shop_id],
            cash=net(part),
            details=f"allocation to {part.target.shop_id}",
        )
        for part in allocation or ()
    )


def _check_targets(allocation: Allocation, cost: Cash, shop: Shop, targets: Mapping[str, Shop]) -> None:
    ids = [part.target.shop_id for part in allocation]
    if len(set(ids)) != len(ids):
        raise InvalidAllocation("a shop is named twice")
    if shop.id in ids:
        raise InvalidAllocation("the invoice's own shop needs no allocation")
    for shop_id in ids:
        target = targets.get(shop_id)
        if target is None or target.party_id != shop.party_id:
            raise InvalidAllocation(f"no shop {shop_id}")
        if target.currency != cost.currency:
            raise InvalidAllocation(f"shop {shop_id} does not sell in {cost.currency}")


def _computed(transaction: AllocationTransaction, currency: str) -> AllocationTransaction:
    part = gross(transaction)
    if part.currency != currency:
        raise InvalidAllocation(f"a part is in {part.currency}, not in {currency}")
    if part.amount < 1:
        raise InvalidAllocation("a part is below 1")
    if transaction.cart is not None and _cart_sum(transaction.cart, currency) != part:
        raise InvalidAllocation("a cart does not come to its part")
    if isinstance(transaction.body, AllocationAmount):
        return transaction
    return replace(transaction, body=_after_fee(transaction.body))


def _cart_sum(cart: Cart, currency: str) -> Cash:
    try:
        return cart_cost(cart, currency)
    except InvalidInvoiceCart as wrong:
        raise InvalidAllocation(wrong.reason) from wrong


def _after_fee(body: AllocationTotal) -> AllocationTotal:
    fee = _fee(body.fee, body.total)
    if fee.amount >= body.total.amount:
        raise InvalidAllocation("a fee leaves nothing of its part")
    left = Cash(amount=body.total.amount - fee.amount, currency=body.total.currency)
    return replace(body, amount=left, fee_amount=fee)


def _fee(fee: AllocationFee, total: Cash) -> Cash:
    if isinstance(fee, FixedFee):
        if fee.fixed.currency != total.currency or fee.fixed.amount < 0:
            raise InvalidAllocation("a fee is negative or in another currency")
        return fee.fixed
    if not 0 <= fee.share.exp <= DECIMAL_EXP_MAX or fee.share.m < 0:
        raise InvalidAllocation("a share is m * 10^-exp with m >= 0 and exp from 0 to 18")
    return Cash(amount=share(total.amount, fee.share.m, 10**fee.share.exp), currency=total.currency)
