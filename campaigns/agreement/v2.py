"""Wishes and facts in the words of v2."""

import secrets
from typing import Any

from campaigns.agreement.speaking import Client, Facts, InvoiceWish, Line, Made, TemplateWish, moment, text_of, told

CARD_PATH = "/processing/payment-resources"


def make_invoice(client: Client, wish: InvoiceWish) -> Made:
    made = client.call("POST", "/processing/invoices", {**invoice_params(client, wish), "externalID": new_id()})
    return Made(made["invoice"]["id"], made["invoiceAccessToken"]["payload"])


def invoice_params(client: Client, wish: InvoiceWish) -> dict:
    cost = {"cart": [line_params(line) for line in wish.cart]} if wish.cart else {"amount": wish.amount}
    return without_none(
        {
            "shopID": client.shop, "dueDate": text_of(wish.due), "currency": wish.currency, "product": wish.product,
            "description": wish.description, "metadata": dict(wish.metadata), **cost,
        }
    )  # fmt: skip


def line_params(line: Line) -> dict:
    tax = {"taxMode": {"type": "InvoiceLineTaxVAT", "rate": line.tax}} if line.tax else {}
    return {"product": line.product, "quantity": line.quantity, "price": line.price, **tax}


def read_invoice(client: Client, invoice_id: str) -> Facts:
    return invoice_facts(client.call("GET", f"/processing/invoices/{invoice_id}"))


def invoice_facts(body: dict) -> Facts:
    return told(
        id=body["id"],
        shop=body["shopID"],
        created_at=moment(body["createdAt"]),
        due_at=moment(body["dueDate"]),
        amount=body["amount"],
        currency=body["currency"],
        product=body["product"],
        description=body.get("description"),
        cart=[line_facts(line) for line in body["cart"]] if "cart" in body else None,
        metadata=body["metadata"],
        status=body["status"],
        reason=body.get("reason"),
        external_id=body.get("externalID"),
        template=body.get("invoiceTemplateID"),
    )


def line_facts(line: dict) -> tuple:
    return line["product"], line["quantity"], line["price"], line["cost"], (line.get("taxMode") or {}).get("rate")


def cancel_invoice(client: Client, invoice_id: str, reason: str) -> None:
    client.call("POST", f"/processing/invoices/{invoice_id}/rescind", {"reason": reason})


def fulfill_invoice(client: Client, invoice_id: str, reason: str) -> None:
    client.call("POST", f"/processing/invoices/{invoice_id}/fulfill", {"reason": reason})


def pay(client: Client, made: Made, card: str, hold: str | None) -> str:
    return client.call(
        "POST", f"/processing/invoices/{made.id}/payments",
        {**payment_params(client, made, card, hold), "externalID": new_id(), "metadata": {"order": "7"}},
    )["id"]  # fmt: skip


def payment_params(client: Client, made: Made, card: str, hold: str | None) -> dict:
    tool = {"paymentToolType": "CardData", "cardNumber": card, "expDate": "12/30", "cvv": "123"}
    body = {"paymentTool": tool, "clientInfo": {"fingerprint": "agreement"}}
    resource = client.call("POST", CARD_PATH, body, token=made.payer_token, at_cards=True)
    return {
        "flow": {"type": "PaymentFlowHold", "onHoldExpiration": hold} if hold else {"type": "PaymentFlowInstant"},
        "payer": {
            "payerType": "PaymentResourcePayer",
            "paymentToolToken": resource["paymentToolToken"],
            "paymentSession": resource["paymentSession"],
            "contactInfo": {"email": "payer@example.com", "phoneNumber": "+79210000000"},
        },
    }


def read_payment(client: Client, invoice_id: str, payment_id: str) -> Facts:
    body = client.call("GET", f"/processing/invoices/{invoice_id}/payments/{payment_id}")
    info = body.get("transactionInfo") or {}
    details = body["payer"]["paymentToolDetails"]
    return told(
        **payment_facts(body),
        first6=details["first6"],
        last4=details["last4"],
        failure=path_of(body.get("error")),
        rrn=info.get("rrn"),
        approval_code=info.get("approvalCode"),
        recurring=body.get("makeRecurrent"),
        metadata=body.get("metadata"),
        external_id=body.get("externalID"),
    )


def payment_facts(body: dict) -> Facts:
    """Those that v1 tells in the same words."""
    payer, flow = body["payer"], body["flow"]
    return told(
        id=body["id"],
        invoice=body["invoiceID"],
        created_at=moment(body["createdAt"]),
        amount=body["amount"],
        currency=body["currency"],
        status=body["status"],
        is_hold=flow["type"] == "PaymentFlowHold",
        at_expiry=flow.get("onHoldExpiration"),
        held_until=moment(flow.get("heldUntil")),
        brand=payer["paymentToolDetails"]["paymentSystem"],
        email=payer["contactInfo"].get("email"),
        phone=payer["contactInfo"].get("phoneNumber"),
        ip=(payer.get("clientInfo") or {}).get("ip"),
        fingerprint=(payer.get("clientInfo") or {}).get("fingerprint"),
    )


def path_of(error: dict | None) -> str | None:
    """A nested failure as one text: authorization_failed:insufficient_funds."""
    if error is None:
        return None
    below = path_of(error.get("subError"))
    return f"{error['code']}:{below}" if below else error["code"]


