"""schemathesis against the running /v2: every operation answers as its spec says, whatever it is sent."""

import pytest
import schemathesis

from tests.end_to_end.fuzzing import (
    CARD,
    LIFETIME,
    World,
    fuzz,
    has_success,
    operations_of,
    refuses_while_suspended,
    resource_payer,
    soon,
)
from tests.end_to_end.merchant import Api

OPERATIONS = operations_of("v2")
# The contract wants a token here and lists no 401; the answer without one is 401 all the same, as it always was.
SILENT_ABOUT_401 = {"getCountries", "getCountryByID", "getTradeBlocs", "getTradeBlocByID"}
# Fuzzed they would take the ground from under the others; they are played in pairs below.
SUSPENSIONS = {"suspendMyParty", "suspendPartyByID", "suspendShop", "suspendShopForParty"}
SINGLE = {
    "templateType": "InvoiceTemplateSingleLine",
    "product": "A thing",
    "price": {"costType": "InvoiceTemplateLineCostUnlim"},
}
BODIES = {
    "createInvoice": lambda world: {
        "shopID": world.api.shop_id, "dueDate": soon(), "currency": "RUB", "amount": 500, "partyID": "demo",
    },
    "createInvoiceTemplate": lambda world: {
        "shopID": world.api.shop_id, "details": SINGLE, "lifetime": LIFETIME, "partyID": "demo",
    },
    "updateInvoiceTemplate": lambda _: {"details": SINGLE, "lifetime": LIFETIME},
    "createInvoiceWithTemplate": lambda _: {"amount": 500, "currency": "RUB"},
    "createPayment": lambda world: {
        "payer": resource_payer(world), "flow": {"type": "PaymentFlowInstant"}, "processingDeadline": "5m",
    },
    "createRefund": lambda _: {"amount": 1, "currency": "RUB"},
    "createPaymentResource": lambda _: {"paymentTool": CARD, "clientInfo": {"fingerprint": "fuzz"}},
    "createWebhook": lambda world: {
        "partyID": "demo", "url": "http://127.0.0.1:9/nobody",
        "scope": {"topic": "InvoicesTopic", "shopID": world.api.shop_id, "eventTypes": ["InvoicePaid"]},
    },
}  # fmt: skip
DROPPED = {
    "createInvoice": ("cart", "allocation", "externalID", "bankAccount"),
    "createInvoiceTemplate": ("externalID",),
    "createInvoiceWithTemplate": ("externalID",),
    "createPayment": ("externalID", "makeRecurrent"),
    "capturePayment": ("amount", "currency", "cart", "allocation"),
    "createRefund": ("cart", "allocation", "externalID"),
    "createPaymentResource": ("externalID",),
    "createWebhook": ("id", "active", "publicKey"),
}


def new_template(api: Api) -> dict:
    body = {"shopID": api.shop_id, "lifetime": LIFETIME, "details": SINGLE}
    answer = api.call("POST", "/processing/invoice-templates", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["invoiceTemplate"]


def is_forgotten(operation_id: str, answer: schemathesis.Response) -> bool:
    if operation_id not in SILENT_ABOUT_401 or "Authorization" in answer.request.headers:
        return False
    assert (answer.status_code, answer.content) == (401, b"")
    return True


@pytest.fixture(scope="module")
def world(api: Api, operator) -> World:
    made = api.invoice(externalID="fuzz-invoice", amount=1_000_000)
    payment = api.pay(made, externalID="fuzz-payment")
    refund = api.act(made, payment["id"], "refunds", amount=10, currency="RUB", externalID="fuzz-refund").json()
    disputed = api.invoice()
    api.pay(disputed)
    cash = {"amount": 10, "currency": "RUB"}
    operator.call(
        "Invoicing", "CreateChargeback", disputed["invoice"]["id"], "1", {"id": "1", "body": cash, "levy": cash}
    )
    scope = {"topic": "InvoicesTopic", "shopID": api.shop_id, "eventTypes": ["InvoicePaid"]}
    hook = api.call("POST", "/processing/webhooks", {"url": "http://127.0.0.1:9/nobody", "scope": scope}).json()
    world = World(api, made["invoiceAccessToken"]["payload"], new_template, BODIES, DROPPED, is_forgotten)
    world.ids = {
        "invoiceID": made["invoice"]["id"],
        "paymentID": payment["id"],
        "refundID": refund["id"],
        "chargebackID": "1",
        "disputedInvoiceID": disputed["invoice"]["id"],
        "invoiceTemplateID": new_template(api)["id"],
        "webhookID": hook["id"],
        "shopID": api.shop_id,
        "partyID": "demo",
        "categoryID": api.call("GET", "/processing/categories").json()[0]["categoryID"],
        "countryID": "DEU",
        "tradeBlocID": api.call("GET", "/processing/tradeblocs").json()[0]["id"],
    }
    return world


@pytest.mark.parametrize("operation_id", sorted(set(OPERATIONS) - SUSPENSIONS))
def test_every_answer_is_one_of_the_spec(world: World, operation_id: str):
    fuzz(world, OPERATIONS[operation_id], operation_id)


def test_every_operation_was_reached_with_a_success(world: World):
    assert not {name: seen for name, seen in world.seen.items() if not has_success(seen)}
    assert set(world.seen) | SUSPENSIONS == set(OPERATIONS)


@pytest.mark.parametrize(
    ("suspend", "activate"),
    [
        ("/processing/me/suspend", "/processing/me/activate"),
        ("/processing/parties/demo/suspend", "/processing/parties/demo/activate"),
        ("/processing/shops/TESTSHOP/suspend", "/processing/shops/TESTSHOP/activate"),
        ("/processing/parties/demo/shops/TESTSHOP/suspend", "/processing/parties/demo/shops/TESTSHOP/activate"),
    ],
)
def test_who_is_suspended_sells_nothing_until_activated(world: World, suspend: str, activate: str):
    refuses_while_suspended(world.api, suspend, activate)
