"""Invoices and templates over HTTP: what the platform is asked, and how its refusals read."""

import pytest

from capi_v2.shapes.metadata import BYTES_MAX
from rpc.protocol import base, party, payment_processing

from . import examples

BODY = {
    "shopID": "TESTSHOP",
    "dueDate": "2026-03-02T12:00:00Z",
    "amount": 10000,
    "currency": "RUB",
    "product": "Order 7",
    "metadata": {"order": 7},
}


def create_invoice(v2, **changes):
    return v2.send(v2.requests["createInvoice"].changed(body={**BODY, **changes}))


def test_an_invoice_is_made_for_the_party_of_the_token(v2):
    v2.backend.on("Invoicing.Create", lambda params: examples.invoice(id=params.id))
    answer = create_invoice(v2)
    (call,) = v2.backend.calls_of("Invoicing.Create")
    (params,) = call.arguments
    assert (params.party_id, params.shop_id, params.amount) == ("demo", "TESTSHOP", 10000)
    assert answer.json["invoice"]["id"] == params.id
    assert len(v2.backend.calls) == 1


@pytest.mark.parametrize(
    "operation_id",
    [
        "createInvoice",
        "createInvoiceTemplate",
        "updateInvoiceTemplate",
        "createInvoiceWithTemplate",
        "createPayment",
    ],
)
def test_metadata_too_long_to_be_carried_about_are_refused(v2, operation_id):
    """Searches and webhooks repeat them: a few megabytes given by a payer would leave a merchant without either."""
    kept = v2.send(v2.operation(operation_id, body={"metadata": {"a": "x" * (BYTES_MAX - 8)}}))
    assert kept.status < 300, kept.body
    v2.backend.calls.clear()
    refused = v2.send(v2.operation(operation_id, body={"metadata": {"a": "x" * (BYTES_MAX - 7)}}))
    assert (refused.status, refused.json["code"]) == (400, "invalidRequest")
    assert "65536" in refused.json["message"]
    assert not [call for call in v2.backend.calls if not call.name.startswith(("Ids.", "Invoicing.Get"))]


def test_naming_ones_own_party_changes_nothing(v2):
    assert create_invoice(v2, partyID="demo").status == 201


@pytest.mark.parametrize("operation_id", ["createInvoice", "createInvoiceTemplate", "createWebhook"])
def test_making_something_for_another_party_is_refused(v2, operation_id):
    answer = v2.send(v2.operation(operation_id, body={"partyID": "somebody"}))
    assert (answer.status, answer.body) == (401, b"")
    assert v2.backend.calls == []


