"""Searching over the real wire: filters, periods, pages and tokens, totals, owners."""

import base64
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing import parties
from processing.domain.bank import TransactionInfo
from processing.domain.cart import InvoiceDetails
from processing.domain.statuses import InvoiceStatus, PaymentStatus, RefundStatus
from processing.search import queries, tokens
from processing.services.search import SearchService
from processing.services.wire.refusals import answering
from rpc.client import BlockingClient
from rpc.context import Context
from rpc.protocol import base, domain, search
from rpc.server import rpc_app
from tests.fakes.loopback import listening
from tests.processing.sandbox import NOW, PARTY, SHOP
from tests.processing.search.shelf import HOLD, TERMINAL, Shelf, card, moment, payer, since_epoch

SECRET = b"0" * 32
PENDING, CAPTURED = PaymentStatus.PENDING, PaymentStatus.CAPTURED


@contextmanager
def served(shelf: Shelf) -> Iterator[BlockingClient]:
    app = rpc_app({"/v1/search": (search.Search, answering(SearchService(shelf.database)))}, secret=SECRET)
    with listening(app) as url:
        yield BlockingClient(upstreams={"processing": url}, secret=SECRET, caller="test")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def own_client(shelf: Shelf) -> Iterator[BlockingClient]:
    with served(shelf) as made:
        yield made


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingClient]:
    """Searches in `filled`, and so may only read."""
    shelf = Shelf(tmp_path_factory.mktemp("search"))
    filled(shelf)
    with served(shelf) as made:
        yield made


@pytest.fixture(scope="module")
def refund_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingClient]:
    shelf = Shelf(tmp_path_factory.mktemp("search"))
    with_refunds(shelf)
    with served(shelf) as made:
        yield made


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


# ----------------------------------------------------------------------------------------------------------- filters


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


P = search.PaymentFilter
STATUS, INVOICE = domain.PaymentStatus, domain.InvoiceStatus


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, "abcd"),
        ({"invoice_id": "b"}, "b"),
        ({"invoice_id": "none"}, ""),
        ({"status": INVOICE.PAID}, "ad"),
        ({"status": INVOICE.UNPAID}, "b"),
        ({"status": INVOICE.CANCELLED}, "c"),
        ({"status": INVOICE.FULFILLED}, ""),
        ({"amount": 1000}, "ac"),
        ({"amount": 1000, "status": INVOICE.PAID}, "a"),
        ({"payment": P()}, "abcd"),
        ({"payment": P(status=STATUS.CAPTURED)}, "ad"),
        ({"payment": P(status=STATUS.FAILED)}, "a"),
        ({"payment": P(status=STATUS.PENDING)}, "b"),
        ({"payment": P(flow=search.FlowKind.HOLD)}, "a"),
        ({"payment": P(flow=search.FlowKind.INSTANT)}, "abd"),
        ({"payment": P(tool=search.ToolKind.BANK_CARD)}, "ad"),
        ({"payment": P(tool=search.ToolKind.PAYMENT_TERMINAL)}, "b"),
        ({"payment": P(terminal_provider="euroset")}, "b"),
        ({"payment": P(terminal_provider="other")}, ""),
        ({"payment": P(payment_id="2")}, "a"),
        ({"payment": P(payer_email="a@example.com")}, "ad"),
        ({"payment": P(payer_email="a@example.com", status=STATUS.CAPTURED)}, "d"),
        ({"payment": P(payer_ip="203.0.113.7")}, "a"),
        ({"payment": P(payer_fingerprint="f00")}, "b"),
        ({"payment": P(customer_id="anyone")}, ""),
        ({"payment": P(token_provider="applepay")}, "d"),
        ({"payment": P(payment_system="mastercard")}, "a"),
        ({"payment": P(payment_system="visa")}, "ad"),
        ({"payment": P(first6="555555")}, "a"),
        ({"payment": P(last4="5559")}, "a"),
        ({"payment": P(last4="59")}, "a"),
        ({"payment": P(last4="2")}, "ad"),
        ({"payment": P(last4="")}, "abcd"),
        ({"payment": P(rrn="111111111111")}, "a"),
        ({"payment": P(rrn="111111111111", status=STATUS.FAILED)}, ""),
        ({"payment": P(approval_code="OK1")}, "a"),
        ({"payment": P(amount=2500)}, "d"),
        ({"payment": P(amount=2500), "amount": 3000}, "d"),
        ({"payment": P(amount=2500), "amount": 1000}, ""),
        # one payment must fit them all: a's first has the address, its second the number
        ({"payment": P(payer_email="a@example.com", first6="555555")}, ""),
        ({"created": period(2, 4)}, "bc"),
        ({"created": period(4, 5)}, "a"),
        ({"created": period(5, 6)}, ""),
        ({"created": period(4.0001, 9)}, ""),
        ({"created": period(0, 1.0001)}, "d"),
        ({"created": period(3, 3)}, ""),
    ],
)
def test_invoices_are_found_by_what_is_known_of_them_and_of_their_payments(client, fields, found):
    assert invoices(client, **fields) == list(found)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ["a.2", "a.1", "b.1", "d.1"]),
        ({"payment": P()}, ["a.2", "a.1", "b.1", "d.1"]),
        ({"invoice_id": "a"}, ["a.2", "a.1"]),
        ({"invoice_id": "a", "payment": P(payment_id="1")}, ["a.1"]),
        ({"payment": P(status=STATUS.CAPTURED)}, ["a.2", "d.1"]),
        ({"payment": P(payer_email="a@example.com")}, ["a.1", "d.1"]),
        ({"payment": P(tool=search.ToolKind.PAYMENT_TERMINAL)}, ["b.1"]),
        ({"payment": P(last4="9")}, ["a.2"]),
        ({"payment": P(rrn="111111111111", approval_code="OK1", flow=search.FlowKind.HOLD)}, ["a.2"]),
        ({"payment": P(customer_id="anyone")}, []),
        ({"payment": P(amount=1000)}, ["a.2", "a.1"]),
        ({"created": period(1, 4)}, ["b.1", "d.1"]),
        ({"created": period(5, 5.001)}, ["a.2"]),
    ],
)
def test_payments_are_found_by_what_is_known_of_them(client, fields, found):
    assert payments(client, **fields) == found


