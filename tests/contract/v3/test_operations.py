"""What single operations of v3 do beside what all do."""

import json
from dataclasses import replace

import pytest

from rpc.failures import Unknown
from rpc.protocol import base, domain, idempotency, payment_processing, usage
from rpc.protocol import replace as with_changes

from . import examples
from .overrides import payment_token

PAYMENT = "Invoicing.GetPayment"


@pytest.fixture
def v3(houses):
    houses["v3"].reset()
    return houses["v3"]


def repeated(params):
    """The platform's word that an earlier attempt was made."""
    return idempotency.Outcome(started=idempotency.Started(id=params.id, attempt=2))


def test_an_invoice_without_an_amount_costs_what_its_cart_does(v3):
    lines = [{"product": "Tea", "quantity": 2, "unitPrice": examples.EUR}]
    body = {"shopId": "shp_TESTSHOP", "product": "Order 7", "cart": lines}
    assert v3.send(replace(v3.requests["createInvoice"], body=body)).status == 201
    [call] = v3.backend.calls_of("Invoicing.Create")
    assert (call.arguments[0].amount, call.arguments[0].currency) == (None, "EUR")
    assert call.arguments[0].due == "2026-03-04T12:00:00Z"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "invalid-amount"),
        (
            {
                "cart": [
                    {"product": "Tea", "quantity": 1, "unitPrice": {"amount": 1, "currency": currency}}
                    for currency in ("EUR", "USD")
                ]
            },
            "invalid-cart",
        ),
    ],
)
def test_an_invoice_says_one_sum_in_one_currency(v3, changes, code):
    body = {"shopId": "shp_TESTSHOP", "product": "Order 7", **changes}
    answer = v3.send(replace(v3.requests["createInvoice"], body=body))
    assert (answer.status, answer.json["code"]) == (422, code)


def test_the_same_key_makes_the_same_invoice_in_every_attempt(v3):
    v3.backend.on("IdempotencyKeys.Begin", repeated)
    request = v3.requests["createInvoice"].changed(headers={"idempotency-key": "order-1"})
    assert v3.send(request).status == 201
    [begun] = v3.backend.calls_of("IdempotencyKeys.Begin")
    [made] = v3.backend.calls_of("Invoicing.Create")
    assert made.arguments[0].id == begun.arguments[0].id


@pytest.mark.parametrize(
    ("operation_id", "function", "refusal", "status"),
    [
        ("capturePayment", "Invoicing.CapturePayment", payment_processing.InvalidPaymentStatus(status=3), 202),
        ("cancelPayment", "Invoicing.CancelPayment", payment_processing.InvalidPaymentStatus(status=4), 202),
        ("cancelInvoice", "Invoicing.Rescind", payment_processing.InvalidInvoiceStatus(status=3), 200),
        ("fulfillInvoice", "Invoicing.Fulfill", payment_processing.InvalidInvoiceStatus(status=4), 200),
    ],
)
def test_what_an_earlier_attempt_did_is_done_for_the_next(v3, operation_id, function, refusal, status):
    request = v3.requests[operation_id].changed(headers={**v3.requests[operation_id].headers, "idempotency-key": "k"})
    v3.backend.on(function, refusal)
    assert v3.send(request).status == 409
    v3.backend.on("IdempotencyKeys.Begin", repeated)
    assert v3.send(request).status == status


@pytest.mark.parametrize(
    ("operation_id", "function", "refusal"),
    [
        ("capturePayment", "Invoicing.CapturePayment", payment_processing.InvalidPaymentStatus(status=4)),
        ("cancelPayment", "Invoicing.CancelPayment", payment_processing.InvalidPaymentStatus(status=3)),
        ("cancelInvoice", "Invoicing.Rescind", payment_processing.InvalidInvoiceStatus(status=2)),
        ("fulfillInvoice", "Invoicing.Fulfill", payment_processing.InvalidInvoiceStatus(status=3)),
    ],
)
def test_what_no_attempt_can_have_done_is_not_told_as_done(v3, operation_id, function, refusal):
    request = v3.requests[operation_id].changed(headers={**v3.requests[operation_id].headers, "idempotency-key": "k"})
    v3.backend.on(function, refusal)
    v3.backend.on("IdempotencyKeys.Begin", repeated)
    answer = v3.send(request)
    money = "no" if operation_id.endswith("Invoice") else "unknown"
    assert (answer.status, answer.json["moneyMoved"]) == (409, money)


