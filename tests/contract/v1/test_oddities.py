"""Each row of the table "Oddities" of the introduction, shown: what integrators of v1 know, stays so."""

import pytest

from capi_v1 import shapes
from capi_v1.operations import MODULES
from capi_v1.shapes.failure import payment_error_to_json, refund_error_to_json
from capi_v1.shapes.payment_tool import bank_card_details_to_json
from rpc.protocol import base, domain, party, payment_processing, replace, search, webhooks
from tests.contract.house import NOW
from translator.operation import declared

from . import examples
from .introduction import SPEC, Promises
from .schemas import conforming

ODDITIES = Promises("oddity")
LEFT_BEHIND = Promises("habit")
WORDLESS = {"message": "Unauthorized operation"}
BODY = {
    "shopID": "TESTSHOP",
    "dueDate": "2026-03-02T12:00:00Z",
    "amount": 10000,
    "currency": "RUB",
    "product": "Order 7",
    "metadata": {"order": 7},
}


@ODDITIES.shows("body of 401")
def test_401_has_a_message_whether_the_token_is_missing_or_not_enough(v1):
    request = v1.requests["createInvoice"]
    for token in (None, "x", v1.token_with([]), v1.token_with(["invoices:read"])):
        answer = v1.send(request, token=token)
        assert (answer.status, answer.json) == (401, WORDLESS)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"


@ODDITIES.shows("silent statuses")
def test_statuses_that_no_operation_lists_are_given_all_the_same(v1):
    request = v1.requests["getMyParty"]
    assert set(v1.served["getMyParty"].spec.answers) == {200}
    broken = v1.send(request.changed(headers={"x-request-id": "x" * 33}))
    assert (broken.status, broken.json["code"]) == (400, "invalidRequest")
    assert v1.send(request, token=None).status == 401
    v1.backend.on("WebhookManager.Create", webhooks.LimitExceeded())
    full = v1.send(v1.requests["createWebhook"])
    assert (full.status, set(full.json)) == (429, {"message"})


@ODDITIES.shows("silent codes")
@pytest.mark.parametrize("operation_id", ["createWebhook", "fulfillInvoice", "rescindInvoice", "deleteInvoiceTemplate"])
def test_a_broken_request_has_the_code_that_the_operation_does_not_list(v1, operation_id):
    listed = v1.served[operation_id].spec.answers[400].node["properties"]["code"]["enum"]
    answer = v1.send(v1.requests[operation_id].changed(headers={"x-request-id": ""}))
    assert "invalidRequest" not in listed
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")


@ODDITIES.shows("no deadline")
@pytest.mark.parametrize("deadline", ["soon", "0ms", "2020-01-01T00:00:00Z", "1ms"])
def test_a_deadline_is_not_heard(v1, deadline):
    answer = v1.send(v1.requests["getInvoiceByID"].changed(headers={"x-request-deadline": deadline}))
    (call,) = v1.backend.calls
    assert answer.status == 200
    assert call.context.deadline.remaining_ms(NOW) == v1.settings.gateway.request_deadline_default_ms


@ODDITIES.shows("nothing is repeatable")
def test_the_same_request_twice_makes_two_things(v1):
    v1.backend.on("Invoicing.Create", lambda params: examples.invoice(id=params.id))
    request = v1.operation("createInvoice", body={**BODY, "externalID": "order-1"})
    first, second = (v1.send(request).json["invoice"] for _ in range(2))
    assert first["id"] != second["id"]
    assert "externalID" not in first
    assert {call.arguments[0].external_id for call in v1.backend.calls} == {None}
    assert not v1.backend.calls_of("Ids.Bind")


@ODDITIES.shows("flat errors")
@pytest.mark.parametrize("consumer", ["merchant", "client"])
def test_a_failure_is_one_code_and_the_whole_path_for_whoever_asks(v1, consumer):
    failure = examples.failed("authorization_failed", "payment_tool_rejected", "bank_card_rejected", "card_expired")
    v1.backend.on("Invoicing.GetPayment", examples.payment(status=domain.PaymentStatus.FAILED, failure=failure))
    token = v1.token_with(["invoices.*.payments:read"], consumer=consumer)
    assert v1.send(v1.requests["getPaymentByID"], token=token).json["error"] == {
        "code": "authorization_failed",
        "message": "authorization_failed:payment_tool_rejected:bank_card_rejected:card_expired",
    }