def test_a_found_payment_is_told_whole(client):
    [payment] = calls(client).Payments(asked(search.PaymentQuery, payment=P(payment_id="2"))).payments
    assert payment.payer.payment_resource.payment_tool.bank_card.bin == "555555"
    assert payment.transaction.rrn == "111111111111"
    assert payment.status == STATUS.CAPTURED


def with_refunds(shelf: Shelf) -> None:
    shelf.put_invoice("a")
    shelf.put_payment("a", transaction=TransactionInfo(id="t", rrn="111111111111", approval_code="OK1"))
    shelf.put_refund("a", "r1", at=1, status=RefundStatus.SUCCEEDED)
    shelf.put_refund("a", "r2", at=2, transaction=TransactionInfo(id="u", rrn="222222222222", approval_code="OK2"))
    shelf.put_invoice("b")
    shelf.put_payment("b")
    shelf.put_refund("b", "r3", at=3, status=RefundStatus.FAILED)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ["r3", "r2", "r1"]),
        ({"invoice_id": "a"}, ["r2", "r1"]),
        ({"payment_id": "1"}, ["r3", "r2", "r1"]),
        ({"refund_id": "r2"}, ["r2"]),
        ({"status": domain.RefundStatus.SUCCEEDED}, ["r1"]),
        ({"status": domain.RefundStatus.PENDING}, ["r2"]),
        ({"status": domain.RefundStatus.FAILED}, ["r3"]),
        # a bank statement names a refund by its own reference or by that of its payment
        ({"rrn": "222222222222"}, ["r2"]),
        ({"rrn": "111111111111"}, ["r2", "r1"]),
        ({"approval_code": "OK1"}, ["r2", "r1"]),
        ({"approval_code": "OK2", "invoice_id": "b"}, []),
        ({"created": period(1, 3)}, ["r2", "r1"]),
        ({"offset": 1}, ["r2", "r1"]),
        ({"offset": 1, "limit": 1}, ["r2"]),
        ({"offset": 3}, []),
    ],
)
def test_refunds_are_found_by_what_is_known_of_them(refund_client, fields, found):
    assert refunds(refund_client, **fields) == found


