"""A merchant of /v3 from the first invoice to the last event: nothing is lost or done twice, and all can be read."""

import base64
import hashlib
import hmac
import http.server
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import orjson
import pytest
import requests

from console.operator_client import bound_to
from console.story.payer import approve_challenge
from rpc.protocol import idempotency
from settings import load
from tests.end_to_end.modern_merchant import CHALLENGE, ModernApi


@pytest.fixture(scope="module")
def api(system) -> ModernApi:
    return ModernApi(
        f"{system.url('GATEWAY_V3')}/v3", f"{system.url('GATEWAY_V3_TOKENS')}/v3", system.api_key, "shp_TESTSHOP"
    )


@dataclass
class Receiver:
    """A webhook receiver on this host. `got`: (headers in lower case, body) in order."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}/hooks"
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def endpoint(api: ModernApi, receiver: Receiver) -> dict:
    return api.made("/webhookEndpoints", {"url": receiver.url, "eventTypes": ["*"]})


def test_an_invoice_is_paid_at_once(api: ModernApi):
    invoice = api.invoice()
    payment = api.pay(invoice)
    assert payment["status"] == "captured"
    assert payment["amount"] == {"amount": 10000, "currency": "RUB"}
    assert payment["paymentMethod"]["card"]["last4"] == "4242"
    paid = api.wait(f"/invoices/{invoice['id']}", lambda body: body["status"] == "paid")
    assert paid["version"] > invoice["version"]


def test_held_money_is_captured_in_part(api: ModernApi):
    payment = api.pay(api.invoice(), capture="manual", holdExpiration="cancel", until=("authorized",))
    assert payment["heldUntil"]
    amount = {"amount": 4000, "currency": "RUB"}
    answer = api.call("POST", f"/payments/{payment['id']}/captures", {"amount": amount, "reason": "One was left"})
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v3/payments/{payment['id']}"
    captured = api.wait(f"/payments/{payment['id']}", lambda body: body["status"] == "captured")
    assert captured["capturedAmount"] == amount


def test_held_money_can_be_let_go(api: ModernApi):
    payment = api.pay(api.invoice(), capture="manual", until=("authorized",))
    answer = api.call("POST", f"/payments/{payment['id']}/cancellations", {"reason": "Sold out"})
    assert answer.status_code == 202
    assert api.wait(f"/payments/{payment['id']}", lambda body: body["status"] == "cancelled")["statusReason"]


def test_the_payer_is_sent_to_the_bank_and_comes_home(api: ModernApi, system):
    home = f"{system.url('GATEWAY_V3')}/health"
    started = api.start(api.invoice(), CHALLENGE, returnUrl=home).json()
    asked = api.wait(f"/payments/{started['id']}", lambda body: "nextAction" in body)["nextAction"]
    assert asked["type"] == "redirect"
    assert approve_challenge(as_interaction(asked["redirect"])).startswith(home)
    captured = api.wait(f"/payments/{started['id']}", lambda body: body["status"] == "captured")
    assert "nextAction" not in captured


def as_interaction(redirect: dict) -> dict:
    """As the payer of the story knows it: templates that expand to themselves."""
    form = [{"key": each["name"], "template": each["value"]} for each in redirect.get("form", [])]
    kind = "BrowserPostRequest" if redirect["method"] == "POST" else "BrowserGetRequest"
    return {"request": {"requestType": kind, "uriTemplate": redirect["url"], "form": form}}


def test_money_is_given_back_in_parts(api: ModernApi):
    api.pay(api.invoice(1_000_000))
    payment = api.pay(api.invoice())
    answer = api.call(
        "POST", f"/payments/{payment['id']}/refunds", {"amount": {"amount": 3000, "currency": "RUB"}, "reason": "Torn"}
    )
    assert answer.status_code == 201, answer.text
    refund = api.wait(answer.json()["links"]["self"].removeprefix("/v3"), lambda body: body["status"] == "succeeded")
    assert refund["paymentId"] == payment["id"]
    story = api.call("GET", f"/invoices/{payment['invoiceId']}", expand="payments.refunds").json()
    assert [each["id"] for each in story["payments"][0]["refunds"]] == [refund["id"]]


def test_a_declined_card_says_what_helps(api: ModernApi):
    failure = api.pay(api.invoice(), "4000000000000002")["failure"]
    assert failure["code"].startswith("authorization_failed")
    assert {"advice", "declinedBy"} <= failure.keys()


def test_a_repeat_with_the_same_key_is_one_payment_and_the_key_tells_of_it(api: ModernApi):
    invoice, key = api.invoice(), uuid.uuid4().hex
    body = api.payment_body(invoice)
    path = f"/invoices/{invoice['id']}/payments"
    first, second = (api.call("POST", path, body, key=key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    state = api.call("GET", f"/idempotency-keys/{key}").json()
    assert (state["status"], state["resource"]["id"]) == ("done", first.json()["id"])
    assert state["response"] == {"status": 201, "body": first.json()}
    other = api.call("POST", path, {**body, "capture": "manual"}, key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert [each["pointer"] for each in other.json()["violations"]] == ["/capture"]


def test_a_key_is_running_until_its_request_is_answered(api: ModernApi, system):
    """The platform's side of a request that takes its time."""
    keys, key = bound_to(load(system.environment)).idempotency_keys, uuid.uuid4().hex
    begun = keys.Begin(
        idempotency.BeginParams(party_id="demo", key=key, operation="createInvoice", fingerprint={}, lease_s=30)
    )
    state = api.call("GET", f"/idempotency-keys/{key}").json()
    assert (state["status"], state["operation"]) == ("running", "createInvoice")
    assert "response" not in state
    keys.Finish("demo", key, begun.started.attempt, idempotency.Answer(status=201, headers={}, body=b'{"a":1}'))
    state = api.call("GET", f"/idempotency-keys/{key}").json()
    assert (state["status"], state["response"]) == ("done", {"status": 201, "body": {"a": 1}})


