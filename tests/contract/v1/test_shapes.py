"""v1's JSON and the platform's structs, each way: nothing is lost that v1 has a word for."""

import pytest

from capi_v1 import shapes
from capi_v1.shapes.payment import payment_search_result_to_json
from capi_v1.shapes.search import FLOW_TO_THRIFT, INVOICE_STATUS_TO_THRIFT, PAYMENT_TEXTS, TOOL_TO_THRIFT
from rpc.protocol import base, domain, payment_processing, replace, search, vault, webhooks

from . import examples
from .introduction import SPEC
from .schemas import conforming

CREATED, DUE = examples.CREATED, examples.DUE


def test_an_invoice_says_all_that_v1_has_a_name_for():
    reason = replace(examples.invoice(), status=domain.InvoiceStatus.CANCELLED, status_reason="Too late")
    assert conforming("Invoice", shapes.invoice_to_json(reason)) == {
        "id": "inv1",
        "shopID": "TESTSHOP",
        "createdAt": CREATED,
        "dueDate": DUE,
        "amount": 10000,
        "currency": "RUB",
        "product": "Order 7",
        "description": "Two boxes",
        "cart": [{"product": "Tea", "quantity": 2, "price": 5000, "cost": 10000}],
        "metadata": {"order": 7},
        "status": "cancelled",
        "reason": "Too late",
    }


def test_an_order_reaches_the_platform_whole_and_with_nothing_of_newer_versions():
    body = {
        "shopID": "TESTSHOP",
        "dueDate": "2026-03-02T15:00:00+03:00",
        "currency": "RUB",
        "product": "Order 7",
        "description": "Two boxes",
        "cart": [
            {"product": "Tea", "quantity": 2, "price": 5000, "taxMode": {"type": "InvoiceLineTaxVAT", "rate": "20%"}}
        ],
        "metadata": {"order": 7},
        "externalID": "order-7",
    }
    line = replace(examples.line(), tax_mode=domain.TaxMode(vat="20%"))
    assert shapes.invoice_params_to_thrift(body, id="inv1", party_id="demo") == payment_processing.InvoiceParams(
        id="inv1",
        party_id="demo",
        shop_id="TESTSHOP",
        details=domain.InvoiceDetails(product="Order 7", description="Two boxes", cart=[line]),
        currency="RUB",
        due="2026-03-02T12:00:00Z",
        context=base.Content(type="application/json", data=b'{"order":7}'),
    )


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (domain.PaymentStatus.PENDING, "pending"),
        (domain.PaymentStatus.PROCESSED, "processed"),
        (domain.PaymentStatus.CAPTURED, "captured"),
        (domain.PaymentStatus.CANCELLED, "cancelled"),
        (domain.PaymentStatus.REFUNDED, "refunded"),
        (domain.PaymentStatus.FAILED, "failed"),
    ],
)
def test_a_payment_says_where_it_stands(status, word):
    assert conforming("Payment", shapes.payment_to_json(examples.payment(status=status), "merchant"))["status"] == word


def test_a_payment_says_all_that_v1_has_a_name_for():
    hold = domain.HoldFlow(on_hold_expiration=domain.OnHoldExpiration.CAPTURE, held_until=DUE)
    payment = examples.payment(flow=domain.PaymentFlow(hold=hold), fee=examples.cash(250))
    both = {
        "id": "1",
        "invoiceID": "inv1",
        "createdAt": CREATED,
        "amount": 10000,
        "currency": "RUB",
        "flow": {"type": "PaymentFlowHold", "onHoldExpiration": "capture", "heldUntil": DUE},
        "payer": {
            "payerType": "PaymentResourcePayer",
            "paymentToolToken": "the-token",
            "paymentSession": "the-session",
            "paymentToolDetails": {
                "detailsType": "PaymentToolDetailsBankCard",
                "cardNumberMask": "424242******4242",
                "bin": "424242",
                "lastDigits": "4242",
                "paymentSystem": "visa",
            },
            "clientInfo": {"fingerprint": "fp", "ip": "192.0.2.7"},
            "contactInfo": {"email": "payer@example.com", "phoneNumber": "+79990001122"},
        },
        "status": "pending",
    }
    found = {**both, "shortID": "inv1.1", "shopID": "TESTSHOP", "fee": 250}
    assert conforming("Payment", shapes.payment_to_json(payment, "merchant")) == both
    assert conforming("PaymentSearchResult", payment_search_result_to_json(payment, "merchant")) == found


@pytest.mark.parametrize("cost", ["Fixed", "Range", "Unlim"])
def test_a_template_comes_back_as_it_was_given(cost):
    more = {
        "Fixed": {"currency": "RUB", "amount": 300},
        "Range": {"currency": "RUB", "range": {"lowerBound": 100, "upperBound": 900}},
        "Unlim": {},
    }[cost]
    body = {
        "shopID": "TESTSHOP",
        "product": "Donation",
        "description": "A button",
        "lifetime": {"days": 3, "months": 1, "years": 0},
        "cost": {"invoiceTemplateCostType": f"InvoiceTemplateCost{cost}", **more},
        "metadata": {"campaign": "winter"},
    }
    params = shapes.template_params_to_thrift(body, id="tpl1", party_id="demo")
    made = {name: getattr(params, name) for name in ("id", "shop_id", "lifetime", "details", "description", "context")}
    template = domain.InvoiceTemplate(owner_id="demo", created_at=CREATED, **made)
    assert conforming("InvoiceTemplate", shapes.template_to_json(template)) == {"id": "tpl1", **body}