def test_a_payment_that_an_earlier_attempt_began_is_found_after_its_token_has_expired(v3):
    v3.backend.on("IdempotencyKeys.Begin", repeated)
    v3.backend.on(PAYMENT, examples.payment())
    request = replace(v3.requests["createPayment"], body={"source": {"type": "token", "token": "tok_old~x"}})
    answer = v3.send(request)
    assert (answer.status, answer.json["id"]) == (201, "pay_inv1.1")
    assert v3.backend.calls_of("Invoicing.StartPayment") == []
    v3.backend.on(PAYMENT, payment_processing.PaymentNotFound())
    assert v3.send(request).json["code"] == "invalid-payment-token"


def test_money_that_may_have_moved_is_told_as_such(v3):
    v3.backend.on("Invoicing.StartPayment", Unknown("cut"))
    answer = v3.send(v3.requests["createPayment"])
    assert answer.status == 202
    assert (answer.json["object"], answer.json["moneyMoved"]) == ("operationUnderWay", "unknown")
    assert answer.headers["location"] == answer.json["statusUrl"] == "/v3/idempotency-keys/order-2041"


def test_a_token_that_is_for_one_invoice_pays_no_other(v3):
    for invoice, status in (("inv1", 201), ("inv2", 422)):
        token = payment_token(v3.sealed, v3.now, invoice)
        request = replace(v3.requests["createPayment"], body={"source": {"type": "token", "token": token}})
        assert v3.send(request).status == status


@pytest.mark.parametrize("token", ["tok_x", "tok_v2.x~", "tok_~", "tok_v2.a.b.c~eyJ9"])
def test_a_text_that_is_no_token_pays_nothing(v3, token):
    request = replace(v3.requests["createPayment"], body={"source": {"type": "token", "token": token}})
    answer = v3.send(request)
    assert (answer.status, answer.json["code"]) == (422, "invalid-payment-token")
    assert v3.backend.calls_of("Invoicing.StartPayment") == []


def payer_token(house):
    roles = ["invoices.inv1:read", "invoices.inv1.payments:read", "invoices.inv1.payments:write"]
    return house.token_with(roles, consumer="client")


def test_a_payer_charges_no_card_that_paid_something_else(v3):
    body = {"source": {"type": "recurring", "paymentId": "pay_inv0.1"}}
    request = replace(v3.requests["createPayment"], body=body)
    assert v3.send(request, payer_token(v3)).status == 403
    assert v3.backend.calls_of("Invoicing.StartPayment") == []
    assert v3.send(request).status == 201


@pytest.mark.parametrize(("payment_id", "status"), [("pay_inv1.1", 200), ("pay_inv2.1", 403)])
def test_a_payer_reads_the_payments_of_the_own_invoice_alone(v3, payment_id, status):
    assert v3.send(v3.operation("getPayment", path={"paymentId": payment_id}), payer_token(v3)).status == status


def test_expand_tells_the_whole_story_in_one_answer(v3):
    v3.backend.on("Invoicing.Get", examples.invoice(status=domain.InvoiceStatus.PAID))
    v3.backend.on("Invoicing.GetPayments", [examples.payment(status=domain.PaymentStatus.CAPTURED)])
    v3.backend.on("Invoicing.GetRefunds", [examples.refund()])
    invoice = v3.send(v3.operation("getInvoice", query={"expand": "payments.refunds"})).json
    assert invoice["payments"][0]["refunds"][0]["id"] == "ref_inv1.1.100"
    refund = v3.send(v3.operation("getRefund", query={"expand": "payment.invoice"})).json
    assert refund["payment"]["invoice"]["object"] == "invoice"


def test_expand_shows_nothing_that_the_token_may_not_read(v3):
    token = v3.token_with(["invoices:read", "invoices.*.payments:write"])
    assert v3.send(v3.requests["getInvoice"], token).status == 200
    answer = v3.send(v3.operation("getInvoice", query={"expand": "payments"}), token)
    assert (answer.status, answer.json["scope"]) == (403, "invoices.*.payments:read")


