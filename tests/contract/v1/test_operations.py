"""What v1's operations ask of the platform, where it is not plain from their shapes alone."""

from base64 import urlsafe_b64encode

import pytest

from rpc.protocol import base, domain, party, payment_processing, search

from . import examples


def update_template(v1, **body):
    return v1.send(v1.requests["updateInvoiceTemplate"].changed(body=body))


def test_an_invoice_is_made_for_the_party_of_the_token(v1):
    v1.backend.on("Invoicing.Create", lambda params: examples.invoice(id=params.id))
    made = v1.send(v1.requests["createInvoice"]).json
    (call,) = v1.backend.calls
    assert call.arguments[0].party_id == "demo"
    assert made["invoice"]["id"] == call.arguments[0].id
    assert v1.send(v1.operation("getInvoiceByID", path={"invoiceID": call.arguments[0].id})).status == 200


def test_the_token_of_a_new_invoice_opens_it_and_no_other(v1):
    v1.backend.on("Invoicing.Create", lambda params: examples.invoice(id=params.id))
    made = v1.send(v1.requests["createInvoice"]).json
    token = made["invoiceAccessToken"]["payload"]
    assert v1.send(v1.operation("getInvoiceByID", path={"invoiceID": made["invoice"]["id"]}), token=token).status == 200
    assert v1.send(v1.operation("getInvoiceByID", path={"invoiceID": "another"}), token=token).status == 404


def test_payments_are_numbered_within_their_invoice_as_in_every_version(v1):
    v1.backend.on("Ids.Next", "3")
    v1.send(v1.operation("createPayment", path={"invoiceID": "inv1"}))
    (drawn,) = v1.backend.calls_of("Ids.Next")
    (started,) = v1.backend.calls_of("Invoicing.StartPayment")
    assert drawn.arguments == ("payments/inv1/demo", 1)
    assert started.arguments[1].id == "3"
    assert not started.arguments[1].make_recurrent


def test_refunds_are_numbered_from_a_hundred_as_in_every_version(v1):
    v1.send(v1.operation("createRefund", path={"invoiceID": "inv1", "paymentID": "1"}))
    (drawn,) = v1.backend.calls_of("Ids.Next")
    assert drawn.arguments == ("refunds/inv1/1/demo", 100)


def test_no_number_is_drawn_for_what_does_not_exist(v1):
    v1.backend.on("Invoicing.Get", payment_processing.InvoiceNotFound())
    v1.backend.on("Invoicing.GetPayment", payment_processing.PaymentNotFound())
    assert v1.send(v1.requests["createPayment"]).json == {"message": "Invoice not found"}
    assert v1.send(v1.requests["createRefund"]).json == {"message": "Payment not found"}
    assert not v1.backend.calls_of("Ids.Next")


@pytest.mark.parametrize(
    ("operation_id", "function", "refusal", "code"),
    [
        ("createPayment", "Invoicing.StartPayment", payment_processing.InvalidContractStatus(), "invalidRequest"),
        ("createPayment", "Invoicing.StartPayment", payment_processing.OperationNotPermitted(), "invalidRequest"),
        (
            "createRefund",
            "Invoicing.RefundPayment",
            payment_processing.InvalidContractStatus(),
            "invalidContractStatus",
        ),
        ("createRefund", "Invoicing.RefundPayment", payment_processing.ChargebackInProgress(), "invalidPaymentStatus"),
        (
            "cancelPayment",
            "Invoicing.CancelPayment",
            payment_processing.OperationNotPermitted(),
            "operationNotPermitted",
        ),
        ("suspendShop", "PartyManagement.SuspendShop", party.InvalidShopStatus(), "invalidRequest"),
        ("suspendMyParty", "PartyManagement.Suspend", party.InvalidPartyStatus(), "invalidRequest"),
    ],
)
def test_a_refusal_gets_the_nearest_code_that_there_is(v1, operation_id, function, refusal, code):
    not_suspended = {"is_suspended": False, "is_blocked": True}
    v1.backend.on(
        "PartyManagement.Get", lambda *_: domain.Party(id="demo", created_at=examples.CREATED, **not_suspended)
    )
    v1.backend.on(function, refusal)
    if operation_id == "suspendShop":
        shop = v1.backend.answers["PartyManagement.GetShop"]
        v1.backend.on("PartyManagement.GetShop", domain.Shop(**{**fields_of(shop), **not_suspended}))
    answer = v1.send(v1.requests[operation_id])
    assert (answer.status, answer.json["code"]) == (400, code)


def fields_of(struct):
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_a_customer_cannot_pay_because_there_are_none(v1):
    answer = v1.send(v1.operation("createPayment", body={"payer": {"payerType": "CustomerPayer", "customerID": "c"}}))
    assert answer.json == {"code": "invalidRequest", "message": "Customer not found"}


