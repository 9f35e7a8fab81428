"""A merchant who never left /v1: the whole of their day, on the platform of today."""

import time

import pytest

from console.story.payer import approve_challenge
from console.story.receiver import Receiver, is_genuine
from tests.end_to_end.merchant import CHALLENGE, Api, due
from tests.end_to_end.v1 import PERIOD, gateways, new_template, new_webhook

EVENT_TYPES = [
    "InvoiceCreated", "InvoicePaid", "InvoiceCancelled", "InvoiceFulfilled", "PaymentStarted", "PaymentProcessed",
    "PaymentCaptured", "PaymentCancelled", "PaymentRefunded", "PaymentFailed",
]  # fmt: skip
DONATION = {
    "product": "A donation",
    "cost": {
        "invoiceTemplateCostType": "InvoiceTemplateCostRange",
        "currency": "RUB",
        "range": {"lowerBound": 100, "upperBound": 900},
    },
}


@pytest.fixture(scope="module")
def v1(system) -> Api:
    return gateways(system)


@pytest.fixture
def receiver():
    listening = Receiver()
    yield listening
    listening.close()


def events(api: Api, made: dict, change_type: str) -> list:
    """Changes of that type, once there is one."""
    path = f"/processing/invoices/{made['invoice']['id']}/events"

    def wanted(body: list) -> list:
        changes = [change for event in body for change in event["changes"]]
        return [change for change in changes if change["changeType"] == change_type]

    return wanted(api.wait(f"{path}?limit=1000", wanted))


def test_an_invoice_is_paid_fulfilled_and_found_again(v1: Api, books):
    made = v1.invoice(amount=31_337)
    payment = v1.pay(made)
    assert (payment["status"], payment["amount"]) == ("captured", 31_337)
    assert payment["payer"]["paymentToolDetails"]["cardNumberMask"] == "424242******4242"
    assert books.captured(made) == [31_337]
    path = f"/processing/invoices/{made['invoice']['id']}"
    v1.wait(path, lambda body: body["status"] == "paid")
    assert v1.call("POST", f"{path}/fulfill", {"reason": "Sent"}).status_code == 204
    assert v1.call("GET", path).json()["status"] == "fulfilled"
    query = {**PERIOD, "limit": 10, "offset": 0, "bin": "42424242", "cardNumberMask": "4242", "paymentAmount": 31_337}
    found = v1.call("GET", f"/analytics/shops/{v1.shop_id}/payments", **query).json()
    assert (found["totalCount"], found["result"][0]["invoiceID"]) == (1, made["invoice"]["id"])


def test_the_same_order_twice_is_two_invoices_of_which_one_is_rescinded(v1: Api):
    body = {
        "shopID": v1.shop_id, "dueDate": due(), "amount": 500, "currency": "RUB", "product": "x", "metadata": {},
        "externalID": "one-order",
    }  # fmt: skip
    first, second = (v1.call("POST", "/processing/invoices", body).json()["invoice"]["id"] for _ in range(2))
    assert first != second
    assert v1.call("POST", f"/processing/invoices/{second}/rescind", {"reason": "Twice"}).status_code == 204
    shown = {id: v1.call("GET", f"/processing/invoices/{id}").json()["status"] for id in (first, second)}
    assert shown == {first: "unpaid", second: "cancelled"}


def test_pages_of_a_search_cover_everything_once(v1: Api):
    mine = [v1.invoice(amount=7_771)["invoice"]["id"] for _ in range(5)]
    pages = [
        v1.call(
            "GET", f"/analytics/shops/{v1.shop_id}/invoices", **PERIOD, limit=2, offset=offset, invoiceAmount=7_771
        ).json()
        for offset in (0, 2, 4, 6)
    ]
    assert {page["totalCount"] for page in pages} == {5}
    assert [invoice["id"] for page in pages for invoice in page["result"]] == mine[::-1]


def test_a_hold_is_captured_whole_or_given_back(v1: Api, books):
    taken, released = v1.invoice(), v1.invoice()
    for made, action, ended in ((taken, "capture", "captured"), (released, "cancel", "cancelled")):
        payment = v1.pay(made, hold="cancel", until=("processed",))
        answer = v1.act(made, payment["id"], action, reason="Decided", amount=1, currency="RUB")
        assert (answer.status_code, answer.content) == (202, b"")
        assert v1.payment(made, payment["id"])["status"] == ended
    assert (books.captured(taken), books.captured(released)) == ([10000], [])