def capture(client: Client, invoice_id: str, payment_id: str, reason: str) -> None:
    client.call("POST", f"/processing/invoices/{invoice_id}/payments/{payment_id}/capture", {"reason": reason})


def cancel(client: Client, invoice_id: str, payment_id: str, reason: str) -> None:
    client.call("POST", f"/processing/invoices/{invoice_id}/payments/{payment_id}/cancel", {"reason": reason})


def refund(client: Client, invoice_id: str, payment_id: str, amount: int, currency: str, reason: str) -> str:
    body = {"amount": amount, "currency": currency, "reason": reason, "externalID": new_id()}
    return client.call("POST", f"/processing/invoices/{invoice_id}/payments/{payment_id}/refunds", body)["id"]


def read_refund(client: Client, invoice_id: str, payment_id: str, refund_id: str) -> Facts:
    return refund_facts(
        client.call("GET", f"/processing/invoices/{invoice_id}/payments/{payment_id}/refunds/{refund_id}")
    )


def refund_facts(body: dict) -> Facts:
    return told(
        id=body["id"],
        created_at=moment(body["createdAt"]),
        amount=body["amount"],
        currency=body["currency"],
        status=body["status"],
        reason=body.get("reason"),
        external_id=body.get("externalID"),
    )


def make_template(client: Client, wish: TemplateWish) -> str:
    details = {"templateType": "InvoiceTemplateSingleLine", "product": wish.product, "price": price_params(wish)}
    body = {**template_params(client, wish), "details": details, "externalID": new_id(), "name": "A template"}
    return client.call("POST", "/processing/invoice-templates", body)["invoiceTemplate"]["id"]


def template_params(client: Client, wish: TemplateWish) -> dict:
    return without_none(
        {
            "shopID": client.shop, "description": wish.description, "metadata": dict(wish.metadata),
            "lifetime": {"days": wish.days, "months": 0, "years": 0},
        }
    )  # fmt: skip


def price_params(wish: TemplateWish) -> dict:
    if not wish.price:
        return {"costType": "InvoiceTemplateLineCostUnlim"}
    if len(wish.price) == 1:
        return {"costType": "InvoiceTemplateLineCostFixed", "currency": wish.currency, "amount": wish.price[0]}
    return {"costType": "InvoiceTemplateLineCostRange", "currency": wish.currency, "range": bounds(wish.price)}


def bounds(price: tuple[int, ...]) -> dict:
    return {"lowerBound": price[0], "upperBound": price[1]}


def read_template(client: Client, template_id: str) -> Facts:
    body = client.call("GET", f"/processing/invoice-templates/{template_id}")
    return told(
        **template_facts(body),
        product=body["details"]["product"],
        **price_facts(body["details"]["price"]),
        created_at=moment(body["createdAt"]),
        external_id=body.get("externalID"),
        name=body.get("name"),
    )


def template_facts(body: dict) -> Facts:
    """Those that v1 tells in the same words."""
    lifetime = body["lifetime"]
    return told(
        id=body["id"],
        shop=body["shopID"],
        description=body.get("description"),
        lifetime=(lifetime["years"], lifetime["months"], lifetime["days"]),
        metadata=body.get("metadata"),
    )


def price_facts(price: dict) -> Facts:
    """Fixed: one amount; a range: its bounds; any: none."""
    if "range" in price:
        return {"price": (price["range"]["lowerBound"], price["range"]["upperBound"]), "currency": price["currency"]}
    return {"price": (price["amount"],), "currency": price["currency"]} if "amount" in price else {"price": ()}


def make_invoice_of_template(client: Client, template_id: str, amount: int, currency: str) -> str:
    body = {"amount": amount, "currency": currency, "metadata": {"by": "template"}}
    made = client.call("POST", f"/processing/invoice-templates/{template_id}/invoices", body)
    return made["invoice"]["id"]


def make_webhook(client: Client, url: str) -> str:
    scope = {"topic": "InvoicesTopic", "shopID": client.shop, "eventTypes": ["InvoicePaid", "PaymentCaptured"]}
    return client.call("POST", "/processing/webhooks", {"url": url, "scope": scope})["id"]


def read_webhook(client: Client, webhook_id: str) -> Facts:
    body = client.call("GET", f"/processing/webhooks/{webhook_id}")
    return told(
        id=body["id"],
        is_active=body["active"],
        url=body["url"],
        shop=body["scope"]["shopID"],
        event_types=sorted(body["scope"]["eventTypes"]),
        public_key=body["publicKey"],
        party=body.get("partyID"),
    )


def drop_webhook(client: Client, webhook_id: str) -> None:
    client.call("DELETE", f"/processing/webhooks/{webhook_id}")


def read_shop(client: Client, shop_id: str) -> Facts:
    body = client.call("GET", f"/processing/shops/{shop_id}")
    return told(
        id=body["id"],
        created_at=moment(body["createdAt"]),
        is_blocked=body["isBlocked"],
        is_suspended=body["isSuspended"],
        category=body["categoryID"],
        url=body["location"]["url"],
        name=body["details"]["name"],
        description=body["details"].get("description"),
        currency=body["account"]["currency"],
        contract=body["contractID"],
        accounts=(body["account"]["guaranteeID"], body["account"]["settlementID"]),
    )


def new_id() -> str:
    """An external id that nobody used."""
    return secrets.token_hex(8)


def without_none(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
