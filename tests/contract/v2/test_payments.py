"""Payments over HTTP: what is opened, what is asked of the platform, and how its refusals read."""

import base64
from datetime import timedelta

import orjson
import pytest

from capi_v2 import shapes
from rpc.protocol import base, domain, party, payment_processing
from translator.payment_tool_tokens import PaymentToolTokens

from . import examples


def pay(v2, token="", **changes):
    request = v2.operation("createPayment", body=changes, path={"invoiceID": "inv1"})
    return v2.send(request, token=token)


def payer(v2, **changes):
    return {**v2.requests["createPayment"].body["payer"], **changes}


def started(v2):
    (call,) = v2.backend.calls_of("Invoicing.StartPayment")
    return call.arguments


def test_a_payment_tells_the_platform_what_token_and_session_hold(v2):
    answer = pay(
        v2,
        flow={"type": "PaymentFlowHold", "onHoldExpiration": "capture"},
        makeRecurrent=True,
        metadata={"try": 1},
        processingDeadline="10m",
        payer=payer(v2, sessionInfo={"redirectUrl": "https://shop.example/thanks"}),
    )
    assert answer.status == 201, answer.body
    invoice_id, params = started(v2)
    resource = params.payer.payment_resource
    assert invoice_id == "inv1"
    assert resource.payment_tool == examples.tool()
    assert resource.client_info == domain.ClientInfo(ip="192.0.2.7", fingerprint="fp")
    assert resource.payment_session_id
    assert resource.contact_info == domain.ContactInfo(email="payer@example.com")
    assert params.flow.hold.on_hold_expiration == domain.OnHoldExpiration.CAPTURE
    assert params.payer_session_info.redirect_url == "https://shop.example/thanks"
    assert params.make_recurrent is True
    assert params.processing_deadline == "2026-03-01T12:10:00Z"
    assert params.context == base.Content(type="application/json", data=b'{"try":1}')


def test_without_a_processing_deadline_the_platforms_own_stands(v2):
    assert pay(v2).status == 201
    assert started(v2)[1].processing_deadline is None


def test_a_recurrent_payment_needs_no_token(v2):
    recurrent = {
        "payerType": "RecurrentPayer",
        "contactInfo": {"phoneNumber": "+79161234567"},
        "recurrentParentPayment": {"invoiceID": "inv0", "paymentID": "1"},
    }
    assert pay(v2, payer=recurrent).status == 201
    assert started(v2)[1].payer.recurrent == domain.RecurrentPayer(
        parent=domain.RecurrentParent(invoice_id="inv0", payment_id="1"),
        contact_info=domain.ContactInfo(phone_number="+79161234567"),
    )


def test_whoever_pays_one_invoice_cannot_charge_the_card_that_paid_another(v2):
    """The token of an invoice opens that invoice: not the agreement of another payer with the merchant."""
    recurrent = {
        "payerType": "RecurrentPayer",
        "contactInfo": {},
        "recurrentParentPayment": {"invoiceID": "inv0", "paymentID": "1"},
    }
    answer = pay(v2, token=v2.tokens.invoice_token("demo", "inv1"), payer=recurrent)
    assert (answer.status, answer.body) == (401, b"")
    assert v2.backend.calls == []


def test_a_customer_that_nobody_has_cannot_pay(v2):
    answer = pay(v2, payer={"payerType": "CustomerPayer", "customerID": "c1"})
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
    assert v2.backend.calls == []


def test_a_token_that_is_none_of_ours_is_refused(v2):
    foreign = PaymentToolTokens(b"x" * 32, timedelta(hours=1)).seal(examples.tool(), v2.now)[0]
    mine = payer(v2)["paymentToolToken"]
    for token in ("", "v2.", "v3" + mine[2:], mine[:-4], foreign, "v2.a.b.c.d.e"):
        answer = pay(v2, payer=payer(v2, paymentToolToken=token))
        assert (answer.status, answer.json["code"]) == (400, "invalidPaymentToolToken"), token
    assert v2.backend.calls == []


def test_a_token_is_good_for_its_lifetime_and_not_a_second_longer(v2):
    life = timedelta(seconds=v2.settings.tokens.payment_tool_token_lifetime_s)
    fresh = v2.sealed.seal(examples.tool(), v2.now - life + timedelta(seconds=1))[0]
    expired = v2.sealed.seal(examples.tool(), v2.now - life)[0]
    assert pay(v2, payer=payer(v2, paymentToolToken=fresh)).status == 201
    assert pay(v2, payer=payer(v2, paymentToolToken=expired)).json["code"] == "invalidPaymentToolToken"


@pytest.mark.parametrize("session", ["", "x", "e30=", "bnVsbA==", "W10=", "é"])
def test_a_session_that_is_none_of_ours_is_refused(v2, session):
    answer = pay(v2, payer=payer(v2, paymentSession=session))
    assert (answer.status, answer.json["code"]) == (400, "invalidPaymentSession")
    assert v2.backend.calls == []


@pytest.mark.parametrize("url", ["4242 4242 4242 4242", "no address", "", 7, {}])
def test_a_page_in_a_session_must_be_a_page(v2, url):
    """A session is not signed: what it says is shown with the payment, and must not break the answers that show it."""
    said = {"clientInfo": {"fingerprint": "fp", "url": url}, "paymentSession": "s1"}
    forged = base64.urlsafe_b64encode(orjson.dumps(said)).decode()
    answer = pay(v2, payer=payer(v2, paymentSession=forged))
    assert (answer.status, answer.json["code"]) == (400, "invalidPaymentSession")
    assert v2.backend.calls == []