def test_the_total_counts_all_that_fit_whatever_the_page(refund_client):
    query = {"offset": 2, "limit": 1}
    assert calls(refund_client).Refunds(asked(search.RefundQuery, **query)).total_count == 3
    assert calls(refund_client).Refunds(asked(search.RefundQuery, **query, invoice_id="a")).total_count == 2


@pytest.mark.parametrize(
    ("offset", "limit", "found"),
    [(0, 3, ["a", "b", "c"]), (3, 3, ["d"]), (1, 1, ["b"]), (4, 2, []), (2**31 - 1, 1, [])],
)
def test_invoices_are_paged_by_offset_too_and_counted_then(client, offset, limit, found):
    page = calls(client).Invoices(asked(search.InvoiceQuery, offset=offset, limit=limit))
    assert ([invoice.id for invoice in page.invoices], page.total_count) == (found, 4)
    assert page.continuation_token is None


def test_payments_are_paged_by_offset_too_and_counted_then(client):
    page = calls(client).Payments(asked(search.PaymentQuery, offset=1, limit=1, invoice_id="a"))
    assert ([payment.id for payment in page.payments], page.total_count) == (["1"], 2)


def test_an_invoice_counts_once_however_many_of_its_payments_fit(client):
    filter = search.PaymentFilter(amount=1000)
    page = calls(client).Invoices(asked(search.InvoiceQuery, offset=0, payment=filter))
    assert page.total_count == len(page.invoices)


def test_without_an_offset_nothing_is_counted(client):
    assert calls(client).Invoices(asked(search.InvoiceQuery)).total_count is None
    assert calls(client).Payments(asked(search.PaymentQuery)).total_count is None


@pytest.mark.parametrize("function", ["Invoices", "Payments"])
def test_an_offset_below_zero_is_refused(client, function):
    with pytest.raises(base.InvalidRequest):
        getattr(calls(client), function)(QUERIES[function](offset=-1))


def test_another_shop_and_another_partys_shop_of_the_same_name_are_not_searched(shelf, own_client):
    filled(shelf)
    with shelf.database.transaction() as tx:
        parties.create(tx, "other", None, NOW)
        new = parties.NewShop(SHOP, "RUB", 1, "https://a.example.com", "2", None, "default")
        parties.create_shop(tx, "other", new, NOW)
    shelf.put_invoice("e", shop_id="SHOP2")
    shelf.put_invoice("f", owner_id="other")
    assert invoices(own_client) == list("abcd")
    assert invoices(own_client, shop_id="SHOP2") == ["e"]


# ----------------------------------------------------------------------------------------------------------- refusals


QUERIES = {
    "Invoices": lambda **fields: asked(search.InvoiceQuery, **fields),
    "Payments": lambda **fields: asked(search.PaymentQuery, **fields),
    "Refunds": lambda **fields: asked(search.RefundQuery, **{"offset": 0, **fields}),
}


@pytest.mark.parametrize("function", QUERIES)
def test_a_shop_that_the_party_has_not_is_not_found(client, function):
    with pytest.raises(search.ShopNotFound):
        getattr(calls(client), function)(QUERIES[function](shop_id="nowhere"))


@pytest.mark.parametrize("function", QUERIES)
def test_another_partys_shop_is_not_shown(client, function):
    with pytest.raises(base.AccessDenied):
        getattr(calls(client, "stranger"), function)(QUERIES[function]())
    assert getattr(calls(client, "an-operator", "internal"), function)(QUERIES[function]())


@pytest.mark.parametrize("function", QUERIES)
@pytest.mark.parametrize(
    "fields",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": 1001},
        {"created": period(1, 0)},
        {"created": search.TimeRange(from_time="yesterday", to_time=moment(0))},
        {"created": search.TimeRange(from_time="2026-01-01T00:00:00", to_time=moment(0))},
    ],
)
def test_a_query_out_of_bounds_is_refused(client, function, fields):
    with pytest.raises(base.InvalidRequest):
        getattr(calls(client), function)(QUERIES[function](**fields))


def test_a_negative_offset_is_refused(client):
    with pytest.raises(base.InvalidRequest):
        refunds(client, offset=-1)


