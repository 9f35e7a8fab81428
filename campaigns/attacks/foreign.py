"""Other parties' objects (OWASP API1, API5): every operation of the spec, every id of another party in every place.

One party owns an invoice with a payment, a refund and a chargeback, a template, a webhook, a shop. Another party, the
payer of another invoice, the holder of another template's link and nobody at all ask for them, by every mixture of own
and foreign ids. Accepted: an answer of success, or one that shows anything of the owner. At the end the owner's objects
are as they were.
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from campaigns import wire
from campaigns.attacks.tally import Tally, require_honest
from campaigns.card_hunt.pushing import FIXED, SPEC, Bodies, Operation, operations
from campaigns.ground import Ground
from rpc.protocol import domain, payment_processing
from tests.contract.sample_requests import sample_scalar
from tests.end_to_end.merchant import Api, due

OWNED = ("invoiceID", "paymentID", "refundID", "chargebackID", "invoiceTemplateID", "webhookID", "partyID", "shopID",
         "externalID")  # fmt: skip
PREFIX = SPEC["basePath"]
BODIES = 3


@dataclass
class Holdings:
    """What a party has. `ids`: by the spec's names; `externals`: its external ids by operation."""

    api: Api
    ids: dict[str, str]
    secret: str
    tokens: dict[str, str] = field(default_factory=dict)


def run(place: Ground, dice: Random, scale: float) -> Tally:
    """Everybody else asks for everything of the owner's."""
    tally = Tally("other parties' objects")
    owner, other = holdings(place, place.api, "demo"), holdings(place, place.merchant("intruder"), "intruder")
    before, payer = seen(owner), payer_of(other)
    callers = {
        "another party": other.api.token,
        "a payer of the other party": other.tokens["invoice"],
        "a customer of the other party": other.tokens["template"],
        "a payer of another invoice": owner.api.invoice()["invoiceAccessToken"]["payload"],
        "nobody": "",
    }
    for operation in operations():
        for ids in mixtures(operation, owner, other):
            for who, token in callers.items():
                for body in bodies(operation, ids, payer):
                    attempt(tally, operation, who, token, ids, body, owner)
    tally.count("the owner's objects afterwards", wire.NOTHING, seen(owner) != before)
    return tally


def holdings(place: Ground, api: Api, party_id: str) -> Holdings:
    """A party's objects of every kind, with external ids and texts that nobody else has."""
    secret = f"owned-by-{party_id}"
    made = api.invoice(10_000, externalID=f"{secret}-invoice", description=secret)
    payment = api.pay(made, externalID=f"{secret}-payment")
    invoice_id = made["invoice"]["id"]
    refund = api.act(made, payment["id"], "refunds", amount=10, currency="RUB", externalID=f"{secret}-refund").json()
    cash = domain.Cash(amount=10, currency="RUB")
    params = payment_processing.ChargebackParams(id="1", body=cash, levy=cash)
    place.platform().invoicing.CreateChargeback(invoice_id, payment["id"], params)
    price = {"costType": "InvoiceTemplateLineCostUnlim"}
    details = {"templateType": "InvoiceTemplateSingleLine", "product": secret, "price": price}
    lifetime = {"days": 1, "months": 0, "years": 0}
    template = api.call(
        "POST", "/processing/invoice-templates", {"shopID": api.shop_id, "lifetime": lifetime, "details": details}
    ).json()
    scope = {"topic": "InvoicesTopic", "shopID": api.shop_id, "eventTypes": ["InvoicePaid"]}
    hook = api.call("POST", "/processing/webhooks", {"url": f"https://{secret}.example.com/", "scope": scope}).json()
    ids = {
        "invoiceID": invoice_id, "paymentID": payment["id"], "refundID": refund["id"], "chargebackID": "1",
        "invoiceTemplateID": template["invoiceTemplate"]["id"], "webhookID": hook["id"], "shopID": api.shop_id,
        "partyID": party_id, "externalID": f"{secret}-invoice",
    }  # fmt: skip
    tokens = {
        "invoice": made["invoiceAccessToken"]["payload"], "template": template["invoiceTemplateAccessToken"]["payload"],
    }  # fmt: skip
    return Holdings(api, ids, secret, tokens)