def test_a_key_that_nobody_used_is_unknown(api: ModernApi):
    assert api.call("GET", f"/idempotency-keys/{uuid.uuid4().hex}").json()["status"] == "unknown"


@pytest.mark.parametrize("key", ["order/1", "a?b=c&d", "%2F", "~!*'();:@"])
def test_any_key_can_be_looked_up(api: ModernApi, key: str):
    api.made("/paymentLinks", {"shopId": api.shop_id, "product": "A thing", "price": {"type": "any"}}, key=key)
    assert api.call("GET", f"/idempotency-keys/{quote(key, safe='')}").json()["status"] == "done"


def test_what_a_merchant_still_uses_of_an_old_version_is_listed(api: ModernApi, system):
    old = requests.get(
        f"{system.url('GATEWAY_V1')}/v1/processing/shops",
        headers={"Authorization": f"Bearer {api.token}", "X-Request-ID": uuid.uuid4().hex},
        timeout=10,
    )
    assert old.status_code == 200
    assert old.headers["Deprecation"]
    found = api.wait("/deprecations", lambda body: [row for row in body["data"] if row["operation"] == "getShops"])
    assert {row["version"] for row in found["data"]} == {"v1"}


def test_money_is_not_moved_without_a_key(api: ModernApi):
    invoice = api.invoice()
    answer = api.call("POST", f"/invoices/{invoice['id']}/payments", api.payment_body(invoice), key="")
    assert (answer.status_code, answer.json()["moneyMoved"]) == (400, "no")
    assert [each["pointer"] for each in answer.json()["violations"]] == ["/Idempotency-Key"]


