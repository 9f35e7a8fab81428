"""A search that names no shop finds what all shops of the party have, in one order, page after page."""

from pathlib import Path

import pytest

from processing import parties
from processing.domain.commands import BeginSessionCall
from processing.search import projection
from processing.services.search import SearchService
from rpc.protocol import search
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import CONTRACT, NOW, PARTY, SHOP, TRACE, Sandbox, approved, next_call
from tests.processing.search.shelf import Shelf

pytestmark = pytest.mark.usefixtures("both_databases")

EVER = search.TimeRange(from_time="2026-01-01T00:00:00Z", to_time="2027-01-01T00:00:00Z")
SHOPS = (SHOP, "SHOP2", "SHOP3")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Three shops whose invoices, payments and refunds take turns; two of each begin at the same moment."""
    shelf = Shelf(tmp_path)
    with shelf.database.transaction() as tx:
        for shop_id in SHOPS[1:]:
            new = parties.NewShop(shop_id, "RUB", 1, "https://shop.example.com", "Another", None, CONTRACT)
            parties.create_shop(tx, PARTY, new, NOW)
    for number in range(9):
        at = number // 2 - 10
        shelf.put_invoice(f"i{number}", at=at, shop_id=SHOPS[number % 3])
        shelf.put_payment(f"i{number}", at=at)
        shelf.put_refund(f"i{number}", f"r{number}", at=at)
    return shelf


@pytest.fixture
def asked(shelf: Shelf) -> Asked:
    return Asked(SearchService(shelf.database), as_party(PARTY))


def pages(call, query, items: str, **more) -> list[list]:
    """Every page of a search, two items each."""
    found, token = [], None
    while True:
        page = call(query(party_id=PARTY, created=EVER, limit=2, continuation_token=token, **more))
        found.append(getattr(page, items))
        token = page.continuation_token
        if token is None:
            return found


SEARCHES = [
    ("Invoices", search.InvoiceQuery, "invoices", {}),
    ("Payments", search.PaymentQuery, "payments", {}),
    ("Refunds", search.RefundQuery, "refunds", {"offset": 0}),
]


@pytest.mark.parametrize(("call", "query", "items", "more"), SEARCHES)
def test_pages_of_all_shops_hold_everything_once_newest_first(asked: Asked, call: str, query, items: str, more: dict):
    found = [one for page in pages(getattr(asked, call), query, items, **more) for one in page]
    assert len(found) == 9
    assert len({(one.id, getattr(one, "invoice_id", "")) for one in found}) == 9
    assert {one.shop_id for one in found} == set(SHOPS)
    moments = [one.created_at for one in found]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(("call", "query", "items", "more"), SEARCHES)
def test_one_shop_has_its_own_alone(asked: Asked, call: str, query, items: str, more: dict):
    found = [one for page in pages(getattr(asked, call), query, items, shop_id=SHOP, **more) for one in page]
    assert [one.shop_id for one in found] == [SHOP] * 3


@pytest.mark.parametrize(("call", "query", "items", "more"), SEARCHES)
def test_a_token_of_one_search_is_none_of_another(asked: Asked, call: str, query, items: str, more: dict):
    token = getattr(asked, call)(query(party_id=PARTY, created=EVER, limit=2, **more)).continuation_token
    with pytest.raises(search.BadToken):
        getattr(asked, call)(
            query(party_id=PARTY, shop_id=SHOP, created=EVER, limit=2, continuation_token=token, **more)
        )


def test_refunds_are_counted_on_the_first_page(asked: Asked):
    first = asked.Refunds(search.RefundQuery(party_id=PARTY, created=EVER, limit=2, offset=0))
    assert (first.total_count, len(first.refunds)) == (9, 2)


def test_an_offset_passes_over_the_newest_of_all_shops(asked: Asked):
    every = [one.id for page in pages(asked.Invoices, search.InvoiceQuery, "invoices") for one in page]
    page = asked.Invoices(search.InvoiceQuery(party_id=PARTY, created=EVER, limit=3, offset=4))
    assert [one.id for one in page.invoices] == every[4:7]
    assert page.total_count == 9


def test_a_party_without_shops_has_nothing(shelf: Shelf):
    with shelf.database.transaction() as tx:
        parties.create(tx, "empty", None, NOW)
    asked = Asked(SearchService(shelf.database), as_party("empty"))
    assert asked.Invoices(search.InvoiceQuery(party_id="empty", created=EVER, limit=2)).invoices == []


def test_what_a_search_finds_has_the_revision_that_it_has_when_it_is_read(tmp_path: Path):
    sandbox = Sandbox(tmp_path, [projection.project])
    sandbox.paying_invoice()
    asked = Asked(SearchService(sandbox.database), as_party(PARTY))
    for _ in range(2):
        sandbox.machines.execute("inv1", BeginSessionCall(payment_id="1"), TRACE)
        machine = sandbox.machines.get("inv1")
        machine = sandbox.machines.execute("inv1", approved(next_call(machine), machine), TRACE).state
        [invoice] = asked.Invoices(search.InvoiceQuery(party_id=PARTY, created=EVER, limit=1)).invoices
        [payment] = asked.Payments(search.PaymentQuery(party_id=PARTY, created=EVER, limit=1)).payments
        assert (invoice.revision, payment.revision) == (machine.revision, machine.payments[0].revision)
    assert invoice.revision > 1
    assert payment.revision > 3
