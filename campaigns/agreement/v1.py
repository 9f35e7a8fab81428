"""Wishes and facts in the words of v1; where they are v2's words as well, v2's functions serve."""

from campaigns.agreement import v2
from campaigns.agreement.speaking import Client, Facts, InvoiceWish, Made, TemplateWish, told

read_invoice = v2.read_invoice
cancel_invoice = v2.cancel_invoice
fulfill_invoice = v2.fulfill_invoice
capture = v2.capture
cancel = v2.cancel
read_refund = v2.read_refund
make_invoice_of_template = v2.make_invoice_of_template
make_webhook = v2.make_webhook
read_webhook = v2.read_webhook
drop_webhook = v2.drop_webhook
read_shop = v2.read_shop


def make_invoice(client: Client, wish: InvoiceWish) -> Made:
    made = client.call("POST", "/processing/invoices", v2.invoice_params(client, wish))
    return Made(made["invoice"]["id"], made["invoiceAccessToken"]["payload"])


def pay(client: Client, made: Made, card: str, hold: str | None) -> str:
    body = v2.payment_params(client, made, card, hold)
    return client.call("POST", f"/processing/invoices/{made.id}/payments", body)["id"]


def read_payment(client: Client, invoice_id: str, payment_id: str) -> Facts:
    """The flat error's message is the whole path, its parts joined by colons."""
    body = client.call("GET", f"/processing/invoices/{invoice_id}/payments/{payment_id}")
    details = body["payer"]["paymentToolDetails"]
    return told(
        **v2.payment_facts(body),
        first6=details["bin"],
        last4=details["lastDigits"],
        failure=(body.get("error") or {}).get("message"),
    )


def refund(client: Client, invoice_id: str, payment_id: str, amount: int, currency: str, reason: str) -> str:
    body = {"amount": amount, "currency": currency, "reason": reason}
    return client.call("POST", f"/processing/invoices/{invoice_id}/payments/{payment_id}/refunds", body)["id"]


def make_template(client: Client, wish: TemplateWish) -> str:
    kinds = ("Unlim", "Fixed", "Range")
    flat = {name: value for name, value in v2.price_params(wish).items() if name != "costType"}
    cost = {"invoiceTemplateCostType": f"InvoiceTemplateCost{kinds[len(wish.price)]}", **flat}
    body = {**v2.template_params(client, wish), "product": wish.product, "cost": cost}
    return client.call("POST", "/processing/invoice-templates", body)["invoiceTemplate"]["id"]


def read_template(client: Client, template_id: str) -> Facts:
    body = client.call("GET", f"/processing/invoice-templates/{template_id}")
    return told(**v2.template_facts(body), product=body["product"], **v2.price_facts(body["cost"]))
