"""Searching over the real wire: what each filter finds, what is counted, whose it is, and what is refused."""

import pytest

from processing import parties
from rpc.protocol import base, domain, search
from tests.processing.sandbox import NOW, SHOP
from tests.processing.search.searches import (
    INVOICE,
    QUERIES,
    STATUS,
    P,
    asked,
    calls,
    filled,
    invoices,
    payments,
    period,
    refunds,
)
from tests.processing.search.shelf import moment


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