@pytest.mark.parametrize("last4", ["12345", "12a", "%", "1_", "\u0661"])
def test_last_digits_that_are_none_are_refused(client, last4):
    with pytest.raises(base.InvalidRequest):
        payments(client, payment=P(last4=last4))


@pytest.mark.parametrize("limit", [1, 1000])
def test_both_bounds_of_the_limit_belong_to_it(client, limit):
    assert invoices(client, limit=limit) == list("abcd")[:limit]


def test_the_whole_of_time_can_be_searched(client):
    ever = search.TimeRange(from_time="0001-01-01T00:00:00Z", to_time="9999-12-31T23:59:59.999999Z")
    assert invoices(client, created=ever) == list("abcd")


@pytest.mark.parametrize("text", ["a' OR '1'='1", "%", "_", "a\x00b", "\u0430" * 500, ""])
def test_whatever_text_is_asked_for_is_only_a_text(client, text):
    assert invoices(client, invoice_id=text) == []
    assert payments(client, payment=P(payer_email=text)) == []


# -------------------------------------------------------------------------------------------------------------- pages


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


# ------------------------------------------------------------------------------------------------------------- tokens


def first_token(client: BlockingClient, **fields: Any) -> str:
    return calls(client).Invoices(asked(search.InvoiceQuery, limit=1, **fields)).continuation_token


OTHER_QUERIES = [
    {"status": INVOICE.PAID},
    {"amount": 1000},
    {"invoice_id": "a"},
    {"created": period(-1, 86400)},
    {"created": period(-86400, 86399)},
    {"payment": P(status=STATUS.CAPTURED)},
    {"shop_id": "SHOP2"},
]


@pytest.mark.parametrize("fields", OTHER_QUERIES)
def test_a_token_of_another_query_is_refused(client, fields):
    with pytest.raises(search.BadToken):
        invoices(client, continuation_token=first_token(client), **fields)


def test_a_token_of_invoices_does_not_continue_payments(client):
    with pytest.raises(search.BadToken):
        payments(client, continuation_token=first_token(client))


def test_a_token_goes_on_with_another_limit_and_an_equal_query(client):
    token = first_token(client, payment=P(payer_email="a@example.com", tool=search.ToolKind.BANK_CARD))
    again = P(tool=search.ToolKind.BANK_CARD, payer_email="a@example.com")
    assert invoices(client, continuation_token=token, payment=again, limit=7) == ["d"]


def test_a_token_may_be_used_any_number_of_times(client):
    token = first_token(client)
    assert invoices(client, continuation_token=token) == invoices(client, continuation_token=token) == list("bcd")


@pytest.mark.parametrize(
    "token", ["", "a", "=", "AAAA", "not a token", "\u0430\u0431\u0432\u0433", "%00", "A" * 2000, "W10", "bnVsbA=="]
)
def test_an_invented_token_is_refused(client, token):
    with pytest.raises(search.BadToken):
        invoices(client, continuation_token=token)
    with pytest.raises(search.BadToken):
        payments(client, continuation_token=token)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"{}",
        b"[1]",
        b'[1,"a"]',
        b'["1","a","b"]',
        b'[1.5,"a","b"]',
        b'[9223372036854775808,"a","b"]',
        b'[-9223372036854775809,"a","b"]',
        b'[1,"\xff","b"]',
        b'[1,"\\ud800","b"]',
        b'[1,"a\\u0000","b"]',
        b"[" * 700,
    ],
)
def test_a_token_that_says_something_else_is_refused_although_its_hash_is_right(said):
    forged = base64.urlsafe_b64encode(tokens._hash("q", said) + said).decode().rstrip("=")
    with pytest.raises(tokens.BadToken):
        tokens.read("q", forged)


def test_no_changed_token_is_taken(client):
    """Every byte of a real one flipped, every prefix of it."""
    token = first_token(client)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    query = "q"
    real = tokens.write(query, (5, "a", ""))
    assert tokens.read(query, real) == (5, "a", "")
    for place in range(len(raw)):
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        with pytest.raises(search.BadToken):
            invoices(client, continuation_token=base64.urlsafe_b64encode(changed).decode().rstrip("="))
    for end in range(len(real)):
        with pytest.raises(tokens.BadToken):
            tokens.read(query, real[:end])


# -------------------------------------------------------------------------------------------------------------- speed


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
