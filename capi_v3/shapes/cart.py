"""Lines of what is sold: JSON <-> domain.Cart."""

from capi_v3.shapes.absent import Json, if_present, without_absent
from capi_v3.shapes.money import money_to_json, money_to_thrift
from rpc.protocol import domain
from translator.errors import Problem


def cart_to_thrift(lines: list[Json]) -> list[domain.CartLine]:
    """Raises Problem for lines of several currencies: what holds the cart has one."""
    if len({line["unitPrice"]["currency"] for line in lines}) > 1:
        raise Problem("invalid-cart", "All lines of a cart have to be in one currency", 422)
    return [_line_to_thrift(line) for line in lines]


def cart_to_json(cart: list[domain.CartLine]) -> list[Json]:
    return [_line_to_json(line) for line in cart]


def tax_rate_to_thrift(rate: str) -> domain.TaxMode:
    return domain.TaxMode(vat=rate)


def tax_rate_to_json(tax_mode: domain.TaxMode) -> str | None:
    """None for a kind of tax that this version cannot say."""
    return tax_mode.vat


def _line_to_thrift(line: Json) -> domain.CartLine:
    return domain.CartLine(
        product=line["product"],
        quantity=line["quantity"],
        price=money_to_thrift(line["unitPrice"]),
        tax_mode=if_present(line.get("taxRate"), tax_rate_to_thrift),
    )


def _line_to_json(line: domain.CartLine) -> Json:
    return without_absent(
        {
            "product": line.product,
            "quantity": line.quantity,
            "unitPrice": money_to_json(line.price),
            "total": {"amount": line.price.amount * line.quantity, "currency": line.price.currency},
            "taxRate": if_present(line.tax_mode, tax_rate_to_json),
        }
    )
