"""schemathesis against the running /v3: every operation answers as its spec says, alone and along the spec's links."""

import secrets
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from tests.end_to_end.fuzzing import EXAMPLES, SPECS, checks_for, fuzz, has_success, operations_of
from tests.end_to_end.modern_merchant import VISA, ModernApi

OPERATIONS = operations_of("v3")
RUB = {"amount": 500, "currency": "RUB"}
CARD = {"type": "card", "card": {"number": VISA, "expiryMonth": 12, "expiryYear": 2030, "securityCode": "123"}}
NOBODY = "http://127.0.0.1:9/nobody"
KEPT_FROM_FUZZ = ("cart", "dueAt", "amount", "product", "price", "taxRate")
"""Members of a body that are replaced as a whole: what the schema allows one by one need not agree."""
JUDGES_OF_WRONG_REQUESTS = {"negative_data_rejection", "missing_required_header"}
STORY = {"createInvoice", "createPaymentToken", "createPayment", "createRefund", "getRefund"}


@dataclass
class ModernWorld:
    """Things that exist, by the names that the spec gives to their ids. The names are those of fuzzing.World."""

    api: ModernApi
    payer_token: str
    ids: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, set[int]] = field(default_factory=dict)
    card_operation: ClassVar[str] = "createPaymentToken"

    def token(self, operation_id: str) -> str:
        """Whoever calls that operation: cards are tokenized by payers, not by merchants."""
        return self.payer_token if operation_id == self.card_operation else self.api.token

    def is_forgotten(self, operation_id: str, answer: schemathesis.Response) -> bool:
        """The spec lists everything."""
        return False

    def point(self, case: schemathesis.Case, operation_id: str) -> None:
        """Makes a generated request about things that exist, in a sensible way."""
        known = self.fresh(operation_id)
        for name in case.path_parameters or {}:
            case.path_parameters[name] = known.get(name, case.path_parameters[name])
        for name in ("after", "shopId", "invoiceId", "paymentId"):
            (case.query or {}).pop(name, None)
        case.headers.pop("Request-Deadline", None)
        case.headers.pop("If-None-Match", None)
        case.headers["X-Request-ID"] = secrets.token_hex(8)
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = secrets.token_hex(8)
        if "If-Match" in case.headers:
            case.headers["If-Match"] = "*"
        if isinstance(case.body, dict) and operation_id in BODIES:
            kept = {name: value for name, value in case.body.items() if name not in KEPT_FROM_FUZZ}
            case.body = {**kept, **BODIES[operation_id](self)}

    def fresh(self, operation_id: str) -> dict[str, Any]:
        """Ids for one request: objects that an operation uses up are made anew."""
        if operation_id in ("cancelInvoice", "createPayment"):
            return {**self.ids, "invoiceId": self.api.invoice()["id"]}
        if operation_id == "fulfillInvoice":
            payment = self.api.pay(self.api.invoice())
            self.api.wait(f"/invoices/{payment['invoiceId']}", lambda body: body["status"] == "paid")
            return {**self.ids, "invoiceId": payment["invoiceId"]}
        if operation_id in ("capturePayment", "cancelPayment"):
            held = self.api.pay(self.api.invoice(), capture="manual", until=("authorized",))
            return {**self.ids, "paymentId": held["id"]}
        if operation_id == "deletePaymentLink":
            return {**self.ids, "paymentLinkId": new_link(self.api)["id"]}
        if operation_id == "deleteWebhookEndpoint":
            return {**self.ids, "webhookEndpointId": new_endpoint(self.api)["id"]}
        return self.ids


BODIES = {
    "createInvoice": lambda world: {"shopId": world.api.shop_id, "product": "A thing", "amount": RUB},
    "createPayment": lambda world: {
        "source": {"type": "token", "token": world.api.payment_token(token=world.payer_token)}, "recurring": False,
    },
    "createPaymentToken": lambda world: {"paymentMethod": CARD, "invoiceId": world.ids["invoiceId"]},
    "createPaymentLink": lambda world: {
        "shopId": world.api.shop_id, "product": "A thing", "price": {"type": "any"}, "invoiceLifetime": {"days": 1},
    },
    "updatePaymentLink": lambda _: {"name": "Gift", "invoiceLifetime": {"days": 1}},
    "createLinkInvoice": lambda _: {"amount": RUB},
    "capturePayment": lambda _: {"amount": RUB},
    "createRefund": lambda _: {"amount": {"amount": 1, "currency": "RUB"}},
    "createWebhookEndpoint": lambda world: {"url": NOBODY, "shopId": world.api.shop_id, "eventTypes": ["invoice.paid"]},
    "updateWebhookEndpoint": lambda world: {
        "url": NOBODY, "shopId": world.api.shop_id, "status": "enabled", "eventTypes": ["invoice.paid"],
    },
    "testWebhookEndpoint": lambda _: {"eventType": "invoice.paid"},
    "replayWebhookEvents": lambda _: {"only": "failed", "createdAt": {}},
}  # fmt: skip