def test_money_goes_back_in_parts_until_nothing_is_left(v1: Api, ledger):
    v1.pay(v1.invoice(amount=100_000))
    made = v1.invoice()
    payment = v1.pay(made)
    path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment['id']}/refunds"
    for amount in (4_000, 6_000):
        refund = v1.call("POST", path, {"amount": amount, "currency": "RUB", "reason": "Torn"}).json()
        v1.wait(f"{path}/{refund['id']}", lambda body: body["status"] == "succeeded")
    too_much = v1.call("POST", path, {"amount": 1, "currency": "RUB"})
    assert too_much.json()["code"] in ("invoicePaymentAmountExceeded", "invalidPaymentStatus")
    assert [entry["amount"] for entry in v1.call("GET", path).json()] == [4_000, 6_000]
    assert v1.payment(made, payment["id"], ("refunded",))["status"] == "refunded"
    assert ledger.is_sound()


def test_a_declined_card_tells_its_path_in_one_line(v1: Api):
    payment = v1.pay(v1.invoice(), "4000000000000002")
    assert payment["status"] == "failed"
    assert payment["error"]["code"] == "authorization_failed"
    assert payment["error"]["message"].split(":")[0] == "authorization_failed"
    assert set(payment["error"]) == {"code", "message"}


def test_a_payer_passes_the_bank_s_challenge(v1: Api):
    made = v1.invoice()
    started = v1.start(made, CHALLENGE).json()
    (asked,) = events(v1, made, "PaymentInteractionRequested")
    approve_challenge(asked["userInteraction"])
    assert v1.payment(made, started["id"])["status"] == "captured"


def test_a_template_makes_invoices_and_is_changed_in_parts(v1: Api):
    made = new_template(v1, **DONATION)
    path = f"/processing/invoice-templates/{made['invoiceTemplate']['id']}"
    token = made["invoiceTemplateAccessToken"]["payload"]
    body = {"amount": 300, "currency": "RUB"}
    invoice = v1.call("POST", f"{path}/invoices", body, token).json()["invoice"]
    assert (invoice["product"], invoice["amount"]) == ("A donation", 300)
    beyond = v1.call("POST", f"{path}/invoices", {**body, "amount": 901}, token)
    assert beyond.json()["code"] == "invoiceTermsViolated"
    fixed = {"invoiceTemplateCostType": "InvoiceTemplateCostFixed", "currency": "RUB", "amount": 777}
    changed = v1.call("PUT", path, {"cost": fixed}).json()
    assert (changed["product"], changed["cost"]) == ("A donation", fixed)
    assert v1.call("PUT", path, {"product": "A gift"}).json()["cost"] == fixed
    assert v1.call("POST", f"{path}/invoices", {}, token).json()["invoice"]["amount"] == 777
    assert v1.call("DELETE", path).status_code == 204
    assert v1.call("GET", path).status_code == 404


def test_a_webhook_of_v1_hears_signed_messages_as_every_webhook_does(v1: Api, receiver):
    hook = new_webhook(v1, receiver.url, EVENT_TYPES)
    made = v1.invoice()
    v1.pay(made)
    wanted = ["InvoiceCreated", "PaymentStarted", "PaymentProcessed", "PaymentCaptured", "InvoicePaid"]
    notices = told(receiver, made, len(wanted))
    assert [notice.event["eventType"] for notice in notices] == wanted
    assert all(is_genuine(notice.body, notice.signature, hook["publicKey"]) for notice in notices)
    assert all("occuredAt" in notice.event for notice in notices)


def told(receiver: Receiver, made: dict, count: int) -> list:
    """The messages about one invoice, once there are so many."""
    end = time.monotonic() + 20
    while True:
        notices = [n for n in list(receiver.notices) if n.event["invoice"]["id"] == made["invoice"]["id"]]
        if len(notices) >= count:
            return notices
        assert time.monotonic() < end, [notice.event["eventType"] for notice in notices]
        time.sleep(0.05)


def test_card_numbers_are_taken_by_their_own_process_alone(v1: Api):
    body = {"paymentTool": {"paymentToolType": "CardData"}, "clientInfo": {"fingerprint": "x"}}
    elsewhere = Api(v1.api_url, v1.api_url, v1.token, v1.shop_id).call("POST", "/processing/payment-resources", body)
    assert elsewhere.status_code == 501
    swapped = Api(v1.tokens_url, v1.tokens_url, v1.token, v1.shop_id).call("GET", "/processing/me")
    assert swapped.status_code == 501


def test_versions_take_each_other_s_tokens_and_resources(v1: Api, api: Api):
    made = v1.invoice()
    token = made["invoiceAccessToken"]["payload"]
    resource = api.resource(token=token)
    payer = {
        "payerType": "PaymentResourcePayer", "paymentToolToken": resource["paymentToolToken"],
        "paymentSession": resource["paymentSession"], "contactInfo": {},
    }  # fmt: skip
    path = f"/processing/invoices/{made['invoice']['id']}/payments"
    started = v1.call("POST", path, {"flow": {"type": "PaymentFlowInstant"}, "payer": payer}, token)
    assert started.status_code == 201, started.text
    assert api.payment(made, started.json()["id"])["status"] == "captured"
    assert v1.call("GET", f"{path}/{started.json()['id']}", token=token).json()["status"] == "captured"