@pytest.mark.parametrize("payer_type", ["RecurrentPayer", "Nobody"])
def test_payers_of_newer_versions_are_refused(v1, payer_type):
    answer = v1.send(v1.operation("createPayment", body={"payer": {"payerType": payer_type}}))
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
    assert v1.backend.calls == []


def test_a_session_of_another_version_is_taken(v1):
    """It may say the address of the page, which this version's own do not."""
    session = b'{"clientInfo":{"fingerprint":"fp","url":"https://shop.example/pay"},"paymentSession":"s1"}'
    payer = {**v1.requests["createPayment"].body["payer"], "paymentSession": urlsafe_b64encode(session).decode()}
    assert v1.send(v1.operation("createPayment", body={"payer": payer})).status == 201
    (started,) = v1.backend.calls_of("Invoicing.StartPayment")
    assert started.arguments[1].payer.payment_resource.client_info.url == "https://shop.example/pay"


@pytest.mark.parametrize("session", ["x", "e30=", "bnVsbA=="])
def test_a_session_of_nobody_is_refused(v1, session):
    payer = {**v1.requests["createPayment"].body["payer"], "paymentSession": session}
    answer = v1.send(v1.operation("createPayment", body={"payer": payer}))
    assert answer.json["code"] == "invalidPaymentSession"


def test_an_update_of_nothing_else_is_one_call(v1):
    assert update_template(v1, description="New", lifetime={"days": 1, "months": 0, "years": 0}).status == 200
    (call,) = v1.backend.calls
    assert call.arguments[1].description == "New"
    assert (call.arguments[1].details, call.arguments[1].if_revision) == (None, None)


def test_a_new_cost_leaves_the_product_as_it_is_now(v1):
    v1.backend.on("InvoiceTemplating.Get", examples.template())
    update_template(v1, cost={"invoiceTemplateCostType": "InvoiceTemplateCostFixed", "currency": "RUB", "amount": 300})
    (call,) = v1.backend.calls_of("InvoiceTemplating.Update")
    assert call.arguments[1].details == examples.one_line(price=examples.FIXED)


def test_a_product_may_be_said_in_no_words(v1):
    v1.backend.on("InvoiceTemplating.Get", examples.template())
    assert update_template(v1, product="").status == 200
    (call,) = v1.backend.calls_of("InvoiceTemplating.Update")
    assert call.arguments[1].details == examples.one_line(product="")


def test_what_somebody_changed_meanwhile_is_read_again(v1):
    names = iter(["Donation", "Gift"])
    v1.backend.on("InvoiceTemplating.Get", lambda id: examples.template(details=examples.one_line(product=next(names))))
    tries = iter([payment_processing.RevisionMismatch(revision=5), examples.template()])

    def update(template_id, update):
        answer = next(tries)
        if isinstance(answer, Exception):
            raise answer
        return answer

    v1.backend.on("InvoiceTemplating.Update", update)
    unlimited = {"invoiceTemplateCostType": "InvoiceTemplateCostUnlim"}
    assert update_template(v1, cost=unlimited).status == 200
    products = [
        call.arguments[1].details.single_line.product for call in v1.backend.calls_of("InvoiceTemplating.Update")
    ]
    assert products == ["Donation", "Gift"]


def test_a_template_that_never_holds_still_is_given_up(v1):
    v1.backend.on("InvoiceTemplating.Update", payment_processing.RevisionMismatch(revision=5))
    v1.backend.on("InvoiceTemplating.Get", examples.template())
    assert update_template(v1, product="Gift").status == 500
    assert len(v1.backend.calls_of("InvoiceTemplating.Update")) == 5


@pytest.mark.parametrize("operation_id", ["searchInvoices", "searchPayments"])
def test_the_shop_of_a_search_must_exist(v1, operation_id):
    for function in ("Invoices", "Payments"):
        v1.backend.on(f"Search.{function}", search.ShopNotFound())
    assert v1.send(v1.requests[operation_id]).json == {"message": "Shop not found"}


def test_payers_are_not_told_the_token_of_the_tool(v1):
    v1.backend.on("Invoicing.GetPayment", examples.payment())
    shown = {
        consumer: v1.send(
            v1.requests["getPaymentByID"], token=v1.token_with(["invoices.*.payments:read"], consumer=consumer)
        ).json["payer"]["paymentToolToken"]
        for consumer in ("merchant", "client")
    }
    assert shown == {"merchant": "the-token", "client": ""}


@pytest.mark.parametrize("operation_id", ["createInvoice", "createInvoiceTemplate"])
def test_metadata_too_long_to_be_carried_about_are_refused(v1, operation_id):
    answer = v1.send(v1.operation(operation_id, body={"metadata": {"a": "x" * 65_536}}))
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
    assert v1.backend.calls == []


def test_what_the_platform_says_of_a_request_is_told_line_by_line(v1):
    v1.backend.on("Invoicing.Create", base.InvalidRequest(errors=["One thing", "Another"]))
    assert v1.send(v1.requests["createInvoice"]).json["message"] == "One thing\nAnother"
