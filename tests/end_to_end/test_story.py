"""The story that `make demo` tells comes true, and webhooks are what they promise to be."""

import io
import time

import pytest

from console.story.plot import SCRIPTS, Stage, play
from console.story.receiver import Receiver, is_genuine
from console.story.telling import Teller
from tests.end_to_end.merchant import Api

ALL_TYPES = [
    "InvoiceCreated", "InvoicePaid", "InvoiceCancelled", "InvoiceFulfilled", "PaymentStarted", "PaymentProcessed",
    "PaymentCaptured", "PaymentCancelled", "PaymentRefunded", "PaymentFailed", "PaymentRefundCreated",
    "PaymentRefundSucceeded", "PaymentRefundFailed",
]  # fmt: skip


@pytest.fixture
def receiver():
    listening = Receiver()
    yield listening
    listening.close()


@pytest.fixture
def hook(api: Api, receiver) -> dict:
    """A fresh webhook for everything; older ones make room."""
    for old in api.call("GET", "/processing/webhooks").json():
        assert api.call("DELETE", f"/processing/webhooks/{old['id']}").status_code == 204
    scope = {"topic": "InvoicesTopic", "shopID": api.shop_id, "eventTypes": ALL_TYPES}
    answer = api.call("POST", "/processing/webhooks", {"url": receiver.url, "scope": scope})
    assert answer.status_code == 201, answer.text
    return answer.json()


def told(receiver: Receiver, made: dict, count: int) -> list:
    """The webhooks of one invoice, once there are so many."""
    end = time.monotonic() + 20
    while True:
        notices = [n for n in list(receiver.notices) if n.event["invoice"]["id"] == made["invoice"]["id"]]
        if len(notices) >= count:
            return notices
        assert time.monotonic() < end, [n.event["eventType"] for n in notices]
        time.sleep(0.05)


@pytest.mark.parametrize("version", SCRIPTS)
def test_the_demo_plays_to_its_end(system, api: Api, receiver, ledger, version):
    out = io.StringIO()
    gateway = f"GATEWAY_{version.upper()}"
    urls = (f"{system.url(name)}/{version}" for name in (gateway, f"{gateway}_TOKENS"))
    ended = play(Stage(*urls, api.token, api.shop_id, SCRIPTS[version]), Teller(out), receiver)
    story = out.getvalue()
    assert "genuine" in story
    assert ("RefundSucceeded" in story) == bool(SCRIPTS[version].refund_events)
    assert ("came to " + receiver.thanks_url in story) == SCRIPTS[version].says_home
    assert "4012888888881881" not in story
    assert api.call("GET", f"/processing/invoices/{ended['invoiceID']}").json()["status"] == "paid"
    assert ledger.is_sound()


def test_webhooks_arrive_in_order_signed_over_their_exact_bytes(api: Api, receiver, hook):
    made = api.invoice()
    payment = api.pay(made)
    refund = api.act(made, payment["id"], "refunds", amount=10, currency="RUB").json()
    notices = told(receiver, made, 7)
    assert [n.event["eventType"] for n in notices] == [
        "InvoiceCreated", "PaymentStarted", "PaymentProcessed", "PaymentCaptured", "InvoicePaid", "RefundCreated",
        "RefundSucceeded",
    ]  # fmt: skip
    assert all(is_genuine(n.body, n.signature, hook["publicKey"]) for n in notices)
    assert not is_genuine(notices[0].body + b" ", notices[0].signature, hook["publicKey"])
    ids = [n.event["eventID"] for n in notices]
    assert ids == sorted(set(ids))
    assert notices[-1].event["refund"]["id"] == refund["id"]
    assert notices[3].event["payment"]["status"] == "captured"


def test_a_hook_hears_only_of_what_it_asked_for(api: Api, receiver, hook):
    assert api.call("DELETE", f"/processing/webhooks/{hook['id']}").status_code == 204
    scope = {"topic": "InvoicesTopic", "shopID": api.shop_id, "eventTypes": ["PaymentFailed"]}
    api.call("POST", "/processing/webhooks", {"url": receiver.url, "scope": scope})
    made = api.invoice()
    api.pay(made, "4000000000000002")
    [notice] = told(receiver, made, 1)
    assert notice.event["eventType"] == "PaymentFailed"
    assert notice.event["payment"]["error"]["code"] == "authorization_failed"


def test_a_webhook_to_where_nobody_may_go_is_refused(api: Api):
    scope = {"topic": "InvoicesTopic", "shopID": api.shop_id, "eventTypes": ["InvoicePaid"]}
    for url in (
        "http://169.254.169.254/latest",
        "http://[::ffff:10.0.0.1]/",
        "ftp://example.com/",
        "http://user@x.org/",
    ):
        answer = api.call("POST", "/processing/webhooks", {"url": url, "scope": scope})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalidRequest"), url
