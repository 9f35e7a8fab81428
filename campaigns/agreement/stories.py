"""Objects in every state, made through one version; and the same objects as any version shows them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import NamedTuple

from campaigns.agreement import v1, v2, v3
from campaigns.agreement.speaking import Client, Facts, InvoiceWish, Line, Made, TemplateWish, wait_for

VISA, DECLINED, CHALLENGED = "4242424242424242", "4000000000000002", "4012888888881881"
WORDS: dict[str, ModuleType] = {"v1": v1, "v2": v2, "v3": v3}
"""Version -> how it says things."""

ENDED = ("captured", "cancelled", "refunded", "failed")


class Version(NamedTuple):
    """One version: its name, its words, somebody's hands at its gateways."""

    name: str
    words: ModuleType
    client: Client


class Object(NamedTuple):
    """Something that was made: where it is found in every version."""

    resource: str
    state: str
    ids: tuple[str, ...]


def read(version: Version, thing: Object) -> Facts:
    """The object as that version shows it."""
    return getattr(version.words, f"read_{thing.resource}")(version.client, *thing.ids)


def wish(**changes: object) -> InvoiceWish:
    """An invoice with everything that all versions can wish for."""
    plain = InvoiceWish(
        amount=12345,
        currency="RUB",
        product="Tea and biscuits",
        due=datetime.now(UTC) + timedelta(days=1),
        description="For the office",
        cart=(Line("Tea", 2, 4500, "20%"), Line("Biscuits", 1, 3345)),
        metadata={"order": "7", "gift": True},
    )
    return plain._replace(**changes)


# ------------------------------------------------------------------- invoices


def unpaid(version: Version) -> Object:
    return invoice("unpaid", version.words.make_invoice(version.client, wish()))


def cancelled(version: Version) -> Object:
    made = version.words.make_invoice(version.client, wish())
    version.words.cancel_invoice(version.client, made.id, "out of stock")
    return invoice("cancelled", made)


def overdue(version: Version) -> Object:
    made = version.words.make_invoice(version.client, wish(due=datetime.now(UTC) + timedelta(seconds=1)))
    wait_for(lambda: version.words.read_invoice(version.client, made.id), lambda facts: facts["status"] == "cancelled")
    return invoice("overdue", made)


def paid(version: Version) -> Object:
    made, _ = paid_for(version)
    wait_for(lambda: version.words.read_invoice(version.client, made.id), lambda facts: facts["status"] == "paid")
    return invoice("paid", made)


def fulfilled(version: Version) -> Object:
    found = paid(version)
    version.words.fulfill_invoice(version.client, *found.ids, "handed over")
    return found._replace(state="fulfilled")


def by_template(version: Version) -> Object:
    template_id = version.words.make_template(version.client, TEMPLATE)
    made = version.words.make_invoice_of_template(version.client, template_id, 500, "RUB")
    return Object("invoice", "by template", (made,))


def invoice(state: str, made: Made) -> Object:
    return Object("invoice", state, (made.id,))


# ------------------------------------------------------------------- payments


def paid_for(
    version: Version, card: str = VISA, hold: str | None = None, until: tuple[str, ...] = ENDED
) -> tuple[Made, str]:
    """A new invoice and the id of its payment, which has come to one of those statuses."""
    made = version.words.make_invoice(version.client, wish())
    payment_id = version.words.pay(version.client, made, card, hold)
    await_status(version, made.id, payment_id, until)
    return made, payment_id


def await_status(version: Version, invoice_id: str, payment_id: str, until: tuple[str, ...]) -> None:
    wait_for(
        lambda: version.words.read_payment(version.client, invoice_id, payment_id),
        lambda facts: facts["status"] in until,
    )


def payment(state: str, card: str = VISA, hold: str | None = None, until: str = "captured") -> Callable:
    """A story that ends with a payment in that status."""

    def told(version: Version) -> Object:
        made, payment_id = paid_for(version, card, hold, (until,))
        return Object("payment", state, (made.id, payment_id))

    return told


def held_and(action: str, status: str) -> Callable:
    """A hold that its merchant captures or cancels."""

    def told(version: Version) -> Object:
        made, payment_id = paid_for(version, hold="cancel", until=("processed",))
        getattr(version.words, action)(version.client, made.id, payment_id, "as agreed")
        await_status(version, made.id, payment_id, (status,))
        return Object("payment", f"hold, {status}", (made.id, payment_id))

    return told


def refunded(version: Version) -> Object:
    """Whole, of an invoice that another payment's money can bear the fee of."""
    paid_for(version)
    made, payment_id = paid_for(version)
    version.words.refund(version.client, made.id, payment_id, wish().total, "RUB", "returned")
    await_status(version, made.id, payment_id, ("refunded",))
    return Object("payment", "refunded", (made.id, payment_id))


# -------------------------------------------------------------------- refunds


def refund(version: Version) -> Object:
    made, payment_id = paid_for(version)
    refund_id = version.words.refund(version.client, made.id, payment_id, 100, "RUB", "torn")
    ids = (made.id, payment_id, refund_id)
    wait_for(lambda: version.words.read_refund(version.client, *ids), lambda facts: facts["status"] == "succeeded")
    return Object("refund", "succeeded", ids)


# ------------------------------------------------------ templates, hooks, shops

TEMPLATE = TemplateWish("Tea", "RUB", (100, 900), days=7, description="Any tea", metadata={"shelf": "3"})


def template(state: str, price: tuple[int, ...]) -> Callable:
    """A story of a template with such a price."""

    def told(version: Version) -> Object:
        made = version.words.make_template(version.client, TEMPLATE._replace(price=price))
        return Object("template", state, (made,))

    return told


def webhook(version: Version) -> Object:
    return Object("webhook", "active", (version.words.make_webhook(version.client, "http://127.0.0.1:1/hook"),))


def shop(version: Version) -> Object:
    return Object("shop", "open", (version.client.shop,))


STORIES: dict[str, Callable[[Version], Object]] = {
    "invoice unpaid": unpaid,
    "invoice cancelled": cancelled,
    "invoice overdue": overdue,
    "invoice paid": paid,
    "invoice fulfilled": fulfilled,
    "invoice by template": by_template,
    "payment pending": payment("pending", CHALLENGED, until="pending"),
    "payment captured": payment("captured"),
    "payment failed": payment("failed", DECLINED, until="failed"),
    "payment held": payment("held", hold="capture", until="processed"),
    "payment captured from a hold": held_and("capture", "captured"),
    "payment cancelled": held_and("cancel", "cancelled"),
    "payment refunded": refunded,
    "refund succeeded": refund,
    "template of a range": template("a range", (100, 900)),
    "template of a fixed price": template("a fixed price", (500,)),
    "template of any price": template("any price", ()),
    "webhook": webhook,
    "shop": shop,
}
"""What is made through each version, by resource and state."""
