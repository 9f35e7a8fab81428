"""Nobody reaches through /v1 what is another's: every operation that names an object, asked by those it is not for."""

import secrets
from collections.abc import Iterator

import pytest

from console.keys import issued
from console.operator_client import bound_to
from rpc.protocol import domain, party
from settings import load
from tests.contract.sample_requests import SampleRequest, sample_requests
from tests.end_to_end.merchant import Api, due
from tests.end_to_end.running import ROOT
from tests.end_to_end.v1 import LIFETIME, PERIOD, UNLIMITED, gateways, new_template, new_webhook
from translator.spec import read_spec

SAMPLES = sample_requests(read_spec(ROOT / "specs" / "v1" / "bundled.json"))
ROLES = ("party:read", "party:write", "invoices:read", "invoices:write", "payment_resources:write")
OWNED = ("invoiceID", "invoiceTemplateID", "webhookID", "shopID")
NAMING = sorted(name for name, sample in SAMPLES.items() if set(OWNED) & set(sample.path))
# What anybody may say of their own shop with any body; the shop of the owner stands in the body.
IN_BODIES = ("createInvoice", "createInvoiceTemplate", "createWebhook")


@pytest.fixture(scope="module")
def owner(system) -> Api:
    return gateways(system)


@pytest.fixture(scope="module")
def stranger(system) -> Api:
    """A party of its own, with a shop of its own and every right over them."""
    settings = load(system.environment)
    operator, word = bound_to(settings), f"stranger{secrets.token_hex(3)}"
    operator.party_management.Create(word, party.PartyParams(contact_email="stranger@example.com"))
    shop = party.ShopParams(
        id=f"{word}-shop", currency="RUB", category_id=1, contract_id="default",
        location=domain.ShopLocation(url="https://stranger.example"), details=domain.ShopDetails(name="Stranger's"),
    )  # fmt: skip
    operator.party_management.CreateShop(word, shop)
    return gateways(system, issued(settings, operator, word, ROLES)[0], shop.id)


@pytest.fixture(scope="module")
def belongings(owner: Api) -> dict[str, str]:
    """The owner's ids by the spec's names, of things in a state in which everything could be done with them."""
    made = owner.invoice()
    payment = owner.pay(made)
    refund = owner.act(made, payment["id"], "refunds", amount=10, currency="RUB").json()
    hook = new_webhook(owner, "http://127.0.0.1:9/nobody", ["InvoicePaid"])
    return {
        "invoiceID": made["invoice"]["id"],
        "paymentID": payment["id"],
        "refundID": refund["id"],
        "invoiceTemplateID": new_template(owner)["invoiceTemplate"]["id"],
        "webhookID": hook["id"],
        "shopID": owner.shop_id,
    }


def asks(api: Api, sample: SampleRequest, ids: dict[str, str], token: str | None = None):
    filled = sample.changed(path={name: ids.get(name, value) for name, value in sample.path.items()})
    return api.call(sample.method, filled.target(""), body_of(api, sample), token)


def body_of(api: Api, sample: SampleRequest) -> dict | None:
    """One that the spec lets through and that could succeed for the owner."""
    if sample.operation_id == "createPayment":
        payer = {"payerType": "PaymentResourcePayer", "contactInfo": {}}
        resource = api.resource(token=api.invoice()["invoiceAccessToken"]["payload"])
        payer |= {name: resource[name] for name in ("paymentToolToken", "paymentSession")}
        return {"flow": {"type": "PaymentFlowInstant"}, "payer": payer}
    return sample.body


def seen(owner: Api, belongings: dict[str, str]) -> Iterator[dict]:
    """What the owner sees of everything."""
    invoice = f"/processing/invoices/{belongings['invoiceID']}"
    yield owner.call("GET", invoice).json()
    yield owner.call("GET", f"{invoice}/payments").json()
    yield owner.call("GET", f"{invoice}/payments/{belongings['paymentID']}/refunds").json()
    yield owner.call("GET", f"/processing/invoice-templates/{belongings['invoiceTemplateID']}").json()
    yield owner.call("GET", f"/processing/webhooks/{belongings['webhookID']}").json()
    yield owner.call("GET", f"/processing/shops/{belongings['shopID']}").json()


@pytest.mark.parametrize("operation_id", NAMING)
def test_another_party_is_told_nothing_and_changes_nothing(owner: Api, stranger: Api, belongings, operation_id):
    before = list(seen(owner, belongings))
    sample = SAMPLES[operation_id]
    if "fromTime" in sample.query:
        sample = sample.changed(query={**sample.query, **PERIOD})
    answer = asks(stranger, sample, belongings)
    assert answer.status_code in (401, 404), answer.text
    assert set(answer.json()) == {"message"}
    assert list(seen(owner, belongings)) == before


@pytest.mark.parametrize("operation_id", [name for name in NAMING if "invoiceID" in SAMPLES[name].path])
def test_a_payer_of_another_invoice_is_told_nothing_and_changes_nothing(owner: Api, belongings, operation_id):
    before = list(seen(owner, belongings))
    token = owner.invoice()["invoiceAccessToken"]["payload"]
    answer = asks(owner, SAMPLES[operation_id], belongings, token)
    assert answer.status_code in (401, 404), answer.text
    assert list(seen(owner, belongings)) == before


@pytest.mark.parametrize("operation_id", IN_BODIES)
def test_nothing_is_made_in_another_party_s_shop(owner: Api, stranger: Api, operation_id):
    body = {
        "createInvoice": {
            "shopID": owner.shop_id, "dueDate": due(), "amount": 5, "currency": "RUB", "product": "x", "metadata": {},
        },
        "createInvoiceTemplate": {
            "shopID": owner.shop_id, "product": "x", "lifetime": LIFETIME,
            "cost": UNLIMITED,
        },
        "createWebhook": {
            "url": "http://127.0.0.1:9/x",
            "scope": {"topic": "InvoicesTopic", "shopID": owner.shop_id, "eventTypes": ["InvoicePaid"]},
        },
    }[operation_id]  # fmt: skip
    answer = stranger.call("POST", SAMPLES[operation_id].template, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalidShopID")
