"""What is sold: the lines of an invoice and the sum they must come to."""

from processing.domain.errors import InvalidInvoiceCart, InvalidInvoiceCost
from processing.domain.money import AMOUNT_MAX, Cash
from processing.domain.values import Value


class TaxMode(Value):
    """`vat` is one of 0%, 10%, 18%, 20%, 10/110, 18/118, 20/120."""

    vat: str | None = None


class CartLine(Value):
    """`price` is of one piece; the line costs price * quantity."""

    product: str
    quantity: int
    price: Cash
    tax_mode: TaxMode | None = None


Cart = tuple[CartLine, ...]


class InvoiceDetails(Value):
    product: str
    description: str | None = None
    cart: Cart | None = None


class RussianBankAccount(Value, tag="russian"):
    """Where a payer may transfer the money by hand."""

    account: str
    bank_bik: str


InvoiceBankAccount = RussianBankAccount


def cart_cost(cart: Cart, currency: str) -> Cash:
    """The sum of the lines. Raises InvalidInvoiceCart when the cart is empty or a line makes no sense."""
    if not cart:
        raise InvalidInvoiceCart("the cart is empty")
    for line in cart:
        if line.price.currency != currency:
            raise InvalidInvoiceCart(f"a line is priced in {line.price.currency}, not in {currency}")
        if line.quantity < 1 or line.price.amount < 1:
            raise InvalidInvoiceCart("a line has a quantity or a price below 1")
    total = sum(line.price.amount * line.quantity for line in cart)
    if total > AMOUNT_MAX:
        raise InvalidInvoiceCart("the cart costs more than can be counted")
    return Cash(amount=total, currency=currency)


def invoice_cost(cart: Cart | None, amount: int | None, currency: str) -> Cash:
    """What an invoice asks for: the amount, the cart's sum, or both when they agree.

    Raises InvalidInvoiceCost, InvalidInvoiceCart.
    """
    if cart is None and amount is None:
        raise InvalidInvoiceCost("neither an amount nor a cart")
    if cart is None:
        return _amount_cost(amount, currency)
    total = cart_cost(cart, currency)
    if amount is not None and amount != total.amount:
        raise InvalidInvoiceCost("the amount is not the sum of the cart")
    return total


def require_sum(cart: Cart | None, cost: Cash) -> None:
    """Raises InvalidInvoiceCart when there is a cart and it does not come to the cost."""
    if cart is not None and cart_cost(cart, cost.currency) != cost:
        raise InvalidInvoiceCart("the cart does not come to the amount")


def _amount_cost(amount: int, currency: str) -> Cash:
    if not 1 <= amount <= AMOUNT_MAX:
        raise InvalidInvoiceCost("an amount is at least 1")
    return Cash(amount=amount, currency=currency)
