"""How a running version is fuzzed: requests that schemathesis makes of its spec, each answer judged by that spec.

Generated requests alone would see 404 almost everywhere, so a part of them is pointed at things that exist: the ids of
path and query are replaced by real ones, and a body gets the shop, the payment tool or the due date of a real one. What
differs between versions is in the World that their test modules make.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks

from tests.end_to_end.merchant import Api

SPECS = Path(__file__).parents[2] / "specs"
EXAMPLES = int(os.environ.get("CAPI_FUZZ_EXAMPLES", "14"))
PERIOD = {"fromTime": "2026-01-01T00:00:00Z", "toTime": "2036-01-01T00:00:00Z"}
CARD = {"paymentToolType": "CardData", "cardNumber": "4242424242424242", "expDate": "12/30", "cvv": "123"}
LIFETIME = {"days": 1, "months": 0, "years": 0}


@dataclass
class World:
    """Things that exist, by the names that the spec gives to their ids.

    `bodies`: operationId -> members of a body that make it sensible; `dropped`: members that would spoil it.
    `is_forgotten`: whether an answer is one that the contract does not list and the version gives all the same.
    `seen`: operationId -> statuses of its answers.
    """

    api: Api
    payer_token: str
    new_template: Callable[[Api], dict]
    bodies: Mapping[str, Callable[["World"], dict]]
    dropped: Mapping[str, tuple[str, ...]]
    is_forgotten: Callable[[str, schemathesis.Response], bool]
    ids: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, set[int]] = field(default_factory=dict)
    card_operation: str = "createPaymentResource"

    def point(self, case: schemathesis.Case, operation_id: str) -> None:
        """Makes a generated request about things that exist."""
        point_at(self, case, operation_id)

    def token(self, operation_id: str) -> str:
        """Whoever calls that operation: cards are tokenised by payers, not by merchants."""
        return self.payer_token if operation_id == self.card_operation else self.api.token

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
            return {**self.ids, "invoiceTemplateID": self.new_template(self.api)["id"]}
        if operation_id in ("getWebhookByID", "deleteWebhookByID"):
            return {**self.ids, "webhookID": self.webhook_id()}
        return self.ids

    def webhook_id(self) -> str:
        """Of one that is there: ids are small numbers, which a generated request hits and deletes now and then."""
        hooks = self.api.call("GET", "/processing/webhooks").json()
        if not hooks:
            hooks = [self.api.call("POST", "/processing/webhooks", self.bodies["createWebhook"](self)).json()]
        return hooks[0]["id"]


def operations_of(version: str) -> dict[str, Any]:
    """operationId -> schemathesis' operation."""
    schema = schemathesis.openapi.from_path(SPECS / version / "bundled.json")
    return {result.ok().definition.raw["operationId"]: result.ok() for result in schema.get_all_operations()}


def fuzz(world: World, operation: Any, operation_id: str) -> None:
    """Asks as often as CAPI_FUZZ_EXAMPLES says; fails at the first answer that is not one of the spec."""
    base = world.api.tokens_url if operation_id == world.card_operation else world.api.api_url
    headers = {"Authorization": f"Bearer {world.token(operation_id)}"}
    statuses = world.seen.setdefault(operation_id, set())

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
    def ask(case: schemathesis.Case, is_about_something: bool) -> None:
        if is_about_something and case.meta.generation.mode is GenerationMode.POSITIVE:
            world.point(case, operation_id)
        answer = case.call(base_url=base, headers=headers)
        statuses.add(answer.status_code)
        if not world.is_forgotten(operation_id, answer):
            case.validate_response(answer, checks=checks_for(answer), headers=headers)

    ask()


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
        query.update(PERIOD)
        query.pop("continuationToken", None)
    if "eventID" in query:
        query.pop("eventID")
    if case.headers:
        case.headers.pop("X-Request-Deadline", None)
        case.headers["X-Request-ID"] = secrets.token_hex(8)
    if isinstance(case.body, dict):
        case.body = {**case.body, **world.bodies.get(operation_id, lambda _: {})(world)}
        for name in world.dropped.get(operation_id, ()):
            case.body.pop(name, None)


def checks_for(answer: schemathesis.Response) -> list:
    """Everything that judges one answer by the spec. An answer without a body has no media type."""
    names = [
        "not_a_server_error", "status_code_conformance", "response_headers_conformance", "response_schema_conformance",
        "negative_data_rejection", "missing_required_header", "unsupported_method", "allow_header_conformance",
    ]  # fmt: skip
    if answer.content:
        names.append("content_type_conformance")
    return checks.CHECKS.get_by_names(names)


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


def has_success(statuses: set[int]) -> bool:
    return any(200 <= status < 300 for status in statuses)


def refuses_while_suspended(api: Api, suspend: str, activate: str) -> None:
    """Asserts that nothing is sold from `suspend` to `activate`, and that asking twice is no mistake."""
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