def test_everything_wrong_is_told_at_once(api: ModernApi):
    answer = api.call(
        "POST",
        "/invoices",
        {"shopId": "shp_TESTSHOP", "product": "x", "amount": {"amount": 0, "currency": "rub"}, "colour": "red"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    problem = answer.json()
    told = {(each["pointer"], each["rule"]) for each in problem["violations"]}
    assert told == {("/amount/amount", "minimum"), ("/amount/currency", "pattern"), ("/colour", "unknown")}


def test_a_token_for_one_invoice_pays_no_other(api: ModernApi):
    body = api.payment_body(api.invoice())
    answer = api.call("POST", f"/invoices/{api.invoice()['id']}/payments", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-payment-token")


def test_a_payer_follows_the_payment_and_sees_nothing_of_the_merchant(api: ModernApi):
    invoice = api.invoice()
    payment = api.pay(invoice)
    payer = api.made(f"/invoices/{invoice['id']}/tokens", None)["token"]
    assert "fee" in payment
    assert "fee" not in api.call("GET", f"/payments/{payment['id']}", token=payer).json()
    assert api.call("GET", "/events", token=payer).status_code == 403
    assert api.call("GET", f"/payments/{api.pay(api.invoice())['id']}", token=payer).status_code == 403


def test_a_read_is_spared_when_nothing_changed(api: ModernApi):
    invoice = api.invoice()
    tag = api.call("GET", f"/invoices/{invoice['id']}").headers["ETag"]
    again = api.call("GET", f"/invoices/{invoice['id']}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    api.made(f"/invoices/{invoice['id']}/cancellations", {"reason": "Sold out"})
    changed = api.call("GET", f"/invoices/{invoice['id']}", headers={"If-None-Match": tag})
    assert changed.json()["status"] == "cancelled"


def test_a_change_wants_the_version_that_was_seen(api: ModernApi):
    body = {"shopId": api.shop_id, "product": "Donation", "price": {"type": "any"}}
    link = api.made("/paymentLinks", body)
    path = f"/paymentLinks/{link['id']}"
    tag = api.call("GET", path).headers["ETag"]
    assert api.call("PATCH", path, {"name": "Gift"}).status_code == 428
    changed = api.call("PATCH", path, {"name": "Gift"}, headers={"If-Match": tag})
    assert changed.json()["name"] == "Gift"
    assert api.call("PATCH", path, {"name": "Late"}, headers={"If-Match": tag}).status_code == 412
    removed = api.call("PATCH", path, {"name": None}, headers={"If-Match": changed.headers["ETag"]})
    assert "name" not in removed.json()
    assert api.call("DELETE", path, headers={"If-Match": removed.headers["ETag"]}).status_code == 204
    assert api.call("GET", path).status_code == 404


def test_a_list_is_read_piece_by_piece(api: ModernApi):
    made = [api.invoice(product=f"Thing {number}")["id"] for number in range(3)]
    first = api.call("GET", "/invoices", limit=2)
    assert first.json()["hasMore"]
    assert 'rel="next"' in first.headers["Link"]
    next_path = first.headers["Link"].partition(">")[0].removeprefix("</v3")
    both = first.json()["data"] + api.call("GET", next_path).json()["data"]
    assert [each["id"] for each in both[:3]] == made[::-1]


def test_payments_and_refunds_are_found_by_what_is_known_of_them(api: ModernApi):
    payment = api.pay(api.invoice(4321))
    refund = api.made(f"/payments/{payment['id']}/refunds", {"amount": {"amount": 1, "currency": "RUB"}})
    found = api.call(
        "GET",
        "/payments",
        **{
            "invoiceId": payment["invoiceId"],
            "status": "captured",
            "card.last4": "4242",
            "payer.email": "payer@example.com",
            "createdAt[gte]": payment["createdAt"],
        },
    ).json()
    assert [each["id"] for each in found["data"]] == [payment["id"]]
    none = api.call("GET", "/payments", **{"invoiceId": payment["invoiceId"], "createdAt[lt]": payment["createdAt"]})
    assert none.json()["data"] == []
    found = api.call("GET", "/refunds", paymentId=payment["id"]).json()
    assert [each["id"] for each in found["data"]] == [refund["id"]]


def test_webhooks_are_the_events_byte_for_byte_and_genuine(api: ModernApi, receiver: Receiver, endpoint: dict):
    payment = api.pay(api.invoice())
    wanted = {"payment.created", "payment.captured"}

    def own() -> list[tuple[dict[str, str], bytes]]:
        return [each for each in receiver.got if payment["id"].encode() in each[1]]

    api.wait("/events?limit=1", lambda _: wanted <= {orjson.loads(body)["type"] for _, body in own()})
    [secret] = [each["secret"] for each in endpoint["secrets"]]
    for headers, body in own():
        event = api.call("GET", f"/events/{orjson.loads(body)['id']}")
        assert event.content == body
        assert headers["webhook-id"] == event.json()["id"]
        assert genuine(secret, headers, body)
    assert [orjson.loads(body)["sequence"] for _, body in own()] == list(range(1, len(own()) + 1))


def genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """By the rules of Standard Webhooks, as a receiver would check it."""
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}" in headers["webhook-signature"].split(" ")


def test_the_feed_holds_the_events_in_the_order_of_what_happened(api: ModernApi):
    last = [each["id"] for each in api.events()][-1:]
    invoice = api.invoice()
    payment = api.pay(invoice)
    api.wait(f"/invoices/{invoice['id']}", lambda body: body["status"] == "paid")
    events = [each for each in api.events(*last) if invoice["id"][4:] in orjson.dumps(each).decode()]
    kinds = [each["type"] for each in events]
    assert kinds.index("invoice.created") < kinds.index("payment.created") < kinds.index("payment.captured")
    assert {each["data"]["object"]["id"] for each in events} == {invoice["id"], payment["id"]}


def test_an_endpoint_is_tested_rotated_and_removed(api: ModernApi, receiver: Receiver):
    made = api.made("/webhookEndpoints", {"url": receiver.url + "/second", "eventTypes": ["invoice.*"]})
    path = f"/webhookEndpoints/{made['id']}"
    assert "secret" not in api.call("GET", path).json()["secrets"][0]
    assert api.made(f"{path}/tests", {"eventType": "invoice.paid"})["isTest"]
    api.wait(f"{path}/deliveries", lambda body: [each["status"] for each in body["data"]] == ["delivered"])
    rotated = api.made(f"{path}/secrets", None)
    assert [each["number"] for each in rotated["secrets"]] == [2, 1]
    assert api.made(f"{path}/replays", {"only": "failed"}) == {"object": "replay", "count": 0}
    tag = api.call("GET", path).headers["ETag"]
    assert api.call("DELETE", path, headers={"If-Match": tag}).status_code == 204
    assert api.call("GET", path).status_code == 404


def test_a_payer_makes_an_invoice_from_a_link_and_pays_it(api: ModernApi):
    body = {"shopId": api.shop_id, "product": "Donation", "price": {"type": "any"}}
    link = api.made("/paymentLinks", body)
    token = api.made(f"/paymentLinks/{link['id']}/tokens", None)["token"]
    money = {"amount": {"amount": 5000, "currency": "RUB"}}
    invoice = api.made(f"/paymentLinks/{link['id']}/invoices", money, token=token)
    assert (invoice["paymentLinkId"], invoice["amount"]["amount"]) == (link["id"], 5000)
    payer = invoice["payerToken"]["token"]
    source = {"type": "token", "token": api.payment_token(token=payer, invoiceId=invoice["id"])}
    payment = api.made(f"/invoices/{invoice['id']}/payments", {"source": source}, token=payer)
    api.wait(f"/payments/{payment['id']}", lambda body: body["status"] == "captured")


def test_another_party_s_objects_do_not_exist(api: ModernApi):
    invoice = api.invoice()
    wrong = invoice["id"][:-1] + ("A" if invoice["id"][-1] != "A" else "B")
    for id in (wrong, invoice["id"].replace("inv_", "pay_"), "inv_", "x"):
        answer = api.call("GET", f"/invoices/{id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), id