def mixtures(operation: Operation, owner: Holdings, other: Holdings) -> Iterator[dict[str, str]]:
    """Ids of both parties in every combination that holds one of the owner's."""
    query = [one["name"] for one in operation.in_query]
    names = [name for name in OWNED if name in operation.in_path or name in query or in_body(operation, name)]
    if operation.id.endswith("ByExternalID"):
        kind = next(kind for kind in ("invoice", "payment", "refund") if kind in operation.id.lower())
        yield {"externalID": f"{owner.secret}-{kind}"}
        return
    for whose in itertools.product((owner, other), repeat=len(names)):
        # Numbers of payments and refunds are the same in both; they are the owner's through its invoice only.
        if any(one is owner and name not in ("paymentID", "refundID", "chargebackID", "externalID")
               for name, one in zip(names, whose, strict=True)):  # fmt: skip
            yield {name: one.ids[name] for name, one in zip(names, whose, strict=True)}


def in_body(operation: Operation, name: str) -> bool:
    """Whether the body may hold such an id."""
    return operation.body is not None and f'"{name}"' in json.dumps(Bodies(lambda *_: "x", 0).value(operation.body))


def payer_of(other: Holdings) -> dict[str, Any]:
    """A payment that would succeed on an invoice of one's own."""
    resource = other.api.resource(token=other.tokens["invoice"])
    payer = {name: resource[name] for name in ("paymentToolToken", "paymentSession")}
    contact = {"email": "payer@example.com"}
    return {
        "flow": {"type": "PaymentFlowInstant"},
        "payer": {"payerType": "PaymentResourcePayer", **payer, "contactInfo": contact},
    }


def bodies(operation: Operation, ids: Mapping[str, str], payment: dict[str, Any]) -> list[Any]:
    """Bodies with these ids; several where the spec knows variants."""
    if operation.body is None:
        return [None]
    made = []
    for turn in range(BODIES):
        body = Bodies(lambda name, node: value_of(name, node, ids), turn).value(operation.body)
        for name in ("externalID", "cart", "allocation", "bankAccount"):
            body.pop(name, None)
        made.append(body)
    own = [{name: value for name, value in body.items() if name != "partyID"} for body in made[:1]]
    return [*made, *own, payment if operation.id == "createPayment" else {"reason": "x"}, {}]


def value_of(name: str, node: Mapping[str, Any], ids: Mapping[str, str]) -> str:
    """A text of a body."""
    if name == "dueDate":
        return due()
    return ids.get(name) or FIXED.get(name) or str(sample_scalar(node))


def attempt(
    tally: Tally, operation: Operation, who: str, token: str, ids: Mapping[str, str], body: Any, owner: Holdings
) -> None:
    """One request; what needs no object of the owner's is no attempt."""
    path = operation.path.removeprefix(PREFIX)
    for name in operation.in_path:
        path = path.replace("{" + name + "}", ids.get(name, "1"))
    query = {one["name"]: ids.get(one["name"]) or QUERY.get(one["name"]) for one in operation.in_query}
    is_owned = any(name in operation.in_path or name in query for name in ids) or body is not None
    answer = owner.api.call(
        operation.method, path, body, token or "x", **{name: value for name, value in query.items() if value}
    )
    shown = answer.text
    shows = owner.secret in shown or (operation.id.startswith("search") and owner.ids["invoiceID"] in shown)
    is_success = answer.ok and is_owned and not is_harmless(operation, ids, body, shown, owner)
    tally.count((who, operation.id, dict(ids), body, shown[:150]), answer.status_code, shows or is_success)


def is_harmless(operation: Operation, ids: Mapping[str, str], body: Any, shown: str, owner: Holdings) -> bool:
    """Whether a success touched nothing of the owner's: a thing of one's own made, nothing of another's found."""
    texts = json.dumps([ids.get(name) for name in operation.in_path] + [body])
    named = [owner.ids[name] for name in ("invoiceID", "invoiceTemplateID", "webhookID", "partyID", "shopID")]
    is_named = any(f'"{one}"' in texts for one in named)
    return not is_named and not any(f'"{one}"' in shown for one in named)


QUERY = {"fromTime": "2026-01-01T00:00:00Z", "toTime": "2036-01-01T00:00:00Z", "limit": "10"}


def seen(owner: Holdings) -> list[Any]:
    """The owner's objects as the owner sees them."""
    ids, api = owner.ids, owner.api
    invoice, payment = f"/processing/invoices/{ids['invoiceID']}", f"payments/{ids['paymentID']}"
    paths = (
        invoice, f"{invoice}/events?limit=100", f"{invoice}/payments", f"{invoice}/{payment}/refunds",
        f"{invoice}/{payment}/chargebacks", f"/processing/invoice-templates/{ids['invoiceTemplateID']}",
        "/processing/webhooks", "/processing/shops", "/processing/me",
    )  # fmt: skip
    answers = [api.call("GET", path) for path in paths]
    for path, answer in zip(paths, answers, strict=True):
        require_honest(path, answer.status_code)
    return [answer.json() for answer in answers]
