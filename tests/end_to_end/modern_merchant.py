"""Short words for the tests: what a merchant and a payer do with /v3."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

VISA = "4242424242424242"
CHALLENGE = "4012888888881881"
TIMEOUT_S = 20
FINAL = ("captured", "cancelled", "refunded", "failed")
MERGE_PATCH = "application/merge-patch+json"


@dataclass
class ModernApi:
    """One token at the two gateways of /v3; every call returns the raw answer."""

    api_url: str
    tokens_url: str
    token: str
    shop_id: str

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> requests.Response:
        """`key`: the Idempotency-Key; a POST gets a fresh one unless told, and none for an empty text."""
        base = self.tokens_url if path == "/paymentTokens" else self.api_url
        said = {"Authorization": f"Bearer {token or self.token}", **(headers or {})}
        if method == "POST" and key != "":
            said["Idempotency-Key"] = key or secrets.token_hex(8)
        if method == "PATCH":
            said["Content-Type"] = MERGE_PATCH
        return requests.request(method, base + path, json=body, params=query, headers=said, timeout=TIMEOUT_S)

    def made(self, path: str, body: Any, **options: Any) -> dict:
        """What a POST made."""
        answer = self.call("POST", path, body, **options)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    def invoice(self, amount: int = 10000, **fields: Any) -> dict:
        """A new invoice."""
        money = {"amount": amount, "currency": "RUB"}
        return self.made("/invoices", {"shopId": self.shop_id, "product": "A thing", "amount": money, **fields})

    def payment_token(self, card: str = VISA, token: str | None = None, **fields: Any) -> str:
        """A token of a card."""
        data = {"number": card, "expiryMonth": 12, "expiryYear": 2030, "securityCode": "123"}
        body = {"paymentMethod": {"type": "card", "card": data}, "device": {"fingerprint": "test"}, **fields}
        return self.made("/paymentTokens", body, token=token)["id"]

    def payment_body(self, invoice: dict, card: str = VISA, **fields: Any) -> dict:
        """How the invoice's payer pays with the card, tokenized with a token of the payer's own."""
        payer = self.made(f"/invoices/{invoice['id']}/tokens", None)["token"]
        token = self.payment_token(card, payer, invoiceId=invoice["id"])
        return {"source": {"type": "token", "token": token}, "payer": {"email": "payer@example.com"}, **fields}

    def start(self, invoice: dict, card: str = VISA, key: str | None = None, **fields: Any) -> requests.Response:
        """Starts a payment of an invoice."""
        return self.call(
            "POST", f"/invoices/{invoice['id']}/payments", self.payment_body(invoice, card, **fields), key=key
        )

    def pay(self, invoice: dict, card: str = VISA, until: tuple[str, ...] = FINAL, **fields: Any) -> dict:
        """Starts a payment and waits for one of the statuses of `until`."""
        answer = self.start(invoice, card, **fields)
        assert answer.status_code == 201, answer.text
        return self.wait(f"/payments/{answer.json()['id']}", lambda body: body["status"] in until)

    def wait(self, path: str, ready: Callable[[Any], Any], seconds: float = 20) -> Any:
        """Reads until `ready(body)`; fails with the last answer."""
        end = time.monotonic() + seconds
        while True:
            answer = self.call("GET", path)
            if answer.status_code == 200 and ready(answer.json()):
                return answer.json()
            assert time.monotonic() < end, f"waited in vain: {answer.status_code} {answer.text}"
            time.sleep(0.05)

    def events(self, after: str | None = None) -> list[dict]:
        """The feed, from the oldest or after an event, to its end."""
        found: list[dict] = []
        while True:
            page = self.call("GET", "/events", **({"after": after} if after else {}), limit=200).json()
            found += page["data"]
            if not page["hasMore"]:
                return found
            after = page["nextCursor"]
