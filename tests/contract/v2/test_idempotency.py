"""One object per externalID, and 409 with the first object's id for a request that means something else."""

import pytest

from ..bindings import Bindings
from . import examples

INVOICE = {
    "externalID": "order-7",
    "shopID": "TESTSHOP",
    "dueDate": "2026-03-02T15:00:00+03:00",
    "amount": 10000,
    "currency": "RUB",
    "product": "Order 7",
    "metadata": {"order": 7},
    "cart": [
        {"product": "Tea", "quantity": 1, "price": 4000},
        {"product": "Cup", "quantity": 2, "price": 3000, "taxMode": {"type": "InvoiceLineTaxVAT", "rate": "20%"}},
    ],
}
TEMPLATE = {
    "externalID": "tpl-7",
    "shopID": "TESTSHOP",
    "lifetime": {"days": 1, "months": 0, "years": 0},
    "details": {
        "templateType": "InvoiceTemplateSingleLine",
        "product": "Donation",
        "price": {"costType": "InvoiceTemplateLineCostFixed", "amount": 100, "currency": "RUB"},
    },
}
REFUND = {"externalID": "back-7", "amount": 4000, "currency": "RUB"}


@pytest.fixture
def bindings(v2):
    v2.backend.on("Invoicing.Create", lambda params: examples.invoice(id=params.id, external_id=params.external_id))
    v2.backend.on("Invoicing.CreateWithTemplate", lambda params: examples.invoice(id=params.id))
    v2.backend.on("Invoicing.StartPayment", lambda invoice_id, params: examples.payment(id=params.id))
    v2.backend.on("Invoicing.RefundPayment", lambda invoice_id, payment_id, params: examples.refund(id=params.id))
    v2.backend.on("InvoiceTemplating.Create", lambda params: examples.template(id=params.id))
    return Bindings(v2.backend)


def create(v2, operation_id, body, **path):
    request = v2.requests[operation_id]
    return v2.send(request.changed(body=body, path={**request.path, **path}))


def id_of(answer):
    assert answer.status == 201, answer.body
    made = answer.json
    return (made.get("invoice") or made.get("invoiceTemplate") or made)["id"]


MAKERS = pytest.mark.parametrize(
    ("operation_id", "body"),
    [
        ("createInvoice", INVOICE),
        ("createInvoiceTemplate", TEMPLATE),
        ("createInvoiceWithTemplate", {"externalID": "from-tpl-7", "amount": 100, "currency": "RUB"}),
        ("createRefund", REFUND),
    ],
)


@MAKERS
def test_a_repeat_gets_the_first_object(v2, bindings, operation_id, body):
    assert id_of(create(v2, operation_id, body)) == id_of(create(v2, operation_id, body))
    assert len(bindings.bound) == 1


@MAKERS
def test_without_an_external_id_every_request_makes_a_new_object(v2, bindings, operation_id, body):
    unnamed = {name: value for name, value in body.items() if name != "externalID"}
    assert id_of(create(v2, operation_id, unnamed)) != id_of(create(v2, operation_id, unnamed))
    assert bindings.bound == {}


@MAKERS
def test_same_external_id_with_another_meaning_names_the_first_object(v2, bindings, operation_id, body):
    first = id_of(create(v2, operation_id, body))
    calls = len(v2.backend.calls)
    other = {**body, "lifetime": {"days": 2, "months": 0, "years": 0}} if "lifetime" in body else {**body, "amount": 7}
    refused = create(v2, operation_id, other)
    assert refused.status == 409
    assert (refused.json["externalID"], refused.json["id"]) == (body["externalID"], first)
    asked = [call.name for call in v2.backend.calls[calls:] if call.name.startswith("Ids.") or "Get" not in call.name]
    assert asked == ["Ids.Bind"]


