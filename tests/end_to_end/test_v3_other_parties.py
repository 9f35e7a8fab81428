"""Nobody reaches through /v3 what is another's: every operation that names an object, asked by those it is not for."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from console.keys import issued
from console.operator_client import bound_to
from rpc.protocol import domain, party
from settings import load
from tests.contract.sample_requests import SampleRequest, sample_requests
from tests.end_to_end.modern_merchant import ModernApi
from tests.end_to_end.running import ROOT
from translator.spec import read_spec

SAMPLES = sample_requests(read_spec(ROOT / "specs" / "v3" / "bundled.json"))
ROLES = ("party:read", "party:write", "invoices:read", "invoices:write", "payment_resources:write")
OWNED = {"invoiceId", "paymentId", "refundId", "paymentLinkId", "webhookEndpointId", "shopId", "eventId"}
NAMING = sorted(name for name, sample in SAMPLES.items() if OWNED & set(sample.path))
OF_AN_INVOICE = [name for name in NAMING if {"invoiceId", "paymentId", "refundId"} & set(SAMPLES[name].path)]
NOBODY = "http://127.0.0.1:9/nobody"
LINK = {"product": "A thing", "price": {"type": "any"}}


def gateways(system, token: str, shop_id: str) -> ModernApi:
    return ModernApi(f"{system.url('GATEWAY_V3')}/v3", f"{system.url('GATEWAY_V3_TOKENS')}/v3", token, shop_id)


@pytest.fixture(scope="module")
def owner(system) -> ModernApi:
    return gateways(system, system.api_key, "shp_TESTSHOP")


@pytest.fixture(scope="module")
def stranger(system) -> ModernApi:
    """A party of its own, with a shop of its own and every right over them."""
    settings = load(system.environment)
    operator, word = bound_to(settings), f"stranger{secrets.token_hex(3)}"
    operator.party_management.Create(word, party.PartyParams(contact_email="stranger@example.com"))
    shop = party.ShopParams(
        id=f"{word}-shop", currency="RUB", category_id=1, contract_id="default",
        location=domain.ShopLocation(url="https://stranger.example"), details=domain.ShopDetails(name="Stranger's"),
    )  # fmt: skip
    operator.party_management.CreateShop(word, shop)
    return gateways(system, issued(settings, operator, word, ROLES)[0], f"shp_{shop.id}")


@pytest.fixture(scope="module")
def belongings(owner: ModernApi) -> Iterator[dict[str, str]]:
    """The owner's ids by the spec's names, of things in a state in which much could be done with them."""
    owner.pay(owner.invoice(1_000_000))
    payment = owner.pay(owner.invoice())
    refund = owner.made(f"/payments/{payment['id']}/refunds", {"amount": {"amount": 10, "currency": "RUB"}})
    owner.wait(f"/refunds/{refund['id']}", lambda body: body["status"] != "pending")
    endpoint = owner.made("/webhookEndpoints", {"url": NOBODY, "eventTypes": ["invoice.fulfilled"]})
    yield {
        "invoiceId": payment["invoiceId"],
        "paymentId": payment["id"],
        "refundId": refund["id"],
        "paymentLinkId": owner.made("/paymentLinks", {"shopId": owner.shop_id, **LINK})["id"],
        "webhookEndpointId": endpoint["id"],
        "shopId": owner.shop_id,
        "eventId": owner.events()[-1]["id"],
    }
    owner.call("DELETE", f"/webhookEndpoints/{endpoint['id']}", headers={"If-Match": "*"})


def asks(api: ModernApi, sample: SampleRequest, ids: dict[str, str], token: str | None = None) -> requests.Response:
    filled = sample.changed(path={name: ids.get(name, value) for name, value in sample.path.items()})
    headers = {"If-Match": "*"} if "if-match" in sample.headers else {}
    return api.call(sample.method, filled.target(""), body_of(api, sample), token=token, headers=headers)


def body_of(api: ModernApi, sample: SampleRequest) -> Any:
    """One that the spec lets through and that could succeed for the owner."""
    payer = {"createPayment": lambda: api.payment_body(api.invoice())}
    patches = {"updatePaymentLink": {"name": "Taken"}, "updateWebhookEndpoint": {"status": "disabled"}}
    if sample.operation_id in payer:
        return payer[sample.operation_id]()
    return patches.get(sample.operation_id, sample.body)


def seen(owner: ModernApi, belongings: dict[str, str]) -> list[Any]:
    """What the owner sees of everything."""
    paths = {
        "invoiceId": "invoices",
        "paymentId": "payments",
        "refundId": "refunds",
        "paymentLinkId": "paymentLinks",
        "webhookEndpointId": "webhookEndpoints",
        "shopId": "shops",
        "eventId": "events",
    }
    answers = [owner.call("GET", f"/{path}/{belongings[name]}") for name, path in paths.items()]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json() for answer in answers]


@pytest.mark.parametrize("operation_id", NAMING)
def test_another_party_is_told_nothing_and_changes_nothing(
    owner: ModernApi, stranger: ModernApi, belongings, operation_id
):
    before = seen(owner, belongings)
    answer = asks(stranger, SAMPLES[operation_id], belongings)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert seen(owner, belongings) == before


@pytest.mark.parametrize("operation_id", OF_AN_INVOICE)
def test_a_payer_of_another_invoice_is_told_nothing_and_changes_nothing(owner: ModernApi, belongings, operation_id):
    before = seen(owner, belongings)
    token = owner.made(f"/invoices/{owner.invoice()['id']}/tokens", None)["token"]
    answer = asks(owner, SAMPLES[operation_id], belongings, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert seen(owner, belongings) == before


@pytest.mark.parametrize("operation_id", ["listInvoices", "listPayments", "listRefunds", "listPaymentLinks"])
def test_lists_hold_nothing_of_another_party(stranger: ModernApi, belongings, operation_id):
    found = stranger.call("GET", SAMPLES[operation_id].template)
    assert found.status_code == 200
    assert {each["shopId"] for each in found.json()["data"]} <= {stranger.shop_id}
    of_the_owner = stranger.call("GET", SAMPLES[operation_id].template, shopId=belongings["shopId"])
    assert of_the_owner.status_code == 404 or of_the_owner.json()["data"] == []


def test_the_feed_and_the_keys_hold_nothing_of_another_party(owner: ModernApi, stranger: ModernApi, belongings):
    key = secrets.token_hex(8)
    owner.made("/paymentLinks", {"shopId": owner.shop_id, **LINK}, key=key)
    assert owner.call("GET", f"/idempotency-keys/{key}").json()["status"] == "done"
    assert stranger.call("GET", f"/idempotency-keys/{key}").json()["status"] == "unknown"
    assert {each["data"]["object"]["shopId"] for each in stranger.events()} <= {stranger.shop_id}
    assert stranger.call("GET", "/webhookEndpoints").json()["data"] == []


@pytest.mark.parametrize("path", ["/invoices", "/paymentLinks", "/webhookEndpoints"])
def test_nothing_is_made_in_another_party_s_shop(owner: ModernApi, stranger: ModernApi, path):
    body = {
        "/invoices": {"product": "x", "amount": {"amount": 5, "currency": "RUB"}},
        "/paymentLinks": LINK,
        "/webhookEndpoints": {"url": NOBODY, "eventTypes": ["*"]},
    }[path]
    answer = stranger.call("POST", path, {"shopId": owner.shop_id, **body})
    assert (answer.status_code, answer.json()["code"]) == (422, "shop-not-found")


def test_a_payer_cannot_meet_the_merchant_s_keys(owner: ModernApi):
    invoice, key = owner.invoice(), secrets.token_hex(8)
    owner.made(f"/invoices/{invoice['id']}/payments", owner.payment_body(invoice), key=key)
    payer = owner.made(f"/invoices/{invoice['id']}/tokens", None)["token"]
    assert owner.call("GET", f"/idempotency-keys/{key}", token=payer).json()["status"] == "unknown"
