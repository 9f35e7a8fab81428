"""Search over HTTP: every filter of the contract reaches the platform as what it means."""

import pytest

from rpc.protocol import domain, search

TIMES = {"fromTime": "2026-03-01T00:00:00+03:00", "toTime": "2026-04-01T00:00:00Z", "limit": 5}
PAYMENT_FILTERS = {
    "paymentStatus": "captured",
    "paymentFlow": "hold",
    "paymentMethod": "bankCard",
    "paymentTerminalProvider": "euroset",
    "paymentID": "1",
    "payerEmail": "payer@example.com",
    "payerIP": "192.0.2.7",
    "payerFingerprint": "fp",
    "customerID": "c1",
    "bankCardTokenProvider": "applepay",
    "bankCardPaymentSystem": "visa",
    "first6": "424242",
    "last4": "4242",
    "rrn": "012345678901",
    "paymentAmount": 100,
}
FILTER = {
    "status": domain.PaymentStatus.CAPTURED,
    "flow": search.FlowKind.HOLD,
    "tool": search.ToolKind.BANK_CARD,
    "terminal_provider": "euroset",
    "payment_id": "1",
    "payer_email": "payer@example.com",
    "payer_ip": "192.0.2.7",
    "payer_fingerprint": "fp",
    "customer_id": "c1",
    "token_provider": "applepay",
    "payment_system": "visa",
    "first6": "424242",
    "last4": "4242",
    "rrn": "012345678901",
    "amount": 100,
}
CREATED = search.TimeRange(from_time="2026-02-28T21:00:00Z", to_time="2026-04-01T00:00:00Z")
SCOPE = {"party_id": "demo", "shop_id": "TESTSHOP", "created": CREATED, "limit": 5}


def asked(v2, operation_id, function, **query):
    request = v2.operation(operation_id, path={"shopID": "TESTSHOP"}, query={**TIMES, **query})
    assert v2.send(request).status == 200
    return v2.backend.calls_of(function)[-1].arguments[0]


def test_every_filter_of_invoices_has_a_meaning(v2):
    own = {"invoiceID": "inv1", "invoiceStatus": "paid", "invoiceAmount": 200, "continuationToken": "next"}
    assert asked(v2, "searchInvoices", "Search.Invoices", **PAYMENT_FILTERS, **own) == search.InvoiceQuery(
        **SCOPE,
        continuation_token="next",
        invoice_id="inv1",
        status=domain.InvoiceStatus.PAID,
        amount=200,
        payment=search.PaymentFilter(**FILTER),
    )


def test_every_filter_of_payments_has_a_meaning(v2):
    own = {"invoiceID": "inv1", "approvalCode": "A1", "continuationToken": "next"}
    assert asked(v2, "searchPayments", "Search.Payments", **PAYMENT_FILTERS, **own) == search.PaymentQuery(
        **SCOPE,
        continuation_token="next",
        invoice_id="inv1",
        payment=search.PaymentFilter(**FILTER, approval_code="A1"),
    )


def test_every_filter_of_refunds_has_a_meaning(v2):
    own = {
        "offset": 10,
        "invoiceID": "inv1",
        "paymentID": "1",
        "refundID": "100",
        "rrn": "012345678901",
        "approvalCode": "A1",
        "refundStatus": "failed",
    }
    assert asked(v2, "searchRefunds", "Search.Refunds", **own) == search.RefundQuery(
        **SCOPE,
        offset=10,
        invoice_id="inv1",
        payment_id="1",
        refund_id="100",
        rrn="012345678901",
        approval_code="A1",
        status=domain.RefundStatus.FAILED,
    )


@pytest.mark.parametrize(
    ("operation_id", "function"), [("searchInvoices", "Search.Invoices"), ("searchPayments", "Search.Payments")]
)
def test_asking_nothing_of_payments_finds_invoices_without_any(v2, operation_id, function):
    assert asked(v2, operation_id, function).payment is None


@pytest.mark.parametrize("operation_id", ["searchInvoices", "searchPayments", "searchRefunds"])
def test_the_tests_know_every_filter_of_the_contract(v2, operation_id):
    own = {"invoiceID", "invoiceStatus", "invoiceAmount", "continuationToken", "approvalCode", *PAYMENT_FILTERS}
    refunds = {"offset", "invoiceID", "paymentID", "refundID", "rrn", "approvalCode", "refundStatus"}
    named = {parameter.name for parameter in v2.served[operation_id].spec.parameters if parameter.location == "query"}
    assert named - set(TIMES) <= (refunds if operation_id == "searchRefunds" else own)


def test_pages_hang_together_by_the_token_of_the_platform(v2):
    v2.backend.on("Search.Invoices", search.InvoicePage(invoices=[], continuation_token="next"))
    assert v2.send(v2.requests["searchInvoices"]).json == {"continuationToken": "next", "result": []}
    v2.backend.on("Search.Invoices", search.InvoicePage(invoices=[]))
    assert v2.send(v2.requests["searchInvoices"]).json == {"result": []}


@pytest.mark.parametrize(
    ("refusal", "status"), [(search.BadToken(), 400), (search.ShopNotFound(), 404)], ids=["token", "shop"]
)
def test_a_refused_search_says_why(v2, refusal, status):
    v2.backend.on("Search.Invoices", refusal)
    assert v2.send(v2.requests["searchInvoices"]).status == status
