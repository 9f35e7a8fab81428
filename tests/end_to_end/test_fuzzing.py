"""schemathesis against the running /v2: every operation answers as its spec says, whatever it is sent.

Generated requests alone would see 404 almost everywhere, so a part of them is pointed at things that exist: the ids of
path and query are replaced by real ones, and a body gets the shop, the payment tool or the due date of a real one.
"""

import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks

from tests.end_to_end.merchant import Api

SPEC = Path(__file__).parents[2] / "specs" / "v2" / "bundled.json"
SCHEMA = schemathesis.openapi.from_path(SPEC)
OPERATIONS = {result.ok().definition.raw["operationId"]: result.ok() for result in SCHEMA.get_all_operations()}
EXAMPLES = int(os.environ.get("CAPI_FUZZ_EXAMPLES", "14"))
# The contract wants a token here and lists no 401; the answer without one is 401 all the same, as it always was.
SILENT_ABOUT_401 = {"getCountries", "getCountryByID", "getTradeBlocs", "getTradeBlocByID"}
# Fuzzed they would take the ground from under the others; they are played in pairs below.
SUSPENSIONS = {"suspendMyParty", "suspendPartyByID", "suspendShop", "suspendShopForParty"}
REACHED: dict[str, set[int]] = {}


@dataclass
class World:
    """Things that exist, by the names that the spec gives to their ids."""

    api: Api
    payer_token: str
    ids: dict[str, Any] = field(default_factory=dict)

    def token(self, operation_id: str) -> str:
        """Whoever calls that operation: cards are tokenised by payers, not by merchants."""
        return self.payer_token if operation_id == "createPaymentResource" else self.api.token

    def fresh(self, operation_id: str) -> dict[str, Any]:
        """Ids for one request: objects that an operation uses up are made anew."""
        if operation_id in ("fulfillInvoice",):
            made = self.api.invoice()
            self.api.pay(made)
            return {**self.ids, "invoiceID": made["invoice"]["id"]}
        if operation_id in ("rescindInvoice", "createPayment"):
            return {**self.ids, "invoiceID": self.api.invoice()["invoice"]["id"]}
        if operation_id in ("capturePayment", "cancelPayment"):
            made = self.api.invoice()
            payment = self.api.pay(made, hold="cancel", until=("processed",))
            return {**self.ids, "invoiceID": made["invoice"]["id"], "paymentID": payment["id"]}
        if operation_id in ("deleteInvoiceTemplate", "updateInvoiceTemplate"):
            return {**self.ids, "invoiceTemplateID": new_template(self.api)["id"]}
        if operation_id == "deleteWebhookByID":
            hooks = [hook["id"] for hook in self.api.call("GET", "/processing/webhooks").json()]
            return {**self.ids, "webhookID": next((id for id in hooks if id != self.ids["webhookID"]), "0")}
        return self.ids


