"""Lines of an invoice: JSON <-> domain.Cart. In JSON a line has no currency of its own: what holds the cart says it."""

from capi_v2.shapes.absent import Json
from rpc.protocol import domain


def cart_to_thrift(lines: list[Json], currency: str) -> list[domain.CartLine]:
    return [_line_to_thrift(line, currency) for line in lines]


def cart_to_json(cart: list[domain.CartLine]) -> list[Json]:
    return [_line_to_json(line) for line in cart]


def tax_mode_to_thrift(tax_mode: Json) -> domain.TaxMode:
    return domain.TaxMode(vat=tax_mode["rate"])


def tax_mode_to_json(tax_mode: domain.TaxMode) -> Json | None:
    """None for a kind of tax that this version cannot say."""
    return None if tax_mode.vat is None else {"type": "InvoiceLineTaxVAT", "rate": tax_mode.vat}


def _line_to_thrift(line: Json, currency: str) -> domain.CartLine:
    return domain.CartLine(
        product=line["product"],
        quantity=line["quantity"],
        price=domain.Cash(amount=line["price"], currency=currency),
        tax_mode=tax_mode_to_thrift(line["taxMode"]) if "taxMode" in line else None,
    )


def _line_to_json(line: domain.CartLine) -> Json:
    price, quantity = line.price.amount, line.quantity
    shown = {"product": line.product, "quantity": quantity, "price": price, "cost": price * quantity}
    if line.tax_mode is not None and (tax_mode := tax_mode_to_json(line.tax_mode)):
        shown["taxMode"] = tax_mode
    return shown