@pytest.mark.parametrize(
    "changes",
    [
        {"dueDate": "2026-03-02T12:00:00Z"},
        {"description": "Another sentence"},
        {"metadata": {"order": 8}},
        {"cart": list(reversed(INVOICE["cart"]))},
        {"bankAccount": {"accountType": "InvoiceRussianBankAccount", "account": "4" * 20, "bankBik": "0" * 9}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_invoice_said_in_other_words_is_the_same_invoice(v2, bindings, changes):
    assert id_of(create(v2, "createInvoice", INVOICE)) == id_of(create(v2, "createInvoice", {**INVOICE, **changes}))


@pytest.mark.parametrize(
    "changes",
    [
        {"shopID": "OTHER"},
        {"amount": 10001},
        {"currency": "USD"},
        {"product": "Order 8"},
        {"dueDate": "2026-03-02T15:00:01+03:00"},
        {"cart": INVOICE["cart"][:1]},
        {"cart": [INVOICE["cart"][0], {**INVOICE["cart"][1], "quantity": 3}]},
        {"cart": [INVOICE["cart"][0], {**INVOICE["cart"][1], "taxMode": {"type": "InvoiceLineTaxVAT", "rate": "0%"}}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_invoice_that_means_something_else_conflicts(v2, bindings, changes):
    id_of(create(v2, "createInvoice", INVOICE))
    assert create(v2, "createInvoice", {**INVOICE, **changes}).status == 409


def test_what_the_first_request_said_must_be_said_again(v2, bindings):
    id_of(create(v2, "createInvoice", INVOICE))
    assert create(v2, "createInvoice", {**INVOICE, "amount": None}).status == 400
    silent = {name: value for name, value in INVOICE.items() if name != "amount"}
    assert create(v2, "createInvoice", silent).status == 409


def test_an_invoice_of_another_template_conflicts(v2, bindings):
    body = {"externalID": "from-tpl", "amount": 100, "currency": "RUB"}
    id_of(create(v2, "createInvoiceWithTemplate", body, invoiceTemplateID="tpl1"))
    assert create(v2, "createInvoiceWithTemplate", body, invoiceTemplateID="tpl2").status == 409


def test_a_refund_of_another_payment_conflicts(v2, bindings):
    """Ids of refunds are numbers within a payment: the first one's number must not be used in the second."""
    id_of(create(v2, "createRefund", REFUND, invoiceID="inv1", paymentID="1"))
    assert create(v2, "createRefund", REFUND, invoiceID="inv1", paymentID="2").status == 409
    assert create(v2, "createRefund", REFUND, invoiceID="inv2", paymentID="1").status == 409


def payment_body(v2, **changes):
    return {**v2.requests["createPayment"].body, "externalID": "try-7", **changes}


def test_a_payment_with_a_new_token_of_the_same_card_is_the_same_payment(v2, bindings):
    first = payment_body(v2)
    other_token = v2.overrides.bodies(v2.sealed, v2.now)["createPayment"]["payer"]
    assert other_token["paymentToolToken"] != first["payer"]["paymentToolToken"]
    assert id_of(create(v2, "createPayment", first)) == "1"
    assert id_of(create(v2, "createPayment", {**first, "payer": other_token})) == "1"
    assert id_of(create(v2, "createPayment", {**first, "makeRecurrent": False})) == "1"


@pytest.mark.parametrize(
    "changes",
    [
        {"flow": {"type": "PaymentFlowHold", "onHoldExpiration": "cancel"}},
        {"makeRecurrent": True},
        {
            "payer": {
                "payerType": "RecurrentPayer",
                "contactInfo": {},
                "recurrentParentPayment": {"invoiceID": "inv0", "paymentID": "1"},
            }
        },
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_payment_that_means_something_else_conflicts(v2, bindings, changes):
    assert id_of(create(v2, "createPayment", payment_body(v2))) == "1"
    assert create(v2, "createPayment", payment_body(v2, **changes)).status == 409


def test_a_payment_with_another_card_conflicts(v2, bindings):
    assert id_of(create(v2, "createPayment", payment_body(v2))) == "1"
    other = v2.sealed.seal(examples.tool(token="another-card"), v2.now)[0]
    payer = {**v2.requests["createPayment"].body["payer"], "paymentToolToken": other}
    assert create(v2, "createPayment", payment_body(v2, payer=payer)).status == 409


def test_payments_are_numbered_from_one_within_an_invoice(v2, bindings):
    tries = [payment_body(v2, externalID=f"try-{number}") for number in range(3)]
    assert [id_of(create(v2, "createPayment", body, invoiceID="inv1")) for body in tries] == ["1", "2", "3"]
    assert id_of(create(v2, "createPayment", payment_body(v2, externalID="other"), invoiceID="inv2")) == "1"


def test_a_payment_without_an_external_id_is_numbered_by_the_platform_in_one_call(v2, bindings):
    before = len(v2.backend.calls)
    body = v2.requests["createPayment"].body
    assert "externalID" not in body
    v2.backend.on("Invoicing.StartPayment", lambda invoice_id, params: examples.payment(invoice_id=invoice_id, id="7"))
    assert id_of(create(v2, "createPayment", body, invoiceID="inv1")) == "7"
    [call] = v2.backend.calls[before:]
    assert call.arguments[1].id is None


def test_refunds_are_numbered_from_a_hundred_within_a_payment(v2, bindings):
    body = {"amount": 1, "currency": "RUB"}
    assert [id_of(create(v2, "createRefund", body, paymentID="1")) for _ in range(2)] == ["100", "101"]
    assert id_of(create(v2, "createRefund", body, paymentID="2")) == "100"


def test_another_party_does_not_move_the_numbers_of_an_invoice(v2, bindings):
    """Before the platform has refused a stranger, a number was drawn: it must be one of the stranger's own."""
    create(v2, "createPayment", payment_body(v2), invoiceID="inv1")
    (sequence,) = bindings.numbers
    assert "demo" in sequence


def test_objects_are_found_again_by_their_external_ids(v2, bindings):
    invoice_id = id_of(create(v2, "createInvoice", INVOICE))
    v2.backend.on("Invoicing.Get", lambda one: examples.invoice(id=one))
    found = v2.send(v2.operation("getInvoiceByExternalID", query={"externalID": "order-7"}))
    assert found.json["id"] == invoice_id

    create(v2, "createPayment", payment_body(v2), invoiceID="inv9")
    v2.backend.on("Invoicing.GetPayment", lambda one, two: examples.payment(invoice_id=one, id=two))
    found = v2.send(v2.operation("getPaymentByExternalID", query={"externalID": "try-7"}))
    assert (found.json["invoiceID"], found.json["id"]) == ("inv9", "1")

    create(v2, "createRefund", REFUND, invoiceID="inv9", paymentID="1")
    v2.backend.on("Invoicing.GetRefund", lambda one, two, three: examples.refund(id=three))
    found = v2.send(v2.operation("getRefundByExternalID", query={"externalID": "back-7"}))
    assert found.json["id"] == "100"
    assert v2.backend.calls[-1].arguments == ("inv9", "1", "100")


def test_an_invoice_made_from_a_template_is_found_too(v2, bindings):
    made = id_of(create(v2, "createInvoiceWithTemplate", {"externalID": "x-1", "amount": 1, "currency": "RUB"}))
    v2.backend.on("Invoicing.Get", lambda one: examples.invoice(id=one))
    assert v2.send(v2.operation("getInvoiceByExternalID", query={"externalID": "x-1"})).json["id"] == made


@pytest.mark.parametrize(
    ("operation_id", "message"),
    [
        ("getInvoiceByExternalID", "Invoice not found"),
        ("getPaymentByExternalID", "Payment not found"),
        ("getRefundByExternalID", "Refund not found"),
    ],
)
def test_an_external_id_that_nobody_gave_is_not_found(v2, bindings, operation_id, message):
    answer = v2.send(v2.operation(operation_id, query={"externalID": "nobody"}))
    assert (answer.status, answer.json) == (404, {"message": message})


def test_a_repeated_card_gets_a_second_token_and_no_conflict(v2, bindings):
    body = {**v2.requests["createPaymentResource"].body, "externalID": "card-7"}
    first, second = (v2.send(v2.requests["createPaymentResource"].changed(body=body)) for _ in range(2))
    assert first.status == second.status == 201
    assert first.json["paymentToolToken"] != second.json["paymentToolToken"]
    assert bindings.bound == {}
