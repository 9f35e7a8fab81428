"""Short words for the tests: what a merchant and a payer do with /v2."""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

VISA = "4242424242424242"
CHALLENGE = "4012888888881881"
TIMEOUT_S = 20
FINAL = ("captured", "cancelled", "refunded", "failed")


def due(**delta: float) -> str:
    """A due date from now, a day unless told."""
    return (datetime.now(UTC) + timedelta(**(delta or {"days": 1}))).isoformat(timespec="milliseconds")


@dataclass
class Api:
    """One token at the two gateways of /v2; every call returns the raw answer."""

    api_url: str
    tokens_url: str
    token: str
    shop_id: str

    def call(
        self, method: str, path: str, body: Any = None, token: str | None = None, **query: Any
    ) -> requests.Response:
        base = self.tokens_url if path == "/processing/payment-resources" else self.api_url
        headers = {"Authorization": f"Bearer {token or self.token}", "X-Request-ID": secrets.token_hex(8)}
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        url = base + path
        return requests.request(method, url, json=body, params=query, headers=headers, timeout=TIMEOUT_S)

    def invoice(self, amount: int = 10000, **fields: Any) -> dict:
        """A new invoice with its token: {"invoice", "invoiceAccessToken"}."""
        body = {
            "shopID": self.shop_id, "dueDate": due(), "amount": amount, "currency": "RUB", "product": "A thing",
            "metadata": {}, **fields,
        }  # fmt: skip
        answer = self.call("POST", "/processing/invoices", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def resource(self, card: str = VISA, token: str | None = None, **fields: Any) -> dict:
        """A payment resource of a card, ready to be paid with."""
        tool = {"paymentToolType": "CardData", "cardNumber": card, "expDate": "12/30", "cvv": "123", **fields}
        body = {"paymentTool": tool, "clientInfo": {"fingerprint": "test"}}
        answer = self.call("POST", "/processing/payment-resources", body, token)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def start(self, made: dict, card: str = VISA, hold: str | None = None, **fields: Any) -> requests.Response:
        """Starts a payment of a made invoice; `hold` is the rule of its expiry."""
        resource = self.resource(card, made["invoiceAccessToken"]["payload"])
        flow = {"type": "PaymentFlowHold", "onHoldExpiration": hold} if hold else {"type": "PaymentFlowInstant"}
        payer = {
            "payerType": "PaymentResourcePayer",
            "paymentToolToken": resource["paymentToolToken"],
            "paymentSession": resource["paymentSession"],
            "contactInfo": {"email": "payer@example.com"},
        }
        body = {"flow": flow, "payer": payer, **fields}
        return self.call("POST", f"/processing/invoices/{made['invoice']['id']}/payments", body)

    def pay(self, made: dict, card: str = VISA, hold: str | None = None, until: tuple = FINAL, **fields: Any) -> dict:
        """Starts a payment and waits for one of the statuses of `until`."""
        answer = self.start(made, card, hold, **fields)
        assert answer.status_code == 201, answer.text
        return self.payment(made, answer.json()["id"], until)

    def payment(self, made: dict, payment_id: str, until: tuple = FINAL) -> dict:
        """The payment once it has one of these statuses."""
        path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment_id}"
        return self.wait(path, lambda body: body["status"] in until)

    def wait(self, path: str, ready: Any, seconds: float = 20) -> Any:
        """Reads until `ready(body)`; fails with the last answer."""
        end = time.monotonic() + seconds
        while True:
            answer = self.call("GET", path)
            if answer.status_code == 200 and ready(answer.json()):
                return answer.json()
            assert time.monotonic() < end, f"waited in vain: {answer.status_code} {answer.text}"
            time.sleep(0.05)

    def act(self, made: dict, payment_id: str, action: str, **body: Any) -> requests.Response:
        """capture, cancel or refunds of a payment."""
        path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment_id}/{action}"
        return self.call("POST", path, body)
