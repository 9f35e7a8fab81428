"""What a merchant of v2 says: creations carry an externalID, and are repeated byte for byte until there is an answer.

Modules of the versions have the same functions. An `order` is what is done to a payment that is held.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from campaigns.faults.client import Answer, Caller
from campaigns.faults.payer import VARIABLE, Asked

HELD = "processed"
"""The status of a payment whose money is held."""

IS_REPEATABLE = True
"""Whether the same request may be sent twice at once."""

HAS_DEADLINES = True
"""Whether a payment may be given a time after which it ends without its payer."""

PAYER_GONE_S = 12
REFUND_REFUSALS = ("insufficentAccountBalance", "invoicePaymentAmountExceeded", "invalidPaymentStatus")
"""Of a refund that the shop's balance, or what is left of the payment, does not cover."""


class Made(NamedTuple):
    """An invoice's plain id, and the token of its payer."""

    id: str
    payer_token: str


def make_invoice(caller: Caller, shop: str, key: str, amount: int, *, twice: bool) -> Made | None:
    body = {**invoice_params(shop, key, amount), "externalID": f"{key}-i"}
    return made_of(create(caller, "/processing/invoices", body, twice=twice, id_of=lambda said: said["invoice"]["id"]))


def invoice_params(shop: str, key: str, amount: int) -> dict:
    due = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds")
    return {"shopID": shop, "dueDate": due, "amount": amount, "currency": "RUB", "product": key, "metadata": {}}


def made_of(said: dict | None) -> Made | None:
    return said and Made(said["invoice"]["id"], said["invoiceAccessToken"]["payload"])


def pay(caller: Caller, made: Made, card: str, key: str, *, is_held: bool, is_silent: bool, twice: bool) -> str | None:
    """The path of the payment. `is_silent`: the payer will not come back, so that a deadline has to end it."""
    body = payment_params(caller, made, card, is_held=is_held)
    if body is None:
        return None
    body |= {"externalID": f"{key}-p"} | ({"processingDeadline": f"{PAYER_GONE_S}s"} if is_silent else {})
    path = f"/processing/invoices/{made.id}/payments"
    payment = create(caller, path, body, twice=twice)
    return payment and f"{path}/{payment['id']}"


def payment_params(caller: Caller, made: Made, card: str, *, is_held: bool) -> dict | None:
    """With a card that was put into the vault for it."""
    tool = {"paymentToolType": "CardData", "cardNumber": card, "expDate": "12/30", "cvv": "123"}
    body = {"paymentTool": tool, "clientInfo": {"fingerprint": "campaign"}}
    answer = caller.insist("POST", "/processing/payment-resources", body, made.payer_token)
    if answer.status_code != 201:
        caller.refused("POST", "/processing/payment-resources", answer)
        return None
    said = answer.json()
    hold = {"type": "PaymentFlowHold", "onHoldExpiration": "cancel"}
    return {
        "flow": hold if is_held else {"type": "PaymentFlowInstant"},
        "payer": {
            "payerType": "PaymentResourcePayer", "paymentToolToken": said["paymentToolToken"],
            "paymentSession": said["paymentSession"], "contactInfo": {"email": "payer@example.com"},
        },
    }  # fmt: skip


def create(
    caller: Caller, path: str, body: dict, *, twice: bool, id_of: Any = lambda said: said["id"], refusals: tuple = ()
) -> dict | None:
    """A new object by its externalID, asked for twice at once if told; None when it was refused.

    `refusals`: codes of the 400s that are no surprise.
    """
    answers = caller.side_by_side(lambda: caller.insist("POST", path, body), twice)
    made = [answer.json() for answer in answers if answer.status_code == 201]
    for said in made:
        caller.journal.acknowledge(caller.version, f"{path}/{id_of(said)}", id_of(said), body["externalID"])
    for answer in answers:
        if answer.status_code != 201 and (made or not is_refusal(answer, refusals)):
            caller.refused("POST", path, answer)
    return made[0] if made else None


def is_refusal(answer: Answer, codes: tuple) -> bool:
    """Whether it is one of those that are no surprise."""
    return answer.status_code == 400 and answer.json().get("code") in codes


def asked_of_payer(caller: Caller, invoice_id: str) -> list[Asked]:
    """Where the payer was sent so far."""
    events = caller.read(f"/processing/invoices/{invoice_id}/events?limit=100") or []
    changes = [change for event in events for change in event["changes"]]
    requests = [each["userInteraction"]["request"] for each in changes if "userInteraction" in each]
    return [Asked(number, url_of(each), form_of(each)) for number, each in enumerate(requests)]


def url_of(request: dict) -> str:
    return VARIABLE.sub("", request["uriTemplate"])


def form_of(request: dict) -> dict[str, str] | None:
    if request["requestType"] != "BrowserPostRequest":
        return None
    return {field["key"]: VARIABLE.sub("", field["template"]) for field in request["form"]}


def payment_statuses(caller: Caller, invoice_id: str) -> list[str]:
    """Of all payments of the invoice; [] when there is no answer to rely on."""
    return [payment["status"] for payment in caller.read(f"/processing/invoices/{invoice_id}/payments") or []]


def capture(caller: Caller, path: str, key: str, part: int | None) -> None:
    """`part`: minor units; all when None."""
    order(caller, path, "capture", {} if part is None else {"amount": part, "currency": "RUB"})


def cancel(caller: Caller, path: str, key: str) -> None:
    order(caller, path, "cancel", {})


def order(caller: Caller, path: str, action: str, body: dict) -> None:
    """A repeat, or one who came second, is told that the payment has moved on."""
    answer = caller.insist("POST", f"{path}/{action}", {"reason": "as agreed", **body})
    if answer.status_code != 202 and not is_refusal(answer, ("invalidPaymentStatus",)):
        caller.refused("POST", f"{path}/{action}", answer)


def refund(caller: Caller, path: str, key: str, part: int, *, twice: bool) -> str | None:
    """The path of the refund; None when it was refused."""
    body = {"amount": part, "currency": "RUB", "externalID": key}
    said = create(caller, f"{path}/refunds", body, twice=twice, refusals=REFUND_REFUSALS)
    return said and f"{path}/refunds/{said['id']}"


def subscribe(caller: Caller, shop: str, url: str, event_types: list[str]) -> str:
    """A webhook; what its signatures are verified with."""
    scope = {"topic": "InvoicesTopic", "shopID": shop, "eventTypes": event_types}
    return caller.insist("POST", "/processing/webhooks", {"url": url, "scope": scope}).json()["publicKey"]
