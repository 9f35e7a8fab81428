"""What a campaign must be told of a version beside its published document: a row each.

Everything else is read from the documents, so that a new operation or field is attacked and searched without a word
here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

from campaigns.agreement.stories import WORDS
from campaigns.versions.published import Published, published
from settings import Settings
from settings.versions import served_versions
from tests.end_to_end.merchant import due

ALL_EVENTS = ["InvoiceCreated", "InvoicePaid", "PaymentStarted", "PaymentProcessed", "PaymentCaptured", "PaymentFailed"]


class Row(NamedTuple):
    """`ids`: the document's name of an id -> how it is made of plain names; `numbers`: those of them that mean nothing
    without their invoice. `me`: an operation without ids that every token of a merchant may call; `create_card`: the
    one that takes cards. `hook_name`: the plain name of what `create_hook` makes. `invoice`, `hook`, `card`: bodies
    that would succeed; `payment`: one made of the answer of `create_card`. `for_payers`, `for_link_holders`,
    `for_everybody`: operations that their tokens are for. `free`: texts that are stored as they were written.
    `fixed`: texts that must make sense. `left_out`: by operation, or "" for the rest, places that contradict the
    others, turn by turn. `ending`: operations that take the ground from under the others. `invalid`: the code of
    what the document does not allow.
    """

    ids: Mapping[str, str]
    numbers: frozenset[str]
    me: str
    read_invoice: str
    list_hooks: str
    delete_hook: str
    create_hook: str
    hook_name: str
    create_card: str
    invoice: Callable[[str], dict]
    hook: Callable[[str, str], dict]
    card: Callable[[str, str], dict]
    payment: Callable[[dict], dict]
    for_payers: frozenset[str]
    for_link_holders: frozenset[str]
    for_everybody: frozenset[str]
    free: frozenset[str]
    fixed: Mapping[str, str]
    left_out: Mapping[str, tuple[frozenset[str], ...]]
    ending: tuple[str, ...]
    invalid: str


@dataclass(frozen=True)
class Version:
    """A served version. `words`: how things are made and read through it, `campaigns.agreement`."""

    name: str
    base_path: str
    published: Published
    row: Row
    words: ModuleType

    @property
    def gateway(self) -> str:
        """Name of the process that serves everything but cards, as in the names of settings."""
        return f"GATEWAY_{self.name.upper()}"

    @property
    def tokens_gateway(self) -> str:
        """Name of the process that card numbers pass."""
        return f"{self.gateway}_TOKENS"

    def ids(self, plain: Mapping[str, str]) -> dict[str, str]:
        """The document's names -> the ids of something that is known by plain ones."""
        return {name: form.format(**plain) for name, form in self.row.ids.items()}


def versions_of(settings: Settings) -> list[Version]:
    """All that are served, oldest first."""
    return [
        Version(each.name, each.base_path, published(each.spec), ROWS[each.name], WORDS[each.name])
        for each in served_versions(settings)
    ]


def classic_invoice(shop: str) -> dict:
    return {"shopID": shop, "dueDate": due(), "amount": 100, "currency": "RUB", "product": "A thing", "metadata": {}}


def classic_hook(url: str, shop: str) -> dict:
    return {"url": url, "scope": {"topic": "InvoicesTopic", "shopID": shop, "eventTypes": ALL_EVENTS}}


def classic_card(number: str, cvv: str) -> dict:
    tool = {"paymentToolType": "CardData", "cardNumber": number, "expDate": "12/30", "cvv": cvv}
    return {"paymentTool": {**tool, "cardHolder": "A HOLDER"}, "clientInfo": {"fingerprint": "campaign"}}


def classic_payment(made: dict) -> dict:
    resource = {name: made[name] for name in ("paymentToolToken", "paymentSession")}
    payer = {"payerType": "PaymentResourcePayer", **resource, "contactInfo": {"email": "payer@example.com"}}
    return {"flow": {"type": "PaymentFlowInstant"}, "payer": payer}


def modern_invoice(shop: str) -> dict:
    return {"shopId": f"shp_{shop}", "product": "A thing", "amount": {"amount": 100, "currency": "RUB"}}


def modern_hook(url: str, shop: str) -> dict:
    return {"url": url, "shopId": f"shp_{shop}", "eventTypes": ["*"]}


def modern_card(number: str, cvv: str) -> dict:
    card = {"number": number, "expiryMonth": 12, "expiryYear": 2030, "securityCode": cvv, "holderName": "A HOLDER"}
    return {"paymentMethod": {"type": "card", "card": card}, "device": {"fingerprint": "campaign"}}