@pytest.mark.parametrize(
    ("operation_id", "expand"),
    [("getPayment", "refunds"), ("getPayment", "invoice"), ("getInvoice", "payments.refunds")],
)
def test_expand_shows_a_payer_nothing_that_the_payer_may_not_read(v3, operation_id, expand):
    paid = examples.payment(status=domain.PaymentStatus.CAPTURED)
    v3.backend.on(PAYMENT, paid)
    v3.backend.on("Invoicing.GetPayments", [paid])
    v3.backend.on("Invoicing.GetRefunds", [examples.refund()])
    roles = ["invoices.inv1:read"] if expand != "invoice" else []
    token = v3.token_with([*roles, "invoices.inv1.payments:read"], consumer="client")
    assert v3.send(v3.operation(operation_id), token).status == 200
    assert v3.send(v3.operation(operation_id, query={"expand": expand}), token).status == 403


def test_expand_goes_no_further_than_the_spec_says(v3):
    answer = v3.send(v3.operation("getInvoice", query={"expand": "payments.refunds.payment"}))
    assert (answer.status, answer.json["violations"][0]["pointer"]) == (400, "/expand/0")


def test_events_are_shown_in_the_platform_s_own_bytes(v3):
    assert v3.send(v3.requests["getEvent"]).body == examples.BODY
    assert examples.BODY in v3.send(v3.requests["listEvents"]).body


def test_the_last_cursor_of_a_list_is_none(v3):
    v3.backend.on("InvoiceTemplating.GetList", [])
    body = v3.send(v3.requests["listPaymentLinks"]).json
    assert (body["data"], body["hasMore"]) == ([], False)
    assert "nextCursor" not in body


def test_a_link_says_what_it_sells_as_a_whole(v3):
    for changes in ({}, {"product": "Tea"}, {"price": {"type": "any"}}, {"taxRate": "20%"}):
        body = {"shopId": "shp_TESTSHOP", **changes}
        answer = v3.send(replace(v3.requests["createPaymentLink"], body=body))
        assert (answer.status, answer.json["code"]) == (422, "invalid-content"), changes


def test_null_takes_a_member_away(v3):
    request = replace(v3.requests["updatePaymentLink"], body={"name": None, "description": "New"})
    assert v3.send(request).status == 200
    [call] = v3.backend.calls_of("InvoiceTemplating.Update")
    update = call.arguments[1]
    assert (update.cleared, update.description, update.if_revision) == (
        [payment_processing.TemplateField.NAME], "New", 1
    )  # fmt: skip


@pytest.mark.parametrize(
    ("patch", "kept"),
    [
        ({"z": 3}, {"a": 1, "b": {"c": 1, "d": [2]}, "z": 3}),
        ({"a": None, "b": {"c": None}}, {"b": {"d": [2]}}),
        ({"b": {"d": []}, "a": {"x": {"y": None}}}, {"a": {"x": {}}, "b": {"c": 1, "d": []}}),
        ({"b": 1}, {"a": 1, "b": 1}),
        ({}, {"a": 1, "b": {"c": 1, "d": [2]}}),
    ],
)
def test_a_patch_of_metadata_leaves_alone_what_it_does_not_name(v3, patch, kept):
    before = base.Content(type="application/json", data=b'{"a":1,"b":{"c":1,"d":[2]}}')
    price = domain.TemplatePrice(unlimited=True)
    details = domain.InvoiceTemplateDetails(single_line=domain.TemplateSingleLine(product="Tea", price=price))
    link = domain.InvoiceTemplate(
        id="link1", owner_id="demo", shop_id="TESTSHOP", created_at=examples.CREATED, details=details,
        lifetime=domain.LifetimeInterval(years=0, months=0, days=3), context=before, revision=8,
    )  # fmt: skip
    v3.backend.on("InvoiceTemplating.Get", link)
    v3.backend.on("InvoiceTemplating.Update", link)
    request = replace(v3.requests["updatePaymentLink"], body={"metadata": patch})
    assert v3.send(request).status == 200
    assert v3.send(request.changed(headers={**request.headers, "if-match": "*"})).status == 200
    seen, whatever = [call.arguments[1] for call in v3.backend.calls_of("InvoiceTemplating.Update")]
    assert json.loads(seen.context.data) == json.loads(whatever.context.data) == kept
    assert (seen.if_revision, whatever.if_revision) == (1, 8)


