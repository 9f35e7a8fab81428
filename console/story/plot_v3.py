"""The same day told through v3: keys that make a repeat harmless, problems that say everything, one feed of events."""

import json
import secrets
from typing import Any

from console.story.merchant import Client, Refused, wait_until
from console.story.payer import approve_challenge
from console.story.plot import REFUND_AMOUNT, Stage
from console.story.receiver import Receiver, is_standard
from console.story.telling import Teller

CARD = {"number": "4012888888881881", "expiryMonth": 12, "expiryYear": 2030, "securityCode": "123"}
EVENT_TYPES = ["invoice.*", "payment.*", "refund.*"]
EXPECTED = {"invoice.created", "payment.created", "payment.captured", "invoice.paid", "refund.succeeded"}
FINAL = ("captured", "failed", "cancelled")
KEY = "Idempotency-Key"


def play(stage: Stage, teller: Teller, receiver: Receiver) -> dict:
    """Plays the story to its end; returns {"invoiceID", "paymentID", "requestID"}. Raises Refused or TimeoutError."""
    merchant = Client(stage.api_url, stage.api_key)
    endpoint = _subscribe(merchant, teller, receiver)
    _mistakes(merchant, stage, teller)
    invoice = _invoice(merchant, stage, teller)
    payer = Client(stage.api_url, merchant.post(f"/invoices/{invoice['id']}/tokens", None)["token"])
    token = _tokenise(Client(stage.tokens_url, payer.token), invoice, teller)
    payment, request_id = _pay(payer, invoice, token, receiver.thanks_url, teller)
    _challenge(payer, payment, teller)
    _captured(merchant, payment, teller)
    _refund(merchant, payment, teller)
    _verify_webhooks(merchant, receiver, endpoint, invoice, teller)
    return {"invoiceID": invoice["id"], "paymentID": payment["id"], "requestID": request_id}


def _subscribe(merchant: Client, teller: Teller, receiver: Receiver) -> dict:
    teller.step("The merchant asks to be told", "A webhook endpoint, by Standard Webhooks; its secret is shown once.")
    body = {"url": receiver.url, "eventTypes": EVENT_TYPES, "description": "The demo"}
    for old in merchant.get("/webhookEndpoints")["data"]:
        if old.get("description") == body["description"]:
            merchant.delete(f"/webhookEndpoints/{old['id']}", **{"If-Match": f'"{old["version"]}"'})
    teller.call("POST", "/v3/webhookEndpoints", body)
    endpoint = merchant.post("/webhookEndpoints", body)
    teller.answer("201", {name: endpoint[name] for name in ("id", "status", "eventTypes")})
    return endpoint


def _mistakes(merchant: Client, stage: Stage, teller: Teller) -> None:
    teller.step("Three mistakes in one request", "Everything that is wrong is said at once, each with its place.")
    body = {
        "shopId": f"shp_{stage.shop_id}",
        "product": "",
        "amount": {"amount": 0, "currency": "RUB"},
        "colour": "red",
    }
    teller.call("POST", "/v3/invoices", body)
    try:
        merchant.post("/invoices", body)
    except Refused as refusal:
        problem = refusal.response.json()
        shown = {name: problem[name] for name in ("type", "status", "code", "moneyMoved", "violations")}
        teller.answer("400, application/problem+json", shown)
        return
    raise RuntimeError("an invoice of nothing was taken")


def _invoice(merchant: Client, stage: Stage, teller: Teller) -> dict:
    teller.step("An invoice", "What is sold and for how much. The key makes a repeat harmless.")
    body = {
        "shopId": f"shp_{stage.shop_id}",
        "product": "Tea and biscuits",
        "cart": [
            {"product": "Tea, 100 g", "quantity": 2, "unitPrice": {"amount": 1500, "currency": "RUB"}},
            {"product": "Biscuits", "quantity": 1, "unitPrice": {"amount": 1200, "currency": "RUB"}},
        ],
        "metadata": {"order": "demo"},
    }
    key = {KEY: f"order-{secrets.token_hex(4)}"}
    teller.call("POST", "/v3/invoices", body)
    invoice = merchant.post("/invoices", body, **key)
    teller.answer("201", {name: invoice[name] for name in ("id", "status", "amount", "version")})
    again = merchant.post("/invoices", body, **key)
    same = "the same invoice" if again["id"] == invoice["id"] else "ANOTHER INVOICE"
    teller.note(f"The same request with the same {KEY} gave {same}.")
    teller.call("GET", f"/v3/idempotency-keys/{key[KEY]}")
    state = merchant.get(f"/idempotency-keys/{key[KEY]}")
    teller.answer("200", {name: state[name] for name in ("status", "operation", "resource") if name in state})
    return invoice