def new_link(api: ModernApi) -> dict:
    return api.made("/paymentLinks", {"shopId": api.shop_id, "product": "A thing", "price": {"type": "any"}})


def new_endpoint(api: ModernApi) -> dict:
    return api.made("/webhookEndpoints", {"url": NOBODY, "eventTypes": ["invoice.fulfilled"]})


def without_endpoints(api: ModernApi) -> None:
    """Room for those of the fuzz: there is a limit."""
    for old in api.call("GET", "/webhookEndpoints", limit=200).json()["data"]:
        api.call("DELETE", f"/webhookEndpoints/{old['id']}", headers={"If-Match": "*"})


@pytest.fixture(scope="module")
def world(system) -> ModernWorld:
    api = ModernApi(
        f"{system.url('GATEWAY_V3')}/v3", f"{system.url('GATEWAY_V3_TOKENS')}/v3", system.api_key, "shp_TESTSHOP"
    )
    without_endpoints(api)
    invoice = api.invoice(1_000_000)
    payment = api.pay(invoice)
    refund = api.made(f"/payments/{payment['id']}/refunds", {"amount": {"amount": 10, "currency": "RUB"}})
    open_invoice = api.invoice()
    world = ModernWorld(api, api.made(f"/invoices/{open_invoice['id']}/tokens", None)["token"])
    world.ids = {
        "invoiceId": open_invoice["id"],
        "paymentId": payment["id"],
        "refundId": refund["id"],
        "paymentLinkId": new_link(api)["id"],
        "webhookEndpointId": new_endpoint(api)["id"],
        "shopId": "shp_TESTSHOP",
        "eventId": api.events()[-1]["id"],
        "key": "order-2041",
    }
    yield world
    without_endpoints(api)


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_every_answer_is_one_of_the_spec(world: ModernWorld, operation_id: str):
    if operation_id == "createWebhookEndpoint":
        without_endpoints(world.api)
        world.ids["webhookEndpointId"] = new_endpoint(world.api)["id"]
    fuzz(world, OPERATIONS[operation_id], operation_id)


def test_every_operation_was_reached_with_a_success(world: ModernWorld):
    assert not {name: seen for name, seen in world.seen.items() if not has_success(seen)}
    assert set(world.seen) == set(OPERATIONS)


def test_the_links_of_the_spec_lead_from_an_invoice_to_a_refund(world: ModernWorld):
    """In whatever order links are followed, every answer is one of the spec; the whole way is gone at least once."""
    reached: set[str] = set()
    declared = {"generation": {"mode": "positive"}, "inference": {"algorithms": []}}
    config = schemathesis.Config.from_dict({"phases": {"stateful": declared}})
    whole = schemathesis.openapi.from_path(SPECS / "v3" / "bundled.json", config=config)
    spec = whole.include(operation_id=sorted(STORY))

    class Walk(spec.as_state_machine()):
        def before_call(self, case: schemathesis.Case) -> None:
            operation_id = case.operation.definition.raw["operationId"]
            case.headers = {name: text for name, text in (case.headers or {}).items() if name.startswith("Idempotency")}
            if "Idempotency-Key" in case.headers:
                case.headers["Idempotency-Key"] = secrets.token_hex(8)
            if operation_id == "createInvoice":
                case.body = BODIES[operation_id](world)
            if operation_id == "createRefund":
                case.body = {}
                path = f"/payments/{case.path_parameters['paymentId']}"
                answer = world.api.call("GET", path)
                if answer.status_code == 200:
                    world.api.wait(path, lambda body: body["status"] != "pending")

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            operation_id = case.operation.definition.raw["operationId"]
            base = world.api.tokens_url if operation_id == world.card_operation else world.api.api_url
            return {"base_url": base, "headers": {"Authorization": f"Bearer {world.token(operation_id)}"}}

        def validate_response(self, response: schemathesis.Response, case: schemathesis.Case, **_: Any) -> None:
            # What was generated wrong on purpose may have been put right by `before_call`.
            judges = [each for each in checks_for(response) if each.__name__ not in JUDGES_OF_WRONG_REQUESTS]
            case.validate_response(response, checks=judges, headers=self.get_call_kwargs(case)["headers"])
            if response.status_code < 300:
                reached.add(case.operation.definition.raw["operationId"])

    Walk.run(
        settings=settings(
            max_examples=max(20, EXAMPLES),
            stateful_step_count=8,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
    )
    assert reached >= STORY
