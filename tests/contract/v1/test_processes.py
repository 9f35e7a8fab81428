"""v1 as processes, and what the tokens that it hands out open."""

import asyncio

import pytest

from capi_v1.__main__ import ANSWERS
from capi_v1.app import create_app
from deploy.all_in_one.first_start import prepare
from settings import load
from translator.process import parser, probed_app
from translator.revocations import Revocations

from ..house import exchange

PAYER_MAY = {
    "getInvoiceByID",
    "getInvoiceEvents",
    "getInvoicePaymentMethods",
    "createPayment",
    "getPayments",
    "getPaymentByID",
    "createPaymentResource",
}
HOLDER_OF_A_TEMPLATE_MAY = {
    "getInvoiceTemplateByID",
    "getInvoicePaymentMethodsByTemplateID",
    "createInvoiceWithTemplate",
}
ANYBODY_MAY = {"getCategories", "getCategoryByRef"}


@pytest.fixture
def settings(tmp_path):
    settings = load({"CAPI_STATE_DIRECTORY": str(tmp_path / "state")})
    prepare(settings)
    return settings


def app_of(v1, **tags):
    return create_app(v1.settings, rpc=v1.backend.client(), tokens=v1.tokens, revocations=Revocations.of(), **tags)


def served_by(v1, **tags):
    return {one.spec.operation_id for one in app_of(v1, **tags).served if one.function is not None}


def opened_by(v1, token):
    """The operations that a token opens, each asked about the object that the sample request names."""
    return {name for name, request in v1.requests.items() if v1.send(request, token=token).status < 400}


def test_card_numbers_go_to_a_process_that_serves_nothing_else(v1):
    assert served_by(v1, only=["Tokens"]) == {"createPaymentResource"}
    assert served_by(v1, without=["Tokens"]) == set(v1.requests) - {"createPaymentResource"}


def test_what_another_process_serves_is_known_and_answered_501_with_a_cat(v1):
    headers = {"authorization": f"Bearer {v1.token}", "x-request-id": "r", "content-length": "0"}
    app = app_of(v1, without=["Tokens"])
    answer = asyncio.run(exchange(app, "POST", "/v1/processing/payment-resources", headers, b""))
    assert answer.status == 501
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_process_of_payment_resources_cannot_make_access_tokens(settings):
    with pytest.raises(RuntimeError, match="no key to sign"):
        create_app(settings, only=["Tokens"]).tokens.invoice_token("demo", "inv1")
    assert create_app(settings, without=["Tokens"]).tokens.invoice_token("demo", "inv1")


def test_a_process_is_healthy_at_once_and_ready_when_it_knows_which_tokens_are_void(settings):
    app = probed_app(create_app, ANSWERS, settings, "capi_v1", [], ["Tokens"])
    assert asyncio.run(exchange(app, "GET", "/health", {}, b"")).json == {"service": "capi_v1", "status": "passing"}
    assert asyncio.run(exchange(app, "GET", "/ready", {}, b"")).status == 503


@pytest.mark.parametrize(("status", "has_cat"), [(500, True), (503, True), (400, False), (431, False)])
def test_what_breaks_outside_of_every_operation_gets_a_cat_when_it_is_our_fault(settings, status, has_cat):
    assert bool(ANSWERS(settings)(status)[1]) is has_cat


def test_the_command_line_names_tags():
    assert parser("v1").parse_args(["--without", "Tokens", "Search"]).without == ["Tokens", "Search"]


def test_a_payer_sees_and_pays_one_invoice_and_does_nothing_else(v1):
    """Above all: no capture, cancellation or refund, although all of them are about payments of that invoice."""
    invoice_id = v1.requests["createPayment"].path["invoiceID"]
    assert opened_by(v1, v1.tokens.invoice_token("demo", invoice_id)) == PAYER_MAY | ANYBODY_MAY


def test_the_holder_of_a_template_makes_invoices_of_it_and_does_nothing_else(v1):
    template_id = v1.requests["getInvoiceTemplateByID"].path["invoiceTemplateID"]
    token = v1.tokens.invoice_template_token("demo", template_id)
    assert opened_by(v1, token) == HOLDER_OF_A_TEMPLATE_MAY | ANYBODY_MAY


def test_a_merchant_opens_everything(v1):
    assert opened_by(v1, v1.token) == set(v1.requests)