def test_a_failure_of_one_code_is_its_own_path():
    assert payment_error_to_json(examples.failed("no_route_found")) == {
        "code": "no_route_found",
        "message": "no_route_found",
    }


def test_running_out_of_time_is_a_failure_of_its_own():
    assert payment_error_to_json(examples.TIMED_OUT)["code"] == "timeout"
    assert refund_error_to_json(examples.TIMED_OUT)["code"] == "timeout"


def test_a_refund_tells_the_reason_given_for_people_before_its_path():
    told = refund_error_to_json(examples.failed("terms_violated", "insufficient_merchant_funds", reason="No money"))
    untold = refund_error_to_json(examples.failed("terms_violated", "insufficient_merchant_funds"))
    assert told == {"code": "terms_violated", "message": "No money"}
    assert untold["message"] == "terms_violated:insufficient_merchant_funds"


@ODDITIES.shows("whole captures")
def test_a_capture_takes_everything_whatever_its_body_says(v1):
    answer = v1.send(v1.operation("capturePayment", body={"reason": "Sent", "amount": 1, "currency": "RUB"}))
    (call,) = v1.backend.calls
    assert (answer.status, answer.body) == (202, b"")
    assert call.arguments[2] == payment_processing.CaptureParams(reason="Sent")


@ODDITIES.shows("flat templates")
def test_a_template_sells_one_thing(v1):
    cost = {"invoiceTemplateCostType": "InvoiceTemplateCostRange", "currency": "RUB"}
    cost["range"] = {"lowerBound": 100, "upperBound": 900}
    v1.backend.on("InvoiceTemplating.Create", examples.template(name=None))
    answer = v1.send(v1.operation("createInvoiceTemplate", body={"product": "Donation", "cost": cost}))
    (call,) = v1.backend.calls
    assert call.arguments[0].details == examples.one_line(tax_mode=None)
    shown = answer.json["invoiceTemplate"]
    assert (shown["product"], shown["cost"]) == ("Donation", cost)


@ODDITIES.shows("missing c")
def test_the_code_lacks_a_letter(v1):
    v1.backend.on("Invoicing.RefundPayment", payment_processing.InsufficientAccountBalance())
    assert v1.send(v1.requests["createRefund"]).json["code"] == "insufficentAccountBalance"


@ODDITIES.shows("missing r")
def test_the_introduction_writes_the_time_of_messages_as_they_do():
    """What messages say is shown by tests/processing/webhooks and, for a hook of v1, by tests/end_to_end."""
    assert "`occuredAt` (spelled so)" in SPEC["info"]["description"]


@ODDITIES.shows("bin and lastDigits")
@pytest.mark.parametrize(
    ("known", "mask"),
    [("424242", "424242******4242"), ("4242421", "4242421*****4242"), ("42424212", "42424212****4242")],
)
def test_a_card_shows_its_first_digits_as_bin(known, mask):
    shown = bank_card_details_to_json(replace(examples.CARD, bin=known))
    assert (shown["bin"], shown["lastDigits"], shown["cardNumberMask"]) == (known, "4242", mask)
    conforming("BankCardDetails", shown)


@pytest.mark.parametrize(("bin", "known"), [("424242", "424242"), ("42424212", "424242")])
def test_a_search_compares_the_digits_that_are_kept(v1, bin, known):
    v1.send(v1.operation("searchPayments", query={"bin": bin, "cardNumberMask": "42"}))
    (call,) = v1.backend.calls
    assert call.arguments[0].payment == search.PaymentFilter(first6=known, last4="42")


@ODDITIES.shows("offset and totalCount")
@pytest.mark.parametrize(("operation_id", "function"), [("searchInvoices", "Invoices"), ("searchPayments", "Payments")])
@pytest.mark.parametrize(("offset", "asked"), [({}, 0), ({"offset": 30}, 30), ({"offset": 2**40}, 2**31 - 1)])
def test_searches_skip_entries_and_count_them_all(v1, operation_id, function, offset, asked):
    pages = {
        "Invoices": search.InvoicePage(invoices=[examples.invoice()], total_count=31),
        "Payments": search.PaymentPage(payments=[examples.payment()], total_count=31),
    }
    v1.backend.on(f"Search.{function}", pages[function])
    answer = v1.send(v1.operation(operation_id, query=offset))
    (call,) = v1.backend.calls
    assert (call.arguments[0].offset, call.arguments[0].continuation_token) == (asked, None)
    assert (answer.json["totalCount"], len(answer.json["result"])) == (31, 1)