def test_a_refund_says_all_that_v1_has_a_name_for():
    refund = examples.refund(
        reason="Torn", status=domain.RefundStatus.FAILED, failure=examples.failed("terms_violated")
    )
    assert conforming("Refund", shapes.refund_to_json(refund)) == {
        "id": "100",
        "createdAt": CREATED,
        "amount": 4000,
        "currency": "RUB",
        "reason": "Torn",
        "status": "failed",
        "error": {"code": "terms_violated", "message": "terms_violated"},
    }
    said = {"amount": 1, "currency": "RUB", "reason": "Torn"}
    wanted = payment_processing.RefundParams(id="100", **said)
    assert shapes.refund_params_to_thrift({**said, "cart": [], "externalID": "r"}, id="100") == wanted


def event(*changes: payment_processing.InvoiceChange) -> payment_processing.Event:
    return payment_processing.Event(
        id=7, created_at=CREATED, invoice_id="inv1", sequence=1, changes=list(changes), trace_id="t"
    )


def test_every_change_of_an_invoice_that_has_a_name_is_told_in_order():
    refunded = payment_processing.RefundStarted(payment_id="1", refund=examples.refund())
    failed = payment_processing.PaymentStatusChanged(
        payment_id="1", status=domain.PaymentStatus.FAILED, failure=examples.failed("no_route_found")
    )
    changes = [
        payment_processing.InvoiceChange(invoice_created=payment_processing.InvoiceCreated(invoice=examples.invoice())),
        payment_processing.InvoiceChange(payment_started=payment_processing.PaymentStarted(payment=examples.payment())),
        payment_processing.InvoiceChange(payment_status_changed=failed),
        payment_processing.InvoiceChange(refund_started=refunded),
    ]
    shown = conforming("InvoiceEvent", shapes.invoice_event_to_json(event(*changes), "merchant"))
    names = ["InvoiceCreated", "PaymentStarted", "PaymentStatusChanged", "RefundStarted"]
    assert [change["changeType"] for change in shown["changes"]] == names
    assert shown["changes"][2]["error"] == {"code": "no_route_found", "message": "no_route_found"}


def test_what_a_payer_should_do_and_v1_cannot_say_is_left_out():
    code = domain.UserInteraction(qr_code=domain.QrCode(payload=b"https://pay.example"))
    change = payment_processing.PaymentInteractionRequested(payment_id="1", interaction=code)
    asked = event(payment_processing.InvoiceChange(payment_interaction_requested=change))
    assert shapes.invoice_event_to_json(asked, "client") is None


def test_card_data_reach_the_vault_as_they_are_and_nothing_else_does():
    tool = {"cardNumber": "4242424242424242", "expDate": "02/30", "cvv": "123", "cardHolder": "É. Ö."}
    params = shapes.tokenize_params_to_thrift({"paymentToolType": "CardData", **tool}, "s1")
    card = vault.CardData(
        number="4242424242424242", exp_date=domain.ExpDate(month=2, year=2030), cardholder_name="É. Ö.", cvv="123"
    )
    assert params == vault.TokenizeParams(source=vault.CardSource(card=card), session_id="s1")


def test_every_filter_of_the_contract_reaches_the_search():
    """By name: one that no table knows would silently find too much."""
    known = {*PAYMENT_TEXTS, "bin", "invoice_id", "invoice_status", "invoice_amount"}
    known |= {"payment_status", "payment_flow", "payment_method", "shop_id", "from_time", "to_time", "limit", "offset"}
    for path in ("invoices", "payments"):
        operation = SPEC["paths"][f"/analytics/shops/{{shopID}}/{path}"]["get"]
        names = {argument(each) for each in operation["parameters"]} - {"request_id"}
        assert names <= known


def argument(parameter: dict) -> str:
    name = parameter.get("name") or parameter["$ref"].rpartition("/")[2]
    return "".join(
        f"_{letter.lower()}" if letter.isupper() else letter for letter in name.replace("ID", "Id").replace("IP", "Ip")
    )


def test_filters_mean_what_they_say():
    filters = {
        "from_time": "2026-03-01T00:00:00+03:00",
        "to_time": "2026-04-01T00:00:00Z",
        "invoice_status": "paid",
        "invoice_amount": 5,
        "payment_status": "captured",
        "payment_flow": "hold",
        "payment_method": "bankCard",
        "payer_email": "a@b.c",
        "payment_amount": 7,
        "bank_card_payment_system": "visa",
    }
    query = shapes.invoice_query_to_thrift("demo", "TESTSHOP", 10, filters)
    assert (query.created.from_time, query.created.to_time) == ("2026-02-28T21:00:00Z", "2026-04-01T00:00:00Z")
    assert (query.status, query.amount) == (INVOICE_STATUS_TO_THRIFT["paid"], 5)
    assert query.payment == search.PaymentFilter(
        status=domain.PaymentStatus.CAPTURED,
        flow=FLOW_TO_THRIFT["hold"],
        tool=TOOL_TO_THRIFT["bankCard"],
        payer_email="a@b.c",
        amount=7,
        payment_system="visa",
    )


def test_a_search_that_asks_nothing_of_payments_finds_invoices_without_one():
    filters = {"from_time": CREATED, "to_time": DUE, "offset": None, "bin": None}
    assert shapes.invoice_query_to_thrift("demo", "TESTSHOP", 10, filters).payment is None


def test_a_webhook_subscribes_each_kind_once():
    body = {
        "url": "https://shop.example/hook",
        "scope": {"topic": "InvoicesTopic", "shopID": "TESTSHOP", "eventTypes": ["InvoicePaid", "InvoicePaid"]},
    }
    params = shapes.webhook_params_to_thrift(body, party_id="demo")
    assert params.scope.invoices.event_types == [webhooks.InvoiceEventType.INVOICE_PAID]
