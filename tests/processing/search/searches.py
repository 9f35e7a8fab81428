"""Searches over the real wire, and the rows that most of them look through."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from processing import parties
from processing.domain.bank import TransactionInfo
from processing.domain.statuses import InvoiceStatus, PaymentStatus, RefundStatus
from processing.services.search import SearchService
from processing.services.wire.refusals import answering
from rpc.client import BlockingClient
from rpc.context import Context
from rpc.protocol import domain, search
from rpc.server import rpc_app
from tests.fakes.loopback import listening
from tests.processing.sandbox import NOW, PARTY, SHOP
from tests.processing.search.shelf import HOLD, TERMINAL, Shelf, card, moment, payer

SECRET = b"0" * 32
CAPTURED = PaymentStatus.CAPTURED
P = search.PaymentFilter
STATUS, INVOICE = domain.PaymentStatus, domain.InvoiceStatus


@contextmanager
def served(shelf: Shelf) -> Iterator[BlockingClient]:
    app = rpc_app({"/v1/search": (search.Search, answering(SearchService(shelf.database)))}, secret=SECRET)
    with listening(app) as url:
        yield BlockingClient(upstreams={"processing": url}, secret=SECRET, caller="test")


def calls(client: BlockingClient, party_id: str = PARTY, realm: str = "external"):
    return client.bind(Context.root(meta={"user-identity.id": party_id, "user-identity.realm": realm})).search


def period(begin: float = -86400, end: float = 86400) -> search.TimeRange:
    return search.TimeRange(from_time=moment(begin), to_time=moment(end))


def asked(kind: Any, **fields: Any) -> Any:
    return kind(**{"party_id": PARTY, "shop_id": SHOP, "created": period(), "limit": 1000, **fields})


def invoices(client: BlockingClient, **fields: Any) -> list[str]:
    return [invoice.id for invoice in calls(client).Invoices(asked(search.InvoiceQuery, **fields)).invoices]


def payments(client: BlockingClient, **fields: Any) -> list[str]:
    page = calls(client).Payments(asked(search.PaymentQuery, **fields))
    return [f"{payment.invoice_id}.{payment.id}" for payment in page.payments]


def refunds(client: BlockingClient, **fields: Any) -> list[str]:
    page = calls(client).Refunds(asked(search.RefundQuery, **{"offset": 0, **fields}))
    assert page.total_count >= len(page.refunds)
    return [refund.id for refund in page.refunds]


QUERIES = {
    "Invoices": lambda **fields: asked(search.InvoiceQuery, **fields),
    "Payments": lambda **fields: asked(search.PaymentQuery, **fields),
    "Refunds": lambda **fields: asked(search.RefundQuery, **{"offset": 0, **fields}),
}


def filled(shelf: Shelf) -> None:
    """Four invoices, newest first: a has two payments, b one by terminal, c none, d one by a wallet's card."""
    shelf.put_invoice("a", at=4, amount=1000, status=InvoiceStatus.PAID)
    shelf.put_payment("a", "1", at=4, amount=1000, status=PaymentStatus.FAILED, payer=payer(email="a@example.com"))
    shelf.put_payment(
        "a",
        "2",
        at=5,
        amount=1000,
        status=CAPTURED,
        flow=HOLD,
        payer=payer(card(bin="555555", last_digits="5559", payment_system="mastercard"), ip="203.0.113.7"),
        transaction=TransactionInfo(id="t", rrn="111111111111", approval_code="OK1"),
    )
    shelf.put_invoice("b", at=3, amount=2000)
    shelf.put_payment("b", "1", at=3, amount=2000, payer=payer(TERMINAL, email="b@example.com", fingerprint="f00"))
    shelf.put_invoice("c", at=2, amount=1000, status=InvoiceStatus.CANCELLED)
    shelf.put_invoice("d", at=1, amount=3000, status=InvoiceStatus.PAID)
    wallet = card(token_provider="applepay")
    shelf.put_payment("d", "1", at=1, amount=2500, status=CAPTURED, payer=payer(wallet, email="a@example.com"))

    with shelf.database.transaction() as tx:
        new = parties.NewShop("SHOP2", "RUB", 1, "https://a.example.com", "2", None, "default")
        parties.create_shop(tx, PARTY, new, NOW)


def with_refunds(shelf: Shelf) -> None:
    shelf.put_invoice("a")
    shelf.put_payment("a", transaction=TransactionInfo(id="t", rrn="111111111111", approval_code="OK1"))
    shelf.put_refund("a", "r1", at=1, status=RefundStatus.SUCCEEDED)
    shelf.put_refund("a", "r2", at=2, transaction=TransactionInfo(id="u", rrn="222222222222", approval_code="OK2"))
    shelf.put_invoice("b")
    shelf.put_payment("b")
    shelf.put_refund("b", "r3", at=3, status=RefundStatus.FAILED)
