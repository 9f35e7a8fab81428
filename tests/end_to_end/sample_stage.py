"""What a reader of the documentation has at hand when a sample is run: objects in the state that the call needs.

Objects are made through /v2, whatever version is read: they are the same in all of them.
"""

import secrets
from collections.abc import Callable
from functools import cached_property
from typing import Any

import requests

from tests.end_to_end.merchant import VISA, Api

PAID, HELD = "paid", "held"
FRESH: dict[str, str] = {
    "fulfillInvoice": PAID,
    "rescindInvoice": "unpaid",
    "cancelInvoice": "unpaid",
    "createRefund": PAID,
    "createPayerToken": "unpaid",
    "createPaymentToken": "unpaid",
    "createInvoiceAccessToken": "unpaid",
    "createPayment": "unpaid",
    "createPaymentResource": "unpaid",
    "capturePayment": HELD,
    "cancelPayment": HELD,
}
"""operationId -> the state of an invoice made for this call alone; the others share one with everything on it."""


class Stage:
    """`environment(operation, names)`: a value for each variable that the sample takes from the environment.

    `makers`: classic or modern, the variables of v1 and v2 or of v3. `addresses`: of that version's gateways.
    """

    def __init__(self, api: Api, operator: Any, addresses: dict[str, str], makers: Callable) -> None:
        self.api, self.operator, self.addresses = api, operator, addresses
        self.makers: dict[str, Callable[[dict], str]] = makers(self)

    def environment(self, operation_id: str, names: set[str]) -> dict[str, str]:
        made = {**self.shared} if operation_id not in FRESH else self.invoice(FRESH[operation_id])
        return {name: self.addresses.get(name) or self.makers[name](made) for name in sorted(names, key=self.rank)}

    def rank(self, name: str) -> bool:
        """An ETag is that of an object which another variable has made."""
        return name == "ETAG"

    def modern(self, method: str, path: str, body: Any = None, token: str | None = None) -> requests.Response:
        """A call of /v3."""
        headers = {"Authorization": f"Bearer {token or self.api.token}", "Idempotency-Key": secrets.token_hex(8)}
        base = self.addresses["CAPI_CARDS" if path == "/paymentTokens" else "CAPI"]
        answer = requests.request(method, f"{base}/v3{path}", json=body, headers=headers, timeout=20)
        assert answer.status_code < 300, answer.text
        return answer

    @cached_property
    def shared(self) -> dict:
        """A paid invoice with a refund and a chargeback, all under one external id."""
        external = secrets.token_hex(8)
        made = {**self.invoice(PAID, external), "external": external}
        answer = self.api.act(made, made["payment"], "refunds", amount=100, currency="RUB", externalID=external)
        assert answer.status_code == 201, answer.text
        path = f"/processing/invoices/{made['invoice']['id']}/payments/{made['payment']}/refunds"
        self.api.wait(path, lambda refunds: refunds[0]["status"] == "succeeded")
        params = {"id": "1", "body": {"amount": 100, "currency": "RUB"}, "levy": {"amount": 1, "currency": "RUB"}}
        self.operator.call("Invoicing", "CreateChargeback", made["invoice"]["id"], made["payment"], params)
        self.operator.call("Invoicing", "CancelChargeback", made["invoice"]["id"], made["payment"], "1")
        return {**made, "refund": answer.json()["id"]}

    def invoice(self, state: str, external: str | None = None) -> dict:
        said = {"externalID": external} if external else {}
        made = self.api.invoice(**said)
        if state in (PAID, HELD):
            hold = "cancel" if state == HELD else None
            until = ("processed",) if state == HELD else ("captured",)
            made["payment"] = self.api.pay(made, hold=hold, until=until, **said)["id"]
        return made

    def resource(self, made: dict) -> dict:
        """One for both of its parts."""
        return once(made, "resource", lambda: self.api.resource(token=made["invoiceAccessToken"]["payload"]))

    def template(self) -> dict:
        price = {"costType": "InvoiceTemplateLineCostUnlim"}
        body = {
            "shopID": self.api.shop_id, "lifetime": {"days": 7, "months": 0, "years": 0},
            "details": {"templateType": "InvoiceTemplateSingleLine", "product": "Tea", "price": price},
        }  # fmt: skip
        answer = self.api.call("POST", "/processing/invoice-templates", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def webhook(self) -> str:
        scope = {"topic": "InvoicesTopic", "shopID": self.api.shop_id, "eventTypes": ["InvoicePaid"]}
        answer = self.api.call("POST", "/processing/webhooks", {"scope": scope, "url": "http://127.0.0.1:9/hook"})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]