def _tokenise(tokens: Client, invoice: dict, teller: Teller) -> str:
    teller.step("A card becomes a token", "The number goes to a process of its own, then to the vault.")
    body = {"paymentMethod": {"type": "card", "card": CARD}, "invoiceId": invoice["id"]}
    shown = {**CARD, "number": "401288******1881", "securityCode": "***"}
    teller.call("POST", "/v3/paymentTokens", {**body, "paymentMethod": {"type": "card", "card": shown}})
    made = tokens.post("/paymentTokens", body)
    teller.answer(
        "201, a token that pays this invoice once", {name: made[name] for name in ("paymentMethod", "expiresAt")}
    )
    return made["id"]


def _pay(payer: Client, invoice: dict, token: str, home: str, teller: Teller) -> tuple[dict, str]:
    teller.step("The payer pays", "With the invoice's own token: it can pay this invoice and nothing else.")
    body = {
        "source": {"type": "token", "token": token},
        "payer": {"email": "payer@example.com"},
        "returnUrl": home,
    }
    path = f"/invoices/{invoice['id']}/payments"
    teller.call("POST", f"/v3{path}")
    payment = payer.post(path, body, **new_key())
    request_id = payer.last_request_id
    teller.answer("201, and the bank is asked", {name: payment[name] for name in ("id", "status", "amount")})
    return payment, request_id


def _challenge(payer: Client, payment: dict, teller: Teller) -> None:
    teller.step(
        "The bank wants to see the payer", "3-D Secure: the payment's next action is where the browser must go."
    )
    path = f"/payments/{payment['id']}"
    teller.call("GET", f"/v3{path}")
    action = wait_until(lambda: payer.get(path).get("nextAction"), "the bank's challenge")
    teller.answer("200, nextAction", action)
    landed = approve_challenge(as_interaction(action["redirect"]))
    teller.note(f"The payer pressed Approve on the bank's page and came back to {landed}")


def as_interaction(redirect: dict) -> dict:
    """A redirect in the form that the payer's browser of this story takes: templates without variables."""
    form = [{"key": each["name"], "template": each["value"]} for each in redirect.get("form", [])]
    kind = "BrowserPostRequest" if redirect["method"] == "POST" else "BrowserGetRequest"
    return {"request": {"requestType": kind, "uriTemplate": redirect["url"], "form": form}}


def _captured(merchant: Client, payment: dict, teller: Teller) -> None:
    teller.step("The money is captured", "The invoice is paid the moment the bank says so.")
    path = f"/payments/{payment['id']}"
    teller.call("GET", f"/v3{path}")
    done = wait_until(lambda: _when(merchant.get(path), FINAL), "the payment to be captured")
    teller.answer("200", {name: done[name] for name in ("id", "status", "amount", "bankReference") if name in done})
    if done["status"] != "captured":
        raise RuntimeError(f"the payment ended as {done['status']}: {done.get('failure')}")
    wait_until(lambda: _when(merchant.get(f"/invoices/{done['invoiceId']}"), ("paid",)), "the invoice to be paid")
    teller.note("The invoice is paid.")


def _refund(merchant: Client, payment: dict, teller: Teller) -> None:
    teller.step("A part goes back", "A refund may be whole or in part, and there may be several.")
    path = f"/payments/{payment['id']}/refunds"
    body = {"amount": {"amount": REFUND_AMOUNT, "currency": "RUB"}, "reason": "one packet was torn"}
    teller.call("POST", f"/v3{path}", body)
    refund = merchant.post(path, body, **new_key())
    done = wait_until(lambda: _when(merchant.get(f"/refunds/{refund['id']}"), ("succeeded", "failed")), "the refund")
    teller.answer("201, then", {name: done[name] for name in ("id", "status", "amount", "reason")})


def _verify_webhooks(merchant: Client, receiver: Receiver, endpoint: dict, invoice: dict, teller: Teller) -> None:
    teller.step("The webhooks arrived, signed", "And each is, byte for byte, an entry of the feed GET /v3/events.")
    own = invoice["id"].removeprefix("inv_").encode()

    def arrived() -> list | None:
        ours = [one for one in list(receiver.notices) if "webhook-id" in one.headers and own in one.body]
        return ours if {notice.event["type"] for notice in ours} >= EXPECTED else None

    rows, secret = [], endpoint["secrets"][0]["secret"]
    for notice in wait_until(arrived, f"the webhooks {', '.join(sorted(EXPECTED))}"):
        forged = notice.body.replace(b"RUB", b"USD")
        if not is_standard(notice.body, notice.headers, secret) or is_standard(forged + b" ", notice.headers, secret):
            raise RuntimeError(f"signature check failed for {notice.event['type']}")
        if merchant.get(f"/events/{notice.event['id']}") != json.loads(notice.body):
            raise RuntimeError(f"the feed tells {notice.event['id']} otherwise than its webhook")
        event = notice.event
        rows.append((event["id"], event["type"], event["sequence"], len(notice.body), "genuine, as in the feed"))
    teller.table(("id", "type", "sequence", "bytes", "signature"), rows)


def _when(body: dict, statuses: tuple[str, ...]) -> dict | None:
    return body if body["status"] in statuses else None


def new_key() -> dict[str, Any]:
    """The header that makes a POST repeatable."""
    return {KEY: secrets.token_hex(12)}