def new_template(api: Api) -> dict:
    body = {
        "shopID": api.shop_id,
        "lifetime": {"days": 1, "months": 0, "years": 0},
        "details": {
            "templateType": "InvoiceTemplateSingleLine",
            "product": "A thing",
            "price": {"costType": "InvoiceTemplateLineCostUnlim"},
        },
    }
    answer = api.call("POST", "/processing/invoice-templates", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["invoiceTemplate"]


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
    world = World(api, made["invoiceAccessToken"]["payload"])
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


def point_at(world: World, case: schemathesis.Case, operation_id: str) -> None:
    """Makes a generated request about things that exist."""
    ids = world.fresh(operation_id)
    if "hargeback" in operation_id:
        ids = {**ids, "invoiceID": ids["disputedInvoiceID"]}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = ids.get(name, case.path_parameters[name])
    query = case.query or {}
    if "externalID" in query:
        kind = next(kind for kind in ("Invoice", "Payment", "Refund") if kind in operation_id)
        query["externalID"] = f"fuzz-{kind.lower()}"
    if "fromTime" in query:
        query["fromTime"], query["toTime"] = "2026-01-01T00:00:00Z", "2036-01-01T00:00:00Z"
        query.pop("continuationToken", None)
    if "eventID" in query:
        query.pop("eventID")
    if case.headers:
        case.headers.pop("X-Request-Deadline", None)
        case.headers["X-Request-ID"] = secrets.token_hex(8)
    if isinstance(case.body, dict):
        case.body = {**case.body, **BODIES.get(operation_id, lambda _: {})(world)}
        for name in DROPPED.get(operation_id, ()):
            case.body.pop(name, None)


def resource_payer(world: World) -> dict:
    resource = world.api.resource(token=world.payer_token)
    return {
        "payerType": "PaymentResourcePayer",
        "paymentToolToken": resource["paymentToolToken"],
        "paymentSession": resource["paymentSession"],
        "contactInfo": {},
    }


def soon() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")


CARD = {"paymentToolType": "CardData", "cardNumber": "4242424242424242", "expDate": "12/30", "cvv": "123"}
SINGLE = {
    "templateType": "InvoiceTemplateSingleLine",
    "product": "A thing",
    "price": {"costType": "InvoiceTemplateLineCostUnlim"},
}
LIFETIME = {"days": 1, "months": 0, "years": 0}
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


def checks_for(answer: schemathesis.Response) -> list:
    """Everything that judges one answer by the spec. An answer without a body has no media type."""
    names = [
        "not_a_server_error", "status_code_conformance", "response_headers_conformance", "response_schema_conformance",
        "negative_data_rejection", "missing_required_header", "unsupported_method", "allow_header_conformance",
    ]  # fmt: skip
    if answer.content:
        names.append("content_type_conformance")
    return checks.CHECKS.get_by_names(names)


@pytest.mark.parametrize("operation_id", sorted(set(OPERATIONS) - SUSPENSIONS))
def test_every_answer_is_one_of_the_spec(world: World, operation_id: str):
    operation = OPERATIONS[operation_id]
    is_tokens = operation_id == "createPaymentResource"
    base = world.api.tokens_url if is_tokens else world.api.api_url
    headers = {"Authorization": f"Bearer {world.token(operation_id)}"}
    statuses = REACHED.setdefault(operation_id, set())

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        case=st.one_of(
            operation.as_strategy(GenerationMode.POSITIVE),
            operation.as_strategy(GenerationMode.POSITIVE),
            operation.as_strategy(GenerationMode.NEGATIVE),
        ),
        is_about_something=st.booleans(),
    )
    def fuzz(case: schemathesis.Case, is_about_something: bool) -> None:
        if is_about_something and case.meta.generation.mode is GenerationMode.POSITIVE:
            point_at(world, case, operation_id)
        answer = case.call(base_url=base, headers=headers)
        statuses.add(answer.status_code)
        if operation_id in SILENT_ABOUT_401 and "Authorization" not in answer.request.headers:
            assert (answer.status_code, answer.content) == (401, b"")
            return
        case.validate_response(answer, checks=checks_for(answer), headers=headers)

    fuzz()


def test_every_operation_was_reached_with_a_success(world: World):
    silent = {name: seen for name, seen in REACHED.items() if not any(200 <= status < 300 for status in seen)}
    assert not silent
    assert set(REACHED) | SUSPENSIONS == set(OPERATIONS)


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
    api = world.api
    body = {"shopID": api.shop_id, "dueDate": soon(), "currency": "RUB", "amount": 5, "product": "x", "metadata": {}}
    assert api.call("PUT", suspend).status_code == 204
    try:
        again, refused = api.call("PUT", suspend), api.call("POST", "/processing/invoices", body)
    finally:
        assert api.call("PUT", activate).status_code == 204
    wanted = "invalidShopStatus" if "shops" in suspend else "invalidPartyStatus"
    assert (refused.status_code, refused.json()["code"]) == (400, wanted)
    assert again.status_code == 204
    assert api.call("POST", "/processing/invoices", body).status_code == 201