@pytest.mark.parametrize(
    ("refusal", "code", "message"),
    [
        (base.InvalidRequest(errors=["One thing", "Another"]), "invalidRequest", "One thing\nAnother"),
        (party.PartyNotFound(), "invalidPartyID", "Party not found"),
        (party.ShopNotFound(), "invalidShopID", "Shop not found"),
        (party.InvalidPartyStatus(), "invalidPartyStatus", None),
        (party.InvalidShopStatus(), "invalidShopStatus", None),
        (
            payment_processing.InvoiceTermsViolated(reason="No such currency"),
            "invoiceTermsViolated",
            "No such currency",
        ),
        (payment_processing.InvalidInvoiceCost(reason="Sums differ"), "invalidInvoiceCost", "Sums differ"),
        (payment_processing.InvalidInvoiceCart(reason="Too much tea"), "invalidInvoiceCart", "Too much tea"),
        (payment_processing.AllocationNotPermitted(), "allocationNotPermitted", None),
        (payment_processing.InvalidAllocation(reason="Shop twice"), "invalidAllocation", "Shop twice"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_refused_invoice_says_why(v2, refusal, code, message):
    v2.backend.on("Invoicing.Create", refusal)
    answer = create_invoice(v2)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert answer.json["message"] == (message or answer.json["message"]) != ""


@pytest.mark.parametrize(
    ("operation_id", "function", "absence", "message"),
    [
        ("getInvoiceByID", "Invoicing.Get", payment_processing.InvoiceNotFound, "Invoice not found"),
        ("createInvoiceAccessToken", "Invoicing.Get", payment_processing.InvoiceNotFound, "Invoice not found"),
        ("getInvoiceEvents", "Invoicing.GetEvents", payment_processing.EventNotFound, "Event not found"),
        ("fulfillInvoice", "Invoicing.Fulfill", payment_processing.InvoiceNotFound, "Invoice not found"),
        ("getPaymentByID", "Invoicing.GetPayment", payment_processing.PaymentNotFound, "Payment not found"),
        ("getRefundByID", "Invoicing.GetRefund", payment_processing.RefundNotFound, "Invoice payment refund not found"),
        ("getChargebackByID", "Invoicing.GetChargeback", payment_processing.ChargebackNotFound, "Chargeback not found"),
        (
            "getInvoiceTemplateByID",
            "InvoiceTemplating.Get",
            payment_processing.TemplateRemoved,
            "Invoice template not found",
        ),
        (
            "createInvoiceWithTemplate",
            "Invoicing.CreateWithTemplate",
            payment_processing.TemplateNotFound,
            "Invoice template not found",
        ),
    ],
)
def test_what_does_not_exist_is_not_found_by_its_name(v2, operation_id, function, absence, message):
    v2.backend.on(function, absence())
    answer = v2.send(v2.requests[operation_id])
    assert (answer.status, answer.json) == (404, {"message": message})


@pytest.mark.parametrize(
    ("operation_id", "function", "message"),
    [
        ("getInvoiceByID", "Invoicing.Get", "Invoice not found"),
        ("getPaymentByID", "Invoicing.GetPayment", "Payment not found"),
        ("getRefundByID", "Invoicing.GetRefund", "Invoice payment refund not found"),
        ("getPartyByID", "PartyManagement.Get", "Party not found"),
        ("getInvoiceTemplateByID", "InvoiceTemplating.Get", "Invoice template not found"),
    ],
)
def test_what_belongs_to_another_party_reads_like_what_does_not_exist(v2, operation_id, function, message):
    v2.backend.on(function, base.AccessDenied())
    answer = v2.send(v2.requests[operation_id])
    assert (answer.status, answer.json) == (404, {"message": message})


def test_an_access_token_is_made_only_for_an_invoice_that_is_there(v2):
    v2.backend.on("Invoicing.Get", examples.invoice(id="inv1"))
    answer = v2.send(v2.operation("createInvoiceAccessToken", path={"invoiceID": "inv1"}))
    identity = v2.tokens.identify(answer.json["payload"], v2.now)
    assert (identity.party_id, identity.consumer) == ("demo", "client")
    assert identity.expires_at - v2.now.timestamp() == 3 * 24 * 3600


# ------------------------------------------------------------------ events


def event(number, *changes):
    return payment_processing.Event(
        id=number,
        created_at=examples.CREATED,
        invoice_id="inv1",
        sequence=number,
        changes=[payment_processing.InvoiceChange(**change) for change in changes],
        trace_id="t",
    )


STEP = {"internal_step": payment_processing.InternalStep(kind="step", json="{}")}
CREATED = {"invoice_created": payment_processing.InvoiceCreated(invoice=examples.invoice())}


def log_of(v2, events):
    """The platform serves a part of that log for each call."""

    def part(invoice_id, wanted):
        return [one for one in events if one.id > (wanted.after or 0)][: wanted.limit]

    v2.backend.on("Invoicing.GetEvents", part)


def ids_of(v2, **query):
    answer = v2.send(v2.operation("getInvoiceEvents", path={"invoiceID": "inv1"}, query=query))
    return [one["id"] for one in answer.json]


def test_reading_goes_on_until_as_many_public_events_as_asked_are_found(v2):
    log_of(v2, [event(number, CREATED if number % 50 == 0 else STEP) for number in range(1, 1001)])
    assert ids_of(v2, limit=3) == [50, 100, 150]
    assert ids_of(v2, limit=3, eventID=150) == [200, 250, 300]


def test_reading_ends_where_the_log_ends(v2):
    log_of(v2, [event(number, STEP) for number in range(1, 301)] + [event(301, CREATED)])
    assert ids_of(v2, limit=1000) == [301]
    log_of(v2, [])
    assert ids_of(v2, limit=1000) == []


def test_no_more_public_events_are_given_than_asked_for(v2):
    log_of(v2, [event(number, CREATED) for number in range(1, 50)])
    assert ids_of(v2, limit=2) == [1, 2]


def test_changes_without_a_public_form_are_left_out_of_a_public_event(v2):
    log_of(v2, [event(1, STEP, CREATED, STEP)])
    answer = v2.send(v2.operation("getInvoiceEvents", query={"limit": 10}))
    assert [change["changeType"] for change in answer.json[0]["changes"]] == ["InvoiceCreated"]


def test_a_payer_and_a_merchant_read_the_same_failure_in_their_own_words(v2):
    failed = payment_processing.PaymentStatusChanged(
        payment_id="1", status=6, failure=examples.failed("authorization_failed", "insufficient_funds")
    )
    log_of(v2, [event(1, {"payment_status_changed": failed})])
    request = v2.operation("getInvoiceEvents", path={"invoiceID": "inv1"})
    payer = v2.tokens.invoice_token("demo", "inv1")
    told = [v2.send(request, token=token).json[0]["changes"][0]["error"] for token in ("", payer)]
    assert told == [
        {"code": "authorization_failed", "subError": {"code": "insufficient_funds"}},
        {"code": "InsufficientFunds"},
    ]