def classic(stage: Stage) -> dict[str, Callable[[dict], str]]:
    """Variables of the samples of v1 and v2."""
    return {
        "CAPI_KEY": lambda made: stage.api.token,
        "SHOP": lambda made: stage.api.shop_id,
        "PARTY": lambda made: "demo",
        "INVOICE": lambda made: made["invoice"]["id"],
        "INVOICE_TOKEN": lambda made: made["invoiceAccessToken"]["payload"],
        "PAYMENT": lambda made: made["payment"],
        "REFUND": lambda made: made["refund"],
        "CHARGEBACK": lambda made: "1",
        "EXTERNAL_ID": lambda made: made["external"],
        "PAYMENT_TOOL_TOKEN": lambda made: stage.resource(made)["paymentToolToken"],
        "PAYMENT_SESSION": lambda made: stage.resource(made)["paymentSession"],
        "TEMPLATE": lambda made: once(made, "template", stage.template)["invoiceTemplate"]["id"],
        "TEMPLATE_TOKEN": lambda made: once(made, "template", stage.template)["invoiceTemplateAccessToken"]["payload"],
        "WEBHOOK": lambda made: stage.webhook(),
    }


def modern(stage: Stage) -> dict[str, Callable[[dict], str]]:
    """Variables of the samples of v3."""

    def invoice(made: dict) -> str:
        return f"inv_{made['invoice']['id']}"

    def payer_token(made: dict) -> str:
        return stage.modern("POST", f"/invoices/{invoice(made)}/tokens").json()["token"]

    def payment_token(made: dict) -> str:
        card = {"number": VISA, "expiryMonth": 12, "expiryYear": 2030, "securityCode": "123"}
        body = {"paymentMethod": {"type": "card", "card": card}}
        return stage.modern("POST", "/paymentTokens", body, payer_token(made)).json()["id"]

    def kept(made: dict, path: str, body: dict) -> str:
        """A new object of that list; its ETag is wanted later."""
        answer = stage.modern("POST", path, body).json()
        made["etag"] = stage.modern("GET", f"{path}/{answer['id']}").headers["ETag"]
        return answer["id"]

    def used_key(made: dict) -> str:
        """A key that a request has used already would be replayed: each sample gets its own."""
        return secrets.token_hex(8)

    link = {"shopId": f"shp_{stage.api.shop_id}", "product": "Tea", "name": "Tea", "price": {"type": "any"}}
    endpoint = {"url": "http://127.0.0.1:9/hook", "eventTypes": ["*"]}
    return {
        "CAPI_KEY": lambda made: stage.api.token,
        "SHOP": lambda made: f"shp_{stage.api.shop_id}",
        "INVOICE": invoice,
        "PAYMENT": lambda made: f"pay_{made['invoice']['id']}.{made['payment']}",
        "REFUND": lambda made: f"ref_{made['invoice']['id']}.{made['payment']}.{made['refund']}",
        "PAYER_TOKEN": payer_token,
        "PAYMENT_TOKEN": payment_token,
        "PAYMENT_LINK": lambda made: kept(made, "/paymentLinks", link),
        "WEBHOOK_ENDPOINT": lambda made: kept(made, "/webhookEndpoints", endpoint),
        "ETAG": lambda made: made["etag"],
        "EVENT": lambda made: stage.modern("GET", "/events?limit=1").json()["data"][0]["id"],
        "KEY": used_key,
    }


def once(made: dict, name: str, make: Callable[[], Any]) -> Any:
    """Made when it is first asked for."""
    if name not in made:
        made[name] = make()
    return made[name]