def test_an_address_in_a_session_must_be_an_address(v2):
    forged = shapes.PaymentSession("s1", domain.ClientInfo(ip="not an address", fingerprint="fp"))
    answer = pay(v2, payer=payer(v2, paymentSession=shapes.payment_session_to_json(forged)))
    assert answer.json["code"] == "invalidPaymentSession"


def test_a_processing_deadline_in_the_past_is_refused(v2):
    answer = pay(v2, processingDeadline="2026-03-01T11:00:00Z")
    assert (answer.status, answer.json["code"]) == (400, "invalidProcessingDeadline")
    assert v2.backend.calls == []


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (payment_processing.InvalidInvoiceStatus(status=2), "invalidInvoiceStatus"),
        (payment_processing.InvoicePaymentPending(payment_id="1"), "invoicePaymentPending"),
        (base.InvalidRequest(errors=["x"]), "invalidRequest"),
        (party.InvalidPartyStatus(), "invalidPartyStatus"),
        (party.InvalidShopStatus(), "invalidShopStatus"),
        (payment_processing.InvalidContractStatus(), "invalidContractStatus"),
        (payment_processing.InvalidRecurrentParent(reason="x"), "invalidRecurrentParent"),
        (payment_processing.OperationNotPermitted(), "operationNotPermitted"),
    ],
    ids=lambda value: "",
)
def test_a_refused_payment_says_why(v2, refusal, code):
    v2.backend.on("Invoicing.StartPayment", refusal)
    answer = pay(v2)
    assert (answer.status, answer.json["code"]) == (400, code)


MAXIMUM = examples.cash(7000)


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (payment_processing.InsufficientAccountBalance(), "insufficentAccountBalance"),
        (payment_processing.PaymentAmountExceeded(maximum=MAXIMUM), "invoicePaymentAmountExceeded"),
        (payment_processing.InconsistentRefundCurrency(currency="USD"), "inconsistentRefundCurrency"),
        (payment_processing.ChargebackInProgress(), "chargebackInProgress"),
        (payment_processing.RefundCartConflict(), "refundCartConflict"),
        (payment_processing.InvalidPaymentStatus(status=1), "invalidPaymentStatus"),
    ],
    ids=lambda value: "",
)
def test_a_refused_refund_says_why(v2, refusal, code):
    v2.backend.on("Invoicing.RefundPayment", refusal)
    answer = v2.send(v2.requests["createRefund"])
    assert (answer.status, answer.json["code"]) == (400, code)


def test_an_excess_is_told_with_what_would_be_possible(v2):
    v2.backend.on("Invoicing.CapturePayment", payment_processing.AmountExceededCaptureBalance(maximum=MAXIMUM))
    answer = v2.send(v2.requests["capturePayment"])
    assert answer.json["code"] == "amountExceededCaptureBalance"
    assert "7000 RUB" in answer.json["message"]


CART = [{"product": "Tea", "quantity": 1, "price": 4000}]


@pytest.mark.parametrize(
    ("operation_id", "function", "required"),
    [
        ("capturePayment", "Invoicing.CapturePayment", {"reason": "sent"}),
        ("createRefund", "Invoicing.RefundPayment", {}),
    ],
)
def test_a_cart_without_a_currency_is_in_that_of_the_payment(v2, operation_id, function, required):
    v2.backend.on("Invoicing.GetPayment", examples.payment(cost=examples.cash(10000, "EUR")))
    v2.send(v2.operation(operation_id, body={**required, "cart": CART}))
    (call,) = v2.backend.calls_of(function)
    assert call.arguments[2].cart[0].price == examples.cash(4000, "EUR")
    assert call.arguments[2].currency is None


@pytest.mark.parametrize(
    ("operation_id", "function", "absence"),
    [
        ("createPayment", "Invoicing.Get", payment_processing.InvoiceNotFound()),
        ("createRefund", "Invoicing.GetPayment", payment_processing.PaymentNotFound()),
    ],
)
def test_keys_are_bound_only_for_what_exists(v2, operation_id, function, absence):
    v2.backend.on(function, absence)
    body = {**v2.operation(operation_id).body, "externalID": "order-1"}
    assert v2.send(v2.operation(operation_id, body=body)).status == 404
    assert [call.name for call in v2.backend.calls] == [function]


def test_a_payment_without_an_external_id_is_numbered_where_it_is_made(v2):
    v2.send(v2.operation("createPayment"))
    (call,) = v2.backend.calls
    assert (call.name, call.arguments[1].id) == ("Invoicing.StartPayment", None)


def test_a_part_of_a_hold_is_captured(v2):
    answer = v2.send(v2.operation("capturePayment", body={"reason": "sent", "amount": 7000, "currency": "RUB"}))
    (call,) = v2.backend.calls_of("Invoicing.CapturePayment")
    assert (answer.status, answer.body) == (202, b"")
    assert call.arguments[2] == payment_processing.CaptureParams(reason="sent", amount=7000, currency="RUB")


def test_a_payer_reads_one_word_of_a_failure_and_a_merchant_all_of_it(v2):
    failed = examples.payment(status=6, failure=examples.failed("authorization_failed", "account_blocked"))
    v2.backend.on("Invoicing.GetPayment", failed)
    request = v2.operation("getPaymentByID", path={"invoiceID": "inv1"})
    payer_token = v2.tokens.invoice_token("demo", "inv1")
    assert v2.send(request).json["error"] == {
        "code": "authorization_failed",
        "subError": {"code": "account_blocked"},
    }
    assert v2.send(request, token=payer_token).json["error"] == {"code": "RejectedByIssuer"}