@ODDITIES.shows("one currency an entry")
def test_each_crypto_currency_is_a_payment_method():
    methods = [domain.PaymentMethod(crypto_wallet=name) for name in ("litecoin", "bitcoin", "litecoin")]
    assert shapes.payment_methods_to_json(methods) == [
        {"method": "CryptoWallet", "cryptoCurrency": "bitcoin"},
        {"method": "CryptoWallet", "cryptoCurrency": "litecoin"},
    ]


@ODDITIES.shows("any address")
def test_an_address_that_the_platform_does_not_send_to_is_refused_by_it(v1):
    refusal = base.InvalidRequest(errors=["The address is not one of the public internet"])
    v1.backend.on("WebhookManager.Create", refusal)
    answer = v1.send(v1.operation("createWebhook", body={"url": "ftp://shop.example/hook"}))
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
    assert answer.json["message"] == refusal.errors[0]


@ODDITIES.shows("no events of refunds")
@pytest.mark.parametrize("event", ["PaymentRefundCreated", "PaymentRefundSucceeded", "PaymentRefundFailed"])
def test_events_of_refunds_cannot_be_subscribed_to(v1, event):
    scope = {"topic": "InvoicesTopic", "shopID": "TESTSHOP", "eventTypes": ["InvoicePaid", event]}
    answer = v1.send(v1.operation("createWebhook", body={"scope": scope}))
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
    assert v1.backend.calls == []


@ODDITIES.shows("address of the payer")
@pytest.mark.parametrize("consumer", ["merchant", "client"])
def test_the_address_of_the_connection_is_taken_and_no_other(v1, consumer):
    token = v1.token_with(["payment_resources:write"], consumer=consumer)
    said = v1.operation("createPaymentResource", body={"clientInfo": {"fingerprint": "fp", "ip": "192.0.2.1"}})
    assert v1.send(said, token=token).json["code"] == "invalidRequest"
    shown = v1.send(v1.requests["createPaymentResource"], token=token).json["clientInfo"]
    assert shown["ip"] == "203.0.113.9"


@ODDITIES.shows("required cvv")
def test_a_card_without_a_security_code_is_refused(v1):
    tool = {"paymentToolType": "CardData", "cardNumber": "4242424242424242", "expDate": "12/30"}
    refused = v1.send(v1.operation("createPaymentResource", body={"paymentTool": tool}))
    assert (refused.status, refused.json["code"]) == (400, "invalidRequest")
    assert v1.send(v1.operation("createPaymentResource", body={"paymentTool": {**tool, "cvv": "123"}})).status == 201


@ODDITIES.shows("unknown party")
@pytest.mark.parametrize(
    ("operation_id", "function"),
    [("createInvoice", "Invoicing.Create"), ("createInvoiceTemplate", "InvoiceTemplating.Create")],
)
def test_a_party_without_a_record_has_no_shops(v1, operation_id, function):
    v1.backend.on(function, party.PartyNotFound())
    assert v1.send(v1.requests[operation_id]).json == {"code": "invalidShopID", "message": "Shop not found"}


@LEFT_BEHIND.shows("expired tokens")
def test_an_expired_token_is_refused(v1):
    token, _ = v1.tokens.issue("demo", ["party:read"], lifetime_s=-1, consumer="merchant")
    assert v1.send(v1.requests["getMyParty"], token=token).json == WORDLESS


@LEFT_BEHIND.shows("two spellings")
def test_operations_are_spelled_as_the_description_does(v1):
    assert all(name[0].islower() for name in v1.served)
    assert {"create_invoice", "get_invoice_by_id"} <= set(declared(MODULES))


@LEFT_BEHIND.shows("long months")
def test_no_statistics_are_served(v1):
    assert not [path for path in SPEC["paths"] if "stats" in path]


def test_every_row_of_the_tables_is_shown_here():
    assert ODDITIES.kept() and LEFT_BEHIND.kept()
