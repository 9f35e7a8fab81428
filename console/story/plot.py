"""The story itself: an invoice, a card, a 3-D Secure challenge, a partial refund, signed webhooks, a ledger at zero."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urljoin

import requests

from console.story.merchant import TIMEOUT_S, Client, wait_until
from console.story.payer import approve_challenge
from console.story.receiver import Receiver, is_genuine
from console.story.telling import Teller

CARD = {
    "paymentToolType": "CardData",
    "cardNumber": "4012888888881881",
    "expDate": "12/30",
    "cvv": "123",
    "cardHolder": "TEST CARD",
}
EVENT_TYPES = ["InvoiceCreated", "InvoicePaid", "PaymentStarted", "PaymentProcessed", "PaymentCaptured"]
REFUND_AMOUNT = 1000


class Script(NamedTuple):
    """What a version can say in this story.

    `refund_events`: subscriptions that hear of refunds. `has_order_key`: an order names itself, so that a repeat is
    harmless. `says_home`: a payment names the page where the payer shall end.
    """

    refund_events: tuple[str, ...]
    has_order_key: bool
    says_home: bool


SCRIPTS = {
    "v1": Script(refund_events=(), has_order_key=False, says_home=False),
    "v2": Script(refund_events=("PaymentRefundCreated", "PaymentRefundSucceeded"), has_order_key=True, says_home=True),
}


class Stage(NamedTuple):
    """Where the story is played, with whose key, and by which script."""

    api_url: str
    tokens_url: str
    api_key: str
    shop_id: str
    script: Script = SCRIPTS["v2"]

    @property
    def event_types(self) -> list[str]:
        return [*EVENT_TYPES, *self.script.refund_events]


def play(stage: Stage, teller: Teller, receiver: Receiver) -> dict:
    """Plays the story to its end; returns {"invoiceID", "paymentID", "requestID"}. Raises Refused or TimeoutError."""
    merchant = Client(stage.api_url, stage.api_key)
    hook = _subscribe(merchant, stage, teller, receiver)
    invoice, payer_token = _invoice(merchant, stage, teller)
    payer = Client(stage.api_url, payer_token)
    resource = _tokenise(Client(stage.tokens_url, payer_token), teller)
    home = receiver.thanks_url if stage.script.says_home else None
    payment_id, request_id = _pay(payer, invoice, resource, home, teller)
    _challenge(payer, invoice, payment_id, teller)
    _captured(merchant, invoice, payment_id, teller)
    _refund(merchant, invoice, payment_id, teller)
    _verify_webhooks(receiver, hook, invoice, len(stage.event_types), teller)
    return {"invoiceID": invoice["id"], "paymentID": payment_id, "requestID": request_id}


def _subscribe(merchant: Client, stage: Stage, teller: Teller, receiver: Receiver) -> dict:
    teller.step("The merchant asks to be told", "A webhook: the platform will call this address after every change.")
    scope = {"topic": "InvoicesTopic", "shopID": stage.shop_id, "eventTypes": stage.event_types}
    for old in merchant.get("/processing/webhooks"):
        requests.delete(
            f"{stage.api_url}/processing/webhooks/{old['id']}",
            headers={"Authorization": f"Bearer {stage.api_key}", "X-Request-ID": secrets.token_hex(8)},
            timeout=TIMEOUT_S,
        )
    body = {"url": receiver.url, "scope": scope}
    teller.call("POST", f"{merchant.base_path}/processing/webhooks", body)
    hook = merchant.post("/processing/webhooks", body)
    teller.answer(
        "201, with the public key that will verify every message", {"id": hook["id"], "active": hook["active"]}
    )
    return hook


def _invoice(merchant: Client, stage: Stage, teller: Teller) -> tuple[dict, str]:
    teller.step("An invoice", "What is sold, for how much, until when.")
    body = {
        "shopID": stage.shop_id,
        "dueDate": (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "currency": "RUB",
        "product": "Tea and biscuits",
        "cart": [
            {"product": "Tea, 100 g", "quantity": 2, "price": 1500},
            {"product": "Biscuits", "quantity": 1, "price": 1200},
        ],
        "metadata": {"order": "demo"},
    }
    if stage.script.has_order_key:
        body["externalID"] = f"order-{secrets.token_hex(4)}"
    teller.call("POST", f"{merchant.base_path}/processing/invoices", body)
    made = merchant.post("/processing/invoices", body)
    invoice = made["invoice"]
    shown = {key: invoice[key] for key in ("id", "status", "amount", "currency")}
    teller.answer("201, with a token for the payer's browser that opens this invoice only", shown)
    if stage.script.has_order_key:
        again = merchant.post("/processing/invoices", body)
        same = "the same invoice" if again["invoice"]["id"] == invoice["id"] else "ANOTHER INVOICE"
        teller.note(f"The merchant's own key makes a repeat harmless: the same request sent twice gave {same}.")
    return invoice, made["invoiceAccessToken"]["payload"]


def _tokenise(tokens: Client, teller: Teller) -> dict:
    teller.step("A card becomes a token", "The number goes to a process of its own, then to the vault.")
    body = {"paymentTool": CARD, "clientInfo": {"fingerprint": "demo-browser"}}
    shown = {**CARD, "cardNumber": "401288******1881", "cvv": "***"}
    said = {"paymentTool": shown, "clientInfo": body["clientInfo"]}
    teller.call("POST", f"{tokens.base_path}/processing/payment-resources", said)
    resource = tokens.post("/processing/payment-resources", body)
    details = {"paymentToolDetails": resource["paymentToolDetails"], "validUntil": resource.get("validUntil")}
    teller.answer("201, a token and a one-use session", details)
    return resource


def _pay(payer: Client, invoice: dict, resource: dict, home: str | None, teller: Teller) -> tuple[str, str]:
    teller.step("The payer pays", "With the invoice's own token: it can pay this invoice and nothing else.")
    body = {
        "flow": {"type": "PaymentFlowInstant"},
        "payer": {
            "payerType": "PaymentResourcePayer",
            "paymentToolToken": resource["paymentToolToken"],
            "paymentSession": resource["paymentSession"],
            "contactInfo": {"email": "payer@example.com"},
            **({"sessionInfo": {"redirectUrl": home}} if home else {}),
        },
    }
    path = f"/processing/invoices/{invoice['id']}/payments"
    teller.call("POST", payer.base_path + path)
    payment = payer.post(path, body)
    teller.answer("201, and the bank is asked", {key: payment[key] for key in ("id", "status", "amount", "currency")})
    return payment["id"], payer.last_request_id


def _challenge(payer: Client, invoice: dict, payment_id: str, teller: Teller) -> None:
    teller.step("The bank wants to see the payer", "3-D Secure: the invoice's events say where the browser must go.")
    path = f"/processing/invoices/{invoice['id']}/events"
    teller.call("GET", f"{payer.base_path}{path}?limit=100")
    interaction = wait_until(lambda: _interaction(payer.get(path, limit=100), payment_id), "the bank's challenge")
    teller.answer("PaymentInteractionRequested", interaction)
    landed = approve_challenge(interaction)
    teller.note(f"The payer pressed Approve on the bank's page and came to {landed}")


def _interaction(events: list[dict], payment_id: str) -> dict | None:
    changes = (change for event in events for change in event["changes"])
    wanted = (c for c in changes if c["changeType"] == "PaymentInteractionRequested" and c["paymentID"] == payment_id)
    change = next(wanted, None)
    return change and change["userInteraction"]


def _captured(merchant: Client, invoice: dict, payment_id: str, teller: Teller) -> None:
    teller.step("The money is captured", "The invoice is paid the moment the bank says so.")
    path = f"/processing/invoices/{invoice['id']}/payments/{payment_id}"

    def final() -> dict | None:
        payment = merchant.get(path)
        return payment if payment["status"] in ("captured", "failed", "cancelled") else None

    teller.call("GET", merchant.base_path + path)
    payment = wait_until(final, "the payment to be captured")
    shown = {key: payment[key] for key in ("id", "status", "amount", "currency", "transactionInfo") if key in payment}
    teller.answer("200", shown)
    if payment["status"] != "captured":
        raise RuntimeError(f"the payment ended as {payment['status']}: {payment.get('error')}")
    teller.note(f"The invoice is {merchant.get(urljoin(path, '/processing/invoices/' + invoice['id']))['status']}.")


def _refund(merchant: Client, invoice: dict, payment_id: str, teller: Teller) -> None:
    teller.step("A part goes back", "A refund may be whole or in part, and there may be several.")
    path = f"/processing/invoices/{invoice['id']}/payments/{payment_id}/refunds"
    body = {"amount": REFUND_AMOUNT, "currency": "RUB", "reason": "one packet was torn"}
    teller.call("POST", merchant.base_path + path, body)
    refund = merchant.post(path, body)
    done = wait_until(lambda: _settled(merchant.get(f"{path}/{refund['id']}")), "the refund")
    teller.answer("201, then", {key: done[key] for key in ("id", "status", "amount", "currency", "reason")})


def _settled(refund: dict) -> dict | None:
    return refund if refund["status"] != "pending" else None


def _verify_webhooks(receiver: Receiver, hook: dict, invoice: dict, expected: int, teller: Teller) -> None:
    teller.step(
        "The webhooks arrived, signed",
        "Checked by the few lines of console/story/receiver.py.",
    )

    def arrived() -> list | None:
        ours = [n for n in receiver.notices if n.event["invoice"]["id"] == invoice["id"]]
        return ours if len(ours) >= expected else None

    notices = wait_until(arrived, f"{expected} webhooks")
    rows = []
    for notice in notices:
        genuine = is_genuine(notice.body, notice.signature, hook["publicKey"])
        forged = is_genuine(notice.body.replace(b"RUB", b"USD"), notice.signature, hook["publicKey"])
        if not genuine or forged:
            raise RuntimeError(f"signature check failed for {notice.event['eventType']}")
        rows.append((notice.event["eventID"], notice.event["eventType"], len(notice.body), "genuine"))
    teller.table(("eventID", "eventType", "bytes", "signature"), rows)
