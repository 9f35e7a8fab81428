"""schemathesis against the running /v1: every operation answers as its spec and its table of oddities say."""

import pytest
import schemathesis

from tests.end_to_end.fuzzing import (
    CARD,
    World,
    fuzz,
    has_success,
    operations_of,
    refuses_while_suspended,
    resource_payer,
    soon,
)
from tests.end_to_end.merchant import Api
from tests.end_to_end.v1 import LIFETIME, UNLIMITED, gateways, new_template, new_webhook

OPERATIONS = operations_of("v1")
# Fuzzed they would take the ground from under the others; they are played in pairs below.
SUSPENSIONS = {"suspendMyParty", "suspendShop"}
BODIES = {
    "createInvoice": lambda world: {
        "shopID": world.api.shop_id, "dueDate": soon(), "currency": "RUB", "amount": 500,
    },
    "createInvoiceTemplate": lambda world: {
        "shopID": world.api.shop_id, "product": "A thing", "cost": UNLIMITED, "lifetime": LIFETIME,
    },
    "updateInvoiceTemplate": lambda _: {"cost": UNLIMITED, "lifetime": LIFETIME},
    "createInvoiceWithTemplate": lambda _: {"amount": 500, "currency": "RUB"},
    "createPayment": lambda world: {"payer": resource_payer(world), "flow": {"type": "PaymentFlowInstant"}},
    "createRefund": lambda _: {"amount": 1, "currency": "RUB"},
    "createPaymentResource": lambda _: {"paymentTool": CARD, "clientInfo": {"fingerprint": "fuzz"}},
    "createWebhook": lambda world: {
        "url": "http://127.0.0.1:9/nobody",
        "scope": {"topic": "InvoicesTopic", "shopID": world.api.shop_id, "eventTypes": ["InvoicePaid"]},
    },
}  # fmt: skip
DROPPED = {"createInvoice": ("cart",), "createWebhook": ("id", "active", "publicKey")}


def template(api: Api) -> dict:
    return new_template(api)["invoiceTemplate"]


def is_forgotten(operation_id: str, answer: schemathesis.Response) -> bool:
    """The rows "silent statuses" and "silent codes" of the introduction: what every operation may answer."""
    if answer.status_code == 401:
        assert answer.json() == {"message": "Unauthorized operation"}
    elif answer.status_code == 429:
        assert set(answer.json()) == {"message"}
    elif answer.status_code == 400 and answer.json()["code"] == "invalidRequest":
        assert set(answer.json()) == {"code", "message"}
    else:
        return False
    return True


@pytest.fixture(scope="module")
def world(system) -> World:
    api = gateways(system)
    made = api.invoice(amount=1_000_000)
    payment = api.pay(made)
    refund = api.act(made, payment["id"], "refunds", amount=10, currency="RUB").json()
    hook = new_webhook(api, "http://127.0.0.1:9/nobody", ["InvoicePaid"])
    world = World(api, made["invoiceAccessToken"]["payload"], template, BODIES, DROPPED, is_forgotten)
    world.ids = {
        "invoiceID": made["invoice"]["id"],
        "paymentID": payment["id"],
        "refundID": refund["id"],
        "invoiceTemplateID": template(api)["id"],
        "webhookID": hook["id"],
        "shopID": api.shop_id,
        "categoryID": api.call("GET", "/processing/categories").json()[0]["categoryID"],
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
        ("/processing/shops/TESTSHOP/suspend", "/processing/shops/TESTSHOP/activate"),
    ],
)
def test_who_is_suspended_sells_nothing_until_activated(world: World, suspend: str, activate: str):
    refuses_while_suspended(world.api, suspend, activate)