def modern_payment(made: dict) -> dict:
    return {"source": {"type": "token", "token": made["id"]}, "payer": {"email": "payer@example.com"}}


V2 = Row(
    ids={
        "partyID": "{party}", "shopID": "{shop}", "invoiceID": "{invoice}", "paymentID": "{payment}",
        "refundID": "{refund}", "chargebackID": "{chargeback}", "invoiceTemplateID": "{template}",
        "webhookID": "{hook}", "externalID": "{external}",
    },
    numbers=frozenset({"paymentID", "refundID", "chargebackID"}),
    me="getMyParty",
    read_invoice="getInvoiceByID",
    list_hooks="getWebhooks",
    delete_hook="deleteWebhookByID",
    create_hook="createWebhook",
    hook_name="hook",
    create_card="createPaymentResource",
    invoice=classic_invoice,
    hook=classic_hook,
    card=classic_card,
    payment=classic_payment,
    for_payers=frozenset({
        "getInvoiceByID", "getInvoiceEvents", "getInvoicePaymentMethods", "getPayments", "getPaymentByID",
        "createPayment", "createPaymentResource",
    }),
    for_link_holders=frozenset({
        "getInvoiceTemplateByID", "getInvoicePaymentMethodsByTemplateID", "createInvoiceWithTemplate",
    }),
    for_everybody=frozenset({
        "getCategories", "getCategoryByRef", "getCountries", "getCountryByID", "getTradeBlocs", "getTradeBlocByID",
    }),
    free=frozenset({
        "product", "description", "externalID", "reason", "name", "metadata.key", "metadata.value",
    }),
    fixed={
        "dueDate": "2030-01-01T00:00:00Z", "currency": "RUB", "processingDeadline": "30m", "limit": "10",
        "fromTime": "2026-01-01T00:00:00Z", "toTime": "2036-01-01T00:00:00Z",
    },
    left_out={"": (frozenset({"allocation"}),)},
    ending=("suspend", "delete", "rescind", "fulfill"),
    invalid="invalidRequest",
)  # fmt: skip

ROWS: Mapping[str, Row] = {
    "v1": V2._replace(
        ids={name: V2.ids[name] for name in V2.ids if name not in ("chargebackID", "externalID")},
        free=V2.free | {"fingerprint", "provider", "cryptoCurrency"},
    ),
    "v2": V2,
    "v3": Row(
        ids={
            "shopId": "shp_{shop}", "invoiceId": "inv_{invoice}", "paymentId": "pay_{invoice}.{payment}",
            "refundId": "ref_{invoice}.{payment}.{refund}", "paymentLinkId": "lnk_{template}",
            "webhookEndpointId": "{endpoint}", "eventId": "{event}", "key": "{key}",
        },
        numbers=frozenset({"key"}),
        me="listShops",
        read_invoice="getInvoice",
        list_hooks="listWebhookEndpoints",
        delete_hook="deleteWebhookEndpoint",
        create_hook="createWebhookEndpoint",
        hook_name="endpoint",
        create_card="createPaymentToken",
        invoice=modern_invoice,
        hook=modern_hook,
        card=modern_card,
        payment=modern_payment,
        for_payers=frozenset({
            "getInvoice", "listInvoicePayments", "createPayment", "getPayment", "createPaymentToken",
        }),
        for_link_holders=frozenset({"getPaymentLink", "createLinkInvoice"}),
        for_everybody=frozenset({"getIdempotencyKey", "listCurrencies"}),
        free=frozenset({
            "product", "description", "reason", "name", "metadata.key", "metadata.value",
        }),
        fixed={"dueAt": "2030-01-01T00:00:00Z", "currency": "RUB", "limit": "10", "gte": "2026-01-01T00:00:00Z",
               "lt": "2036-01-01T00:00:00Z", "eventTypes": "invoice.fulfilled"},
        left_out={
            "": (frozenset({"cart"}), frozenset({"amount"})),
            "createPaymentLink": (frozenset({"cart"}), frozenset({"product", "price", "taxRate"})),
            "updatePaymentLink": (frozenset({"cart"}), frozenset({"product", "price", "taxRate"})),
            "createRefund": (frozenset(),),
            "capturePayment": (frozenset(),),
            "createLinkInvoice": (frozenset(),),
        },
        ending=("cancelInvoice", "delete", "fulfill"),
        invalid="invalid-request",
    ),
}  # fmt: skip
"""Version -> its row."""
