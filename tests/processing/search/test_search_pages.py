"""Searching over the real wire: pages join to the whole, stand while others write, and are read from an index."""

import random
import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.domain.cart import InvoiceDetails
from processing.search import queries
from rpc.client import BlockingClient
from rpc.protocol import search
from tests.processing.sandbox import NOW, PARTY, SHOP
from tests.processing.search.searches import QUERIES, STATUS, P, asked, calls, invoices
from tests.processing.search.shelf import Shelf, since_epoch


def walk(client: BlockingClient, function: str, limit: int, **fields: Any) -> list[list[str]]:
    """The ids of each page till the last."""
    pages, token = [], None
    while True:
        query = QUERIES[function](limit=limit, continuation_token=token, **fields)
        page = getattr(calls(client), function)(query)
        found = page.invoices if function == "Invoices" else page.payments
        pages.append([each.id if function == "Invoices" else f"{each.invoice_id}.{each.id}" for each in found])
        token = page.continuation_token
        if token is None:
            return pages


def joined(pages: list[list[str]]) -> list[str]:
    return [name for page in pages for name in page]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 1000])
def test_pages_join_to_the_whole_result(client, limit):
    for function, whole in (("Invoices", list("abcd")), ("Payments", ["a.2", "a.1", "b.1", "d.1"])):
        pages = walk(client, function, limit)
        assert joined(pages) == whole
        assert all(len(page) == limit for page in pages[:-1])
        assert len(pages) == -(-len(whole) // limit)


def test_what_was_made_at_the_same_moment_is_paged_by_id(shelf, own_client):
    names = [f"i{number}" for number in range(7)]
    for name in names:
        shelf.put_invoice(name)
        for payment_id in ("1", "10", "2"):
            shelf.put_payment(name, payment_id)
    assert joined(walk(own_client, "Invoices", 2)) == sorted(names, reverse=True)
    expected = sorted(((name, number) for name in names for number in ("1", "10", "2")), reverse=True)
    assert joined(walk(own_client, "Payments", 4)) == [f"{name}.{number}" for name, number in expected]


def test_a_page_with_a_filter_goes_on_within_the_filter(client):
    pages = walk(client, "Payments", 1, payment=P(status=STATUS.CAPTURED))
    assert pages == [["a.2"], ["d.1"]]
    assert walk(client, "Invoices", 1, payment=P(payer_email="a@example.com")) == [["a"], ["d"]]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(st.integers(0, 5), min_size=1, max_size=20),
    limit=st.integers(1, 7),
    later=st.lists(st.integers(0, 9), max_size=10),
    dice=st.randoms(use_true_random=False),
)
def test_pages_have_neither_gaps_nor_repeats_while_others_insert(tmp_path_factory, times, limit, later, dice):
    """Whatever was there at the first page is shown once; what comes meanwhile may be shown, and then once."""
    shelf = Shelf(tmp_path_factory.mktemp("search"))
    there = [shelf.put_invoice(f"i{number:02}", at=at).id for number, at in enumerate(times)]
    coming = [(f"n{dice.randint(0, 99):02}{number}", at) for number, at in enumerate(later)]
    scope = queries.Scope(PARTY, SHOP, 0, since_epoch(NOW + timedelta(days=1)))
    seen, token = [], None
    while True:
        with shelf.database.read() as tx:
            page = queries.invoices(tx, scope, {}, {}, limit, token)
        seen += [(invoice.created_at, invoice.id) for invoice in page.items]
        if page.token is None:
            break
        token = page.token
        for name, at in coming[:2]:
            shelf.put_invoice(name, at=at)
        del coming[:2]
    ids = [name for _, name in seen]
    assert len(set(ids)) == len(ids)
    assert set(there) <= set(ids)
    assert seen == sorted(seen, reverse=True)
    shelf.database.close()


def test_pages_stand_while_a_writer_never_stops(shelf, own_client):
    """A thread makes newer invoices all the time; the walk begun before sees exactly what was there."""
    for number in range(60):
        shelf.put_invoice(f"old{number:02}", at=-number)
    there = set(invoices(own_client))
    over = threading.Event()

    def insert() -> None:
        dice = random.Random(1)
        for number in range(10_000):
            shelf.put_invoice(f"new{number:05}", at=100 + dice.random())
            if over.is_set():
                return

    writer = threading.Thread(target=insert)
    first = calls(own_client).Invoices(asked(search.InvoiceQuery, limit=5))
    writer.start()
    seen, token = [invoice.id for invoice in first.invoices], first.continuation_token
    while token:
        page = calls(own_client).Invoices(asked(search.InvoiceQuery, limit=5, continuation_token=token))
        seen += [invoice.id for invoice in page.invoices]
        token = page.continuation_token
    over.set()
    writer.join()
    assert len(seen) == len(set(seen))
    assert set(seen) == there


@pytest.mark.parametrize(("chars", "per_page"), [(1, 1), (2500, 2), (100_000, 5)])
def test_a_page_ends_where_its_items_get_too_long(both_databases, shelf, own_client, monkeypatch, chars, per_page):
    """Each invoice weighs some 1000 characters here, and nothing is left out whatever the bound."""
    monkeypatch.setattr(queries, "PAGE_CHARS_MAX", chars)
    long = InvoiceDetails(product="x" * 700)
    for number in range(5):
        shelf.put_invoice(f"i{number}", at=number, details=long)
        shelf.put_payment(f"i{number}", at=number)
        shelf.put_refund(f"i{number}", "r", at=number)
    pages = walk(own_client, "Invoices", 1000)
    assert joined(pages) == ["i4", "i3", "i2", "i1", "i0"]
    assert {len(page) for page in pages[:-1]} <= {per_page}
    assert joined(walk(own_client, "Payments", 1000)) == ["i4.1", "i3.1", "i2.1", "i1.1", "i0.1"]
    page = calls(own_client).Refunds(QUERIES["Refunds"]())
    assert page.total_count == 5 and (len(page.refunds) == 1) == (chars == 1)


@pytest.mark.parametrize(
    ("conditions", "index"),
    [
        ({}, "search_payments_newest"),
        ({"status": "captured"}, "search_payments_newest"),
        ({"rrn": "1"}, "search_payments_by_rrn"),
        ({"payer_email": "a"}, "search_payments_by_email"),
        ({"last4": "4242"}, "search_payments_by_card"),
    ],
)
def test_a_page_is_read_from_an_index_and_never_sorted(shelf, conditions, index):
    plans: list[str] = []

    class Explaining:
        def __init__(self, tx: Any) -> None:
            self.tx = tx

        def execute(self, sql: str, params: tuple = ()) -> Any:
            plans.extend(row[3] for row in self.tx.execute(f"EXPLAIN QUERY PLAN {sql}", params).all())
            return self.tx.execute(sql, params)

    shelf.put_invoice("a", at=-1)
    shelf.put_payment("a", at=-1)
    shelf.put_refund("a", "r", at=-1)
    scope = queries.Scope(PARTY, SHOP, 0, since_epoch(NOW))
    with shelf.database.read() as tx:
        queries.payments(Explaining(tx), scope, conditions, 10, None)
    assert any(index in step for step in plans)
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN p") for step in plans)
    plans.clear()
    with shelf.database.read() as tx:
        queries.invoices(Explaining(tx), scope, {}, conditions, 10, None)
        queries.refunds(Explaining(tx), scope, {}, 10, 0)
    scans = ("SCAN search", "SCAN i", "SCAN r")
    assert not any("TEMP B-TREE FOR ORDER" in step or step.startswith(scans) for step in plans)
