"""Wishes and facts in the words of v3: ids lose their prefixes, money its object, statuses v3's own names."""

import secrets
from typing import Any

from campaigns.agreement.speaking import Client, Facts, InvoiceWish, Line, Made, TemplateWish, moment, text_of, told

PAYMENT_STATUSES = {"authorized": "processed"}
"""Where v3 has another word for the same state."""


def send(client: Client, path: str, body: Any, token: str = "", **more: Any) -> dict:
    """A POST, repeatable as every POST of v3."""
    key = {"Idempotency-Key": secrets.token_hex(12)}
    return client.call("POST", path, body, token=token, **more, **key)


def make_invoice(client: Client, wish: InvoiceWish) -> Made:
    made = send(client, "/invoices", invoice_params(client, wish))
    token = send(client, f"/invoices/{made['id']}/tokens", None)["token"]
    return Made(bare(made["id"]), token)


def invoice_params(client: Client, wish: InvoiceWish) -> dict:
    if wish.cart:
        cost: dict = {"cart": [line_params(line, wish.currency) for line in wish.cart]}
    else:
        cost = {"amount": money(wish.amount, wish.currency)}
    return {
        "shopId": f"shp_{client.shop}", "dueAt": text_of(wish.due), "product": wish.product,
        "metadata": dict(wish.metadata), **cost, **({"description": wish.description} if wish.description else {}),
    }  # fmt: skip


def line_params(line: Line, currency: str) -> dict:
    tax = {"taxRate": line.tax} if line.tax else {}
    return {"product": line.product, "quantity": line.quantity, "unitPrice": money(line.price, currency), **tax}


def read_invoice(client: Client, invoice_id: str) -> Facts:
    body = client.call("GET", f"/invoices/inv_{invoice_id}")
    return told(
        id=bare(body["id"]),
        shop=bare(body["shopId"]),
        created_at=moment(body["createdAt"]),
        due_at=moment(body["dueAt"]),
        amount=body["amount"]["amount"],
        currency=body["amount"]["currency"],
        product=body["product"],
        description=body.get("description"),
        cart=[line_facts(line) for line in body["cart"]] if "cart" in body else None,
        metadata=body["metadata"],
        status=body["status"],
        reason=body.get("statusReason"),
        external_id=body.get("externalId"),
        template=bare(body.get("paymentLinkId")),
        revision=body["version"],
    )


def line_facts(line: dict) -> tuple:
    return line["product"], line["quantity"], line["unitPrice"]["amount"], line["total"]["amount"], line.get("taxRate")


def cancel_invoice(client: Client, invoice_id: str, reason: str) -> None:
    send(client, f"/invoices/inv_{invoice_id}/cancellations", {"reason": reason})


def fulfill_invoice(client: Client, invoice_id: str, reason: str) -> None:
    send(client, f"/invoices/inv_{invoice_id}/fulfillments", {"reason": reason})


def pay(client: Client, made: Made, card: str, hold: str | None) -> str:
    method = {"type": "card", "card": card_params(card)}
    params = {"paymentMethod": method, "device": {"fingerprint": "agreement"}}
    tool = send(client, "/paymentTokens", params, made.payer_token, at_cards=True)
    body = {
        "source": {"type": "token", "token": tool["id"]},
        "payer": {"email": "payer@example.com", "phone": "+79210000000"},
        "metadata": {"order": "7"},
        **({"capture": "manual", "holdExpiration": hold} if hold else {}),
    }
    return last(send(client, f"/invoices/inv_{made.id}/payments", body)["id"])


def card_params(number: str) -> dict:
    return {"number": number, "expiryMonth": 12, "expiryYear": 2030, "securityCode": "123"}


def read_payment(client: Client, invoice_id: str, payment_id: str) -> Facts:
    body = client.call("GET", f"/payments/pay_{invoice_id}.{payment_id}")
    card, payer = body["paymentMethod"]["card"], body.get("payer") or {}
    reference, failure = body.get("bankReference") or {}, body.get("failure")
    return told(
        id=last(body["id"]),
        invoice=bare(body["invoiceId"]),
        created_at=moment(body["createdAt"]),
        amount=body["amount"]["amount"],
        currency=body["amount"]["currency"],
        status=PAYMENT_STATUSES.get(body["status"], body["status"]),
        is_hold=body["capture"] == "manual",
        at_expiry=body.get("holdExpiration"),
        held_until=moment(body.get("heldUntil")),
        brand=card["brand"],
        first6=card.get("first6"),
        last4=card["last4"],
        email=payer.get("email"),
        phone=payer.get("phone"),
        ip=payer.get("ip"),
        rrn=reference.get("rrn"),
        approval_code=reference.get("approvalCode"),
        recurring=body["recurring"],
        metadata=body["metadata"],
        external_id=body.get("externalId"),
        reason=body.get("statusReason"),
        status_changed_at=moment(body["statusChangedAt"]),
        fee=(body.get("fee") or {}).get("amount"),
        expiry_of_card=card_expiry(card),
        failure=failure["code"].replace(".", ":") if failure else None,
        advice=failure and failure["advice"],
        revision=body["version"],
    )