@pytest.mark.parametrize(
    ("status", "word"), [(idempotency.KeyStatus.RUNNING, "running"), (idempotency.KeyStatus.UNKNOWN, "unknown")]
)
def test_a_key_without_an_answer_says_why(v3, status, word):
    v3.backend.on("IdempotencyKeys.Get", idempotency.KeyState(status=status))
    body = v3.send(v3.requests["getIdempotencyKey"]).json
    assert body == {"object": "idempotencyKey", "key": "order-2041", "status": word}


@pytest.mark.parametrize("key", ["ä", "a b", "\x01", "key\n"])
def test_a_text_that_no_request_can_carry_is_a_key_that_nobody_used(v3, key):
    answer = v3.send(v3.operation("getIdempotencyKey", path={"key": key}))
    assert (answer.status, answer.json["status"]) == (200, "unknown")
    assert v3.backend.calls == []


def test_a_key_with_an_answer_shows_it_and_what_it_made(v3):
    body = v3.send(v3.requests["getIdempotencyKey"]).json
    assert body["resource"] == {"id": "inv_inv1", "url": "/v3/invoices/inv_inv1"}
    assert body["response"] == {"status": 201, "body": {"id": "inv_inv1"}}


@pytest.mark.parametrize(
    ("roles", "operation_id", "is_shown"),
    [
        (["invoices:read"], "createInvoice", False),
        (["invoices:write"], "createInvoice", True),
        (["invoices:write"], "createWebhookEndpoint", False),
        (["party:write"], "createWebhookEndpoint", True),
        (["party:read"], "rotateWebhookSecret", False),
        (["invoices:write"], "createPayerToken", True),
        (["invoices:write", "invoices.*.payments:read"], "createRefund", False),
    ],
)
def test_the_answer_under_a_key_is_shown_to_whoever_may_ask_for_it(v3, roles, operation_id, is_shown):
    state = with_changes(examples.key_state(), operation=operation_id)
    v3.backend.on("IdempotencyKeys.Get", state)
    body = v3.send(v3.requests["getIdempotencyKey"], v3.token_with(roles)).json
    assert ("response" in body, body["status"]) == (is_shown, "done")


def test_only_what_has_an_end_is_listed_as_deprecated(v3):
    rows = [
        usage.UsageRow(version=version, operation="createInvoice", party_id="demo", count=3, last_at=examples.CREATED)
        for version in ("v1", "v3", "v0")
    ]
    v3.backend.on("Usage.Get", rows)
    [row] = v3.send(v3.requests["listDeprecations"]).json["data"]
    assert (row["version"], row["operation"], row["count"]) == ("v1", "createInvoice", 3)
    assert row["deprecatedAt"] == "2026-11-22T00:00:00Z"


def test_refunds_of_a_payment_under_another_invoice_are_refused_and_not_shown(v3):
    query = {"paymentId": "pay_inv1.1", "invoiceId": "inv_inv1"}
    assert v3.send(v3.operation("listRefunds", query=query)).status == 200
    answer = v3.send(v3.operation("listRefunds", query={**query, "invoiceId": "inv_inv2"}))
    assert (answer.status, answer.json["code"]) == (422, "unprocessable")


def test_what_no_event_type_can_be_called_is_refused_and_not_repeated(v3):
    number = "4242/4242/4242/4242"
    answer = v3.send(v3.operation("listEvents", query={"type": number}))
    assert answer.status == 422
    assert "4242" not in str(answer.json)


def test_an_event_that_was_seen_before_is_not_sent_again(v3):
    seen = v3.send(v3.operation("getEvent"))
    again = v3.send(v3.operation("getEvent", headers={"If-None-Match": seen.headers["etag"]}))
    assert (seen.status, again.status, again.headers["etag"]) == (200, 304, seen.headers["etag"])
