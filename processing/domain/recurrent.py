"""A payment that repeats an agreed one: the payer is not there, the tool is the parent's."""

from msgspec.structs import replace

from processing.domain.errors import InvalidRecurrentParent
from processing.domain.payer import Payer, RecurrentPayer
from processing.domain.payment_tool import PaymentTool
from processing.domain.state import Payment
from processing.domain.statuses import PaymentStatus


def with_parent_tool(payer: Payer, parent: Payment | None, owner_id: str, shop_id: str) -> Payer:
    """The payer with the payment tool filled in. Raises InvalidRecurrentParent."""
    if not isinstance(payer, RecurrentPayer):
        return payer
    if parent is None or (parent.owner_id, parent.shop_id) != (owner_id, shop_id):
        raise InvalidRecurrentParent("no such payment of this shop")
    if not parent.make_recurrent:
        raise InvalidRecurrentParent("the parent payment was not made recurrent")
    if parent.status is not PaymentStatus.CAPTURED:
        raise InvalidRecurrentParent("the parent payment is not captured")
    return replace(payer, payment_tool=tool_of(parent.payer))


def tool_of(payer: Payer) -> PaymentTool:
    """What the payer pays with, of a payment that was started."""
    assert payer.payment_tool is not None
    return payer.payment_tool