def card_expiry(card: dict) -> tuple | None:
    return (card["expiryMonth"], card["expiryYear"]) if "expiryMonth" in card else None


def capture(client: Client, invoice_id: str, payment_id: str, reason: str) -> None:
    send(client, f"/payments/pay_{invoice_id}.{payment_id}/captures", {"reason": reason})


def cancel(client: Client, invoice_id: str, payment_id: str, reason: str) -> None:
    send(client, f"/payments/pay_{invoice_id}.{payment_id}/cancellations", {"reason": reason})


def refund(client: Client, invoice_id: str, payment_id: str, amount: int, currency: str, reason: str) -> str:
    body = {"amount": money(amount, currency), "reason": reason}
    return last(send(client, f"/payments/pay_{invoice_id}.{payment_id}/refunds", body)["id"])


def read_refund(client: Client, invoice_id: str, payment_id: str, refund_id: str) -> Facts:
    body = client.call("GET", f"/refunds/ref_{invoice_id}.{payment_id}.{refund_id}")
    return told(
        id=last(body["id"]),
        created_at=moment(body["createdAt"]),
        amount=body["amount"]["amount"],
        currency=body["amount"]["currency"],
        status=body["status"],
        reason=body.get("reason"),
        external_id=body.get("externalId"),
        rrn=(body.get("bankReference") or {}).get("rrn"),
        revision=body["version"],
    )


def make_template(client: Client, wish: TemplateWish) -> str:
    body = {
        "shopId": f"shp_{client.shop}", "name": "A template", "product": wish.product, "price": price_params(wish),
        "invoiceLifetime": {"days": wish.days}, "metadata": dict(wish.metadata),
        **({"description": wish.description} if wish.description else {}),
    }  # fmt: skip
    return bare(send(client, "/paymentLinks", body)["id"])


def price_params(wish: TemplateWish) -> dict:
    if not wish.price:
        return {"type": "any"}
    if len(wish.price) == 1:
        return {"type": "fixed", "amount": money(wish.price[0], wish.currency)}
    lowest, highest = (money(amount, wish.currency) for amount in wish.price)
    return {"type": "range", "minimum": lowest, "maximum": highest}


def read_template(client: Client, template_id: str) -> Facts:
    body = client.call("GET", f"/paymentLinks/lnk_{template_id}")
    lifetime = body["invoiceLifetime"]
    return told(
        id=bare(body["id"]),
        shop=bare(body["shopId"]),
        product=body.get("product"),
        description=body.get("description"),
        lifetime=(lifetime["years"], lifetime["months"], lifetime["days"]),
        metadata=body["metadata"],
        **price_facts(body["price"]),
        created_at=moment(body["createdAt"]),
        external_id=body.get("externalId"),
        name=body.get("name"),
        revision=body["version"],
    )


def price_facts(price: dict) -> Facts:
    amounts = [price[name] for name in ("amount", "minimum", "maximum") if name in price]
    facts: Facts = {"price": tuple(amount["amount"] for amount in amounts)}
    return facts | ({"currency": amounts[0]["currency"]} if amounts else {})


def make_invoice_of_template(client: Client, template_id: str, amount: int, currency: str) -> str:
    body = {"amount": money(amount, currency), "metadata": {"by": "template"}}
    return bare(send(client, f"/paymentLinks/lnk_{template_id}/invoices", body)["id"])


def read_shop(client: Client, shop_id: str) -> Facts:
    body = client.call("GET", f"/shops/shp_{shop_id}")
    return told(
        id=bare(body["id"]),
        created_at=moment(body["createdAt"]),
        is_blocked=body["status"] == "blocked",
        is_suspended=body["status"] == "suspended",
        category=body["categoryId"],
        url=body["url"],
        name=body["name"],
        description=body.get("description"),
        currency=body["currency"],
    )


def money(amount: int, currency: str) -> dict:
    return {"amount": amount, "currency": currency}


def bare(identity: str | None) -> str | None:
    """An id without its prefix."""
    return identity and identity.partition("_")[2]


def last(identity: str) -> str:
    """The part of a payment's or refund's id that older versions show."""
    return identity.rpartition(".")[2]
