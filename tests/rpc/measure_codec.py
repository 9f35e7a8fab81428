"""How long messages of a usual size take, both ways: `python -m tests.rpc.measure_codec`. Best of five runs each."""

import time
from collections.abc import Callable

from rpc import strict
from rpc.codec import LIMITS, encode
from rpc.messages import decode_call, decode_reply, encode_call, encode_result
from rpc.protocol import base, domain, payment_processing

RUNS, ROUNDS = 5, 20_000


def cash(amount: int) -> domain.Cash:
    return domain.Cash(amount=amount, currency="RUB")


INVOICE = domain.Invoice(
    id="1a2b3c",
    owner_id="party-1",
    shop_id="shop-1",
    created_at="2026-03-01T12:00:00.000Z",
    due="2026-03-02T12:00:00.000Z",
    status=domain.InvoiceStatus.UNPAID,
    details=domain.InvoiceDetails(
        product="Order 5",
        description="two things",
        cart=[
            domain.CartLine(product="a", quantity=1, price=cash(100), tax_mode=domain.TaxMode(vat="20%")),
            domain.CartLine(product="b", quantity=2, price=cash(50)),
        ],
    ),
    cost=cash(200),
    context=base.Content(type="application/json", data=b'{"order":5}'),
    external_id="order-5",
    domain_revision=3,
)
CARD = domain.BankCard(
    token="t" * 22,
    payment_system="visa",
    bin="424242",
    last_digits="4242",
    exp_date=domain.ExpDate(month=1, year=2030),
)
PAYMENT = payment_processing.PaymentParams(
    id="1",
    payer=domain.Payer(
        payment_resource=domain.PaymentResourcePayer(
            payment_tool=domain.PaymentTool(bank_card=CARD),
            payment_session_id="session",
            contact_info=domain.ContactInfo(email="payer@example.com"),
            client_info=domain.ClientInfo(ip="192.0.2.1"),
        )
    ),
    flow=domain.PaymentFlow(instant=domain.InstantFlow()),
    make_recurrent=False,
)


def tell(what: str, work: Callable[[], object]) -> None:
    """Prints the best mean of the runs, in microseconds."""
    best = min(mean_us(work) for _ in range(RUNS))
    print(f"{what:46} {best:6.2f} us")


def mean_us(work: Callable[[], object]) -> float:
    """The mean of one run."""
    began = time.perf_counter()
    for _ in range(ROUNDS):
        work()
    return (time.perf_counter() - began) / ROUNDS * 1e6


if __name__ == "__main__":
    get = payment_processing.Invoicing.functions["Get"]
    start = payment_processing.Invoicing.functions["StartPayment"]
    reply, call = encode_result(get, 0, INVOICE), encode_call(start, ("1a2b3c", PAYMENT))
    tell(f"invoice, {len(reply)} bytes: check and encode", lambda: encode_result(get, 0, INVOICE))
    tell(f"invoice, {len(reply)} bytes: decode and check", lambda: decode_reply(get, reply))
    tell(f"payment, {len(call)} bytes: check and encode", lambda: encode_call(start, ("1a2b3c", PAYMENT)))
    tell(f"payment, {len(call)} bytes: decode and check", lambda: decode_call(payment_processing.Invoicing, call))
    data = encode(INVOICE)
    ROUNDS = 2_000
    tell("the slow reading of a newer peer's invoice", lambda: strict.walk(data, 0, domain.Invoice, LIMITS))
