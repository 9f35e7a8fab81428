"""Each row of the table "What newer versions made" of v1's introduction, shown: what v1 has no word for."""

import pytest

from capi_v1 import shapes
from capi_v1.shapes.payment import payment_search_result_to_json
from rpc.protocol import base, domain, payment_processing, webhooks

from . import examples
from .introduction import Promises
from .schemas import conforming

NEWER = Promises("made by a newer version")
TAX = domain.TaxMode(vat="20%")


@NEWER.shows(
    "`externalID`, allocation, bank account, client information, metadata of a payment, bank's reference numbers"
)
def test_properties_without_a_name_here_are_left_out():
    account = domain.InvoiceBankAccount(russian=domain.RussianBankAccount(account="4" * 20, bank_bik="0" * 9))
    trust = domain.InvoiceClientInfo(trust_level=domain.TrustLevel.WELL_KNOWN)
    invoice = examples.invoice(external_id="order-1", bank_account=account, client_info=trust)
    assert shapes.invoice_to_json(invoice) == shapes.invoice_to_json(examples.invoice())
    payment = examples.payment(
        external_id="pay-1",
        context=base.Content(type="application/json", data=b"{}"),
        transaction=domain.TransactionInfo(id="t", rrn="012345678901", approval_code="A1"),
    )
    assert shapes.payment_to_json(payment, "merchant") == shapes.payment_to_json(examples.payment(), "merchant")


@NEWER.shows("a payment by `RecurrentPayer`")
@pytest.mark.parametrize("consumer", ["merchant", "client"])
def test_who_pays_as_before_looks_like_a_payer_without_a_token(consumer):
    payer = domain.Payer(recurrent=examples.RECURRENT_PAYER)
    shown = conforming("Payment", shapes.payment_to_json(examples.payment(payer=payer), consumer))["payer"]
    assert shown["payerType"] == "PaymentResourcePayer"
    assert (shown["paymentToolToken"], shown["paymentSession"]) == ("", "")
    assert shown["paymentToolDetails"]["bin"] == "424242"
    assert shown["contactInfo"] == {"email": "payer@example.com"}


@NEWER.shows("a payment by mobile commerce, and the method itself")
def test_mobile_commerce_is_not_shown():
    mobile = domain.PaymentTool(mobile_commerce=domain.MobileCommerce(cc="7", ctn="9161234567"))
    payer = examples.RESOURCE_PAYER
    payer = domain.Payer(
        payment_resource=domain.PaymentResourcePayer(
            payment_tool=mobile, payment_session_id=payer.payment_session_id, contact_info=payer.contact_info
        )
    )
    shown = conforming("Payment", shapes.payment_to_json(examples.payment(payer=payer), "merchant"))
    assert "paymentToolDetails" not in shown["payer"]
    methods = [domain.PaymentMethod(mobile_commerce="mts"), domain.PaymentMethod(digital_wallet="qiwi")]
    assert [entry["method"] for entry in shapes.payment_methods_to_json(methods)] == ["DigitalWallet"]


@NEWER.shows("a template with several lines")
def test_several_lines_look_like_one_thing_that_costs_their_sum(v1):
    template = examples.template(details=examples.lines(examples.line("Tea", 2, 5000), examples.line("Milk", 1, 70)))
    shown = conforming("InvoiceTemplate", shapes.template_to_json(template))
    cost = {"invoiceTemplateCostType": "InvoiceTemplateCostFixed", "currency": "RUB", "amount": 10070}
    assert (shown["product"], shown["cost"]) == ("Tea; Milk", cost)
    v1.backend.on("InvoiceTemplating.Get", template)
    for change in ({"product": "Tea"}, {"cost": cost}):
        answer = v1.send(v1.requests["updateInvoiceTemplate"].changed(body=change))
        assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
    assert not v1.backend.calls_of("InvoiceTemplating.Update")
    assert v1.send(v1.requests["updateInvoiceTemplate"].changed(body={"description": "Both"})).status == 200


def test_the_names_of_many_lines_end_where_the_contract_ends_them():
    template = examples.template(details=examples.lines(*[examples.line("A long name of goods")] * 50))
    assert len(conforming("InvoiceTemplate", shapes.template_to_json(template))["product"]) == 100


@NEWER.shows("name and taxes of a template")
def test_what_is_not_shown_of_a_template_is_kept_when_it_is_changed(v1):
    v1.backend.on("InvoiceTemplating.Get", examples.template(details=examples.one_line(tax_mode=TAX)))
    v1.send(v1.requests["updateInvoiceTemplate"].changed(body={"product": "Gift"}))
    (call,) = v1.backend.calls_of("InvoiceTemplating.Update")
    wanted = examples.one_line(product="Gift", tax_mode=TAX)
    assert call.arguments[1] == payment_processing.TemplateUpdate(details=wanted, if_revision=4)
    assert not {"name", "taxMode", "createdAt"} & set(shapes.template_to_json(examples.template()))


@NEWER.shows("a payment whose money the bank took back after a dispute")
def test_money_that_a_bank_took_back_looks_refunded():
    payment = examples.payment(status=domain.PaymentStatus.CHARGED_BACK)
    assert conforming("Payment", shapes.payment_to_json(payment, "merchant"))["status"] == "refunded"


@NEWER.shows("a payment of which a part was captured")
def test_a_partly_captured_payment_is_worth_that_part():
    payment = examples.payment(status=domain.PaymentStatus.CAPTURED, captured_cost=examples.cash(300))
    assert shapes.payment_to_json(payment, "merchant")["amount"] == 300
    assert conforming("PaymentSearchResult", payment_search_result_to_json(payment, "merchant"))["amount"] == 300


@NEWER.shows("cart of a refund")
def test_what_a_refund_leaves_of_the_cart_is_not_shown():
    refund = examples.refund(cart=[examples.line()], external_id="refund-1")
    assert shapes.refund_to_json(refund) == conforming("Refund", shapes.refund_to_json(examples.refund()))


@NEWER.shows("a webhook that also reports refunds")
def test_a_webhook_shows_the_events_that_have_a_name_here():
    kinds = [webhooks.InvoiceEventType.INVOICE_PAID, webhooks.InvoiceEventType.REFUND_SUCCEEDED]
    scope = webhooks.WebhookScope(invoices=webhooks.InvoicesScope(shop_id="TESTSHOP", event_types=kinds))
    hook = webhooks.Webhook(
        id=7, party_id="demo", scope=scope, url="https://shop.example/hook", public_key=b"k", enabled=True
    )
    shown = conforming("Webhook", shapes.webhook_to_json(hook))
    assert shown["scope"]["eventTypes"] == ["InvoicePaid"]
    assert "partyID" not in shown


def test_every_row_of_the_table_is_shown_here():
    assert NEWER.kept()
