"""Parties with one of everything, requests of one for what is the other's, and what the answers showed."""

import copy
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from console.keys import issued
from console.operator_client import bound_to
from rpc.protocol import domain, party, payment_processing
from settings import load
from tests.contract.sample_requests import SampleRequest, sample_requests
from tests.contract.sample_requests import resolved as resolved_parameter
from tests.end_to_end.merchant import VISA, Api, due
from tests.end_to_end.running import ROOT, System
from translator.spec import read_spec

SPEC = read_spec(ROOT / "specs" / "v2" / "bundled.json")
SAMPLES = sample_requests(SPEC)
ROLES = ("party:read", "party:write", "invoices:read", "invoices:write", "payment_resources:write")
DICTIONARIES = {
    "getCategories", "getCategoryByRef", "getCountries", "getCountryByID", "getTradeBlocs", "getTradeBlocByID",
}  # fmt: skip

# Operations that use an object up, in the order in which an owner can do them all; the others come before.
LAST = (
    "capturePayment", "cancelPayment", "createRefund", "fulfillInvoice", "rescindInvoice", "createPayment",
    "deleteWebhookByID", "deleteInvoiceTemplate",
    "suspendShop", "activateShop", "suspendShopForParty", "activateShopForParty",
    "suspendMyParty", "activateMyParty", "suspendPartyByID", "activatePartyByID",
)  # fmt: skip
OPERATIONS = sorted(SAMPLES, key=lambda name: LAST.index(name) if name in LAST else -1)

# Which of a party's invoices an operation is about; the paid one unless told.
INVOICE = {
    "createPayment": "payable",
    "rescindInvoice": "rescindable",
    "capturePayment": "held",
    "cancelPayment": "held_too",
    "getChargebacks": "disputed",
    "getChargebackByID": "disputed",
}
EXTERNAL_ID = {
    "getInvoiceByExternalID": "invoice",
    "getPaymentByExternalID": "payment",
    "getRefundByExternalID": "refund",
}

# Ids that are alike in both parties say nothing of whose they are: payments of an invoice are numbered from 1.
NUMBERED = {"paymentID", "refundID", "chargebackID"}


@dataclass
class Party:
    """A party with one of everything. `word` stands in every text of its objects, and nowhere else."""

    api: Api
    id: str
    word: str
    ids: dict[str, Any] = field(default_factory=dict)
    invoices: dict[str, dict] = field(default_factory=dict)
    resource: dict = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def said_by(self, operation_id: str) -> dict[str, Any]:
        """Field of the spec -> this party's value for that operation."""
        kind = EXTERNAL_ID.get(operation_id, f"new-{operation_id}"[:20])
        return {
            **self.ids,
            "invoiceID": self.invoices[INVOICE.get(operation_id, "paid")]["invoice"]["id"],
            "externalID": f"{self.word}-{kind}",
        }

    def unique_ids(self) -> set[str]:
        """Ids that no other party has and no other text contains; a webhook's is a short number."""
        made = {each["invoice"]["id"] for each in self.invoices.values()}
        return made | {self.id, self.ids["shopID"], self.ids["invoiceTemplateID"]}


def parties(system: System, *names: str) -> Iterator[Party]:
    """New parties, each with a shop, a key, and one of everything."""
    settings = load(system.environment)
    operator = bound_to(settings)
    for name in names:
        word = f"{name}{secrets.token_hex(3)}"
        operator.party_management.Create(word, party.PartyParams(contact_email=f"{word}-owner@example.com"))
        operator.party_management.CreateShop(
            word,
            party.ShopParams(
                id=f"{word}-shop", currency="RUB", category_id=1, contract_id="default",
                location=domain.ShopLocation(url=f"https://{word}-location.example"),
                details=domain.ShopDetails(name=f"{word} name"),
            ),
        )  # fmt: skip
        key = issued(settings, operator, word, ROLES)[0]
        urls = (f"{system.url('GATEWAY_V2')}/v2", f"{system.url('GATEWAY_V2_TOKENS')}/v2")
        yield furnished(Party(Api(*urls, key, f"{word}-shop"), word, word), operator)


def furnished(one: Party, operator: Any) -> Party:
    """With one of everything, each bearing its word."""
    api, word = one.api, one.word
    texts = {"product": f"{word} product", "description": f"{word} description", "metadata": {"note": f"{word} note"}}
    for kind in ("paid", "payable", "rescindable", "held", "held_too", "disputed", "another"):
        named = {"externalID": f"{word}-invoice"} if kind == "paid" else {}
        one.invoices[kind] = api.invoice(**texts, **named)
    paid = api.pay(one.invoices["paid"], makeRecurrent=True, externalID=f"{word}-payment", metadata=texts["metadata"])
    said = {"amount": 10, "currency": "RUB", "reason": f"{word} reason", "externalID": f"{word}-refund"}
    refund = api.act(one.invoices["paid"], paid["id"], "refunds", **said).json()
    api.wait(f"{path_of(one, 'paid')}/refunds/{refund['id']}", lambda body: body["status"] == "succeeded")
    for kind in ("held", "held_too"):
        api.pay(one.invoices[kind], hold="cancel", until=("processed",))
    api.pay(one.invoices["disputed"])
    cash = domain.Cash(amount=10, currency="RUB")
    dispute = payment_processing.ChargebackParams(id="1", body=cash, levy=cash)
    operator.invoicing.CreateChargeback(one.invoices["disputed"]["invoice"]["id"], "1", dispute)
    templates = [template(api, f"{word} template") for _ in range(2)]
    scope = {"topic": "InvoicesTopic", "shopID": api.shop_id, "eventTypes": ["InvoicePaid"]}
    hook = {"url": f"http://127.0.0.1:9/{word}-hook", "scope": scope}
    made = api.call("POST", "/processing/webhooks", hook)
    assert made.status_code == 201, made.text
    events = api.call("GET", f"/processing/invoices/{one.invoices['paid']['invoice']['id']}/events", limit=100).json()
    one.resource = api.resource()
    one.tokens = {
        "payer of another invoice": one.invoices["another"]["invoiceAccessToken"]["payload"],
        "holder of another template": templates[1]["invoiceTemplateAccessToken"]["payload"],
    }
    one.ids = {
        "partyID": one.id, "shopID": api.shop_id, "paymentID": "1", "refundID": refund["id"], "chargebackID": "1",
        "invoiceTemplateID": templates[0]["invoiceTemplate"]["id"], "webhookID": made.json()["id"],
        "eventID": events[0]["id"], "customerID": "nobody", "categoryID": 1, "countryID": "DEU", "tradeBlocID": "EEA",
    }  # fmt: skip
    return one


def path_of(one: Party, kind: str) -> str:
    return f"/processing/invoices/{one.invoices[kind]['invoice']['id']}/payments/1"


def template(api: Api, product: str) -> dict:
    price = {"costType": "InvoiceTemplateLineCostUnlim"}
    details = {"templateType": "InvoiceTemplateSingleLine", "product": product, "price": price}
    body = {"shopID": api.shop_id, "lifetime": {"days": 1, "months": 0, "years": 0}, "details": details}
    made = api.call("POST", "/processing/invoice-templates", body)
    assert made.status_code == 201, made.text
    return made.json()


# ---------------------------------------------------------------- the requests


def request_of(one: Party, operation_id: str) -> SampleRequest:
    """A request that succeeds for this party."""
    sample, said = SAMPLES[operation_id], one.said_by(operation_id)
    query = {**sample.query, "limit": 100, "fromTime": "2020-01-01T00:00:00Z", "toTime": due(days=1)}
    return sample.changed(
        path={name: said[name] for name in sample.path},
        query={name: said.get(name, query[name]) for name in sample.query},
        body=completed(operation_id, filled(copy.deepcopy(sample.body), said), one),
    )


def filled(node: Any, said: dict[str, Any]) -> Any:
    """A body whose ids, at any depth, are those that are said."""
    if isinstance(node, list):
        return [filled(item, said) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: said[name] if name in said else filled(value, said) for name, value in node.items()}


def completed(operation_id: str, body: Any, one: Party) -> Any:
    """What the platform wants beyond the schema."""
    if operation_id == "createPayment":
        return {**body, "payer": resource_payer(one)}
    if operation_id == "createPaymentResource":
        body["paymentTool"].update(cardNumber=VISA, expDate="12/30")
    more = {
        "createInvoice": {"amount": 100, "dueDate": due()},
        "createInvoiceWithTemplate": {"amount": 100, "currency": "RUB"},
        "createWebhook": {"url": "http://127.0.0.1:9/another"},
        "createRefund": {"amount": 1, "currency": "RUB"},
    }
    return body if body is None else {**body, **more.get(operation_id, {})}


def resource_payer(one: Party) -> dict:
    resource = {name: one.resource[name] for name in ("paymentToolToken", "paymentSession")}
    return {"payerType": "PaymentResourcePayer", "contactInfo": {}, **resource}


def with_one_of(owner: Party, stranger: Party, operation_id: str) -> Iterator[tuple[str, Any, SampleRequest]]:
    """The stranger's own request with one id that is the owner's: (where, the id, the request)."""
    own, theirs = request_of(stranger, operation_id), owner.said_by(operation_id)
    for name in own.path:
        yield f"path {name}", theirs[name], own.changed(path={**own.path, name: theirs[name]})
    for name in parameters(operation_id, "query") & set(theirs):
        yield f"query {name}", theirs[name], own.changed(query={**own.query, name: theirs[name]})
    for where, value, body in bodies_with_one_of(operation_id, own.body, owner):
        yield f"body {where}", value, own.changed(body=body)


def bodies_with_one_of(operation_id: str, body: Any, owner: Party) -> Iterator[tuple[str, Any, Any]]:
    theirs = owner.said_by(operation_id)
    for name in sorted(members_of_body(operation_id) & set(theirs)):
        yield name, theirs[name], {**body, name: theirs[name]}
    if operation_id == "createWebhook":
        yield "scope.shopID", theirs["shopID"], {**body, "scope": {**body["scope"], "shopID": theirs["shopID"]}}
    if operation_id == "createPayment":
        parent = {"invoiceID": owner.invoices["paid"]["invoice"]["id"], "paymentID": "1"}
        payer = {"payerType": "RecurrentPayer", "contactInfo": {}, "recurrentParentPayment": parent}
        yield "payer.recurrentParentPayment", parent["invoiceID"], {**body, "payer": payer}
    if "allocation" in members_of_body(operation_id):
        target = {"allocationTargetType": "AllocationTargetShop", "shopID": theirs["shopID"]}
        part = {"allocationBodyType": "AllocationBodyAmount", "target": target, "amount": 1, "currency": "RUB"}
        yield "allocation", theirs["shopID"], {**body, "allocation": [part]}


def parameters(operation_id: str, place: str) -> set[str]:
    """Names of the operation's parameters, optional ones too."""
    item = SPEC["paths"][SAMPLES[operation_id].template]
    node = item[SAMPLES[operation_id].method.lower()]
    found = [resolved_parameter(SPEC, one) for one in [*item.get("parameters", []), *node.get("parameters", [])]]
    return {one["name"] for one in found if one["in"] == place}


def members_of_body(operation_id: str) -> set[str]:
    """Names of the body's members, optional ones too."""
    item = SPEC["paths"][SAMPLES[operation_id].template]
    node = item[SAMPLES[operation_id].method.lower()]
    found = [resolved_parameter(SPEC, one) for one in node.get("parameters", [])]
    return set().union(*(members(one["schema"]) for one in found if one["in"] == "body"))


def members(schema: Any) -> set[str]:
    if "$ref" in schema:
        return members(SPEC["definitions"][schema["$ref"].rpartition("/")[2]])
    return set(schema.get("properties", {})).union(*(members(part) for part in schema.get("allOf", [])))


def send(api: Api, request: SampleRequest, token: str | None = None) -> requests.Response:
    template = request.template
    for name, value in request.path.items():
        template = template.replace("{" + name + "}", str(value))
    return api.call(request.method, template, request.body, token, **request.query)


# -------------------------------------------------------------------- verdicts


def shown_of(owner: Party, request: SampleRequest, answer: requests.Response) -> set[str]:
    """Words and ids of the owner's in a successful answer that the request itself did not say."""
    said = f"{request.path} {request.query} {request.body}"
    told = answer.text
    for value in said_values(request):
        told = told.replace(value, "")
    return {value for value in owner.unique_ids() | {owner.word} if value in told and value not in said}


def said_values(request: SampleRequest) -> list[str]:
    """Texts of a request, the longest first."""
    found, left = [], [request.path, request.query, request.body]
    while left:
        node = left.pop()
        if isinstance(node, dict | list):
            left += node.values() if isinstance(node, dict) else node
        elif isinstance(node, str) and len(node) > 3:
            found.append(node)
    return sorted(found, key=len, reverse=True)


def everything_of(one: Party) -> dict[str, Any]:
    """What its owner reads through every operation that reads."""
    reading = [name for name in OPERATIONS if SAMPLES[name].method == "GET"]
    answers = {name: send(one.api, request_of(one, name)) for name in reading}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(reading, 200)
    return {name: answer.json() for name, answer in answers.items()}


@dataclass
class Tally:
    """What came of all attempts."""

    refused: int = 0
    empty: int = 0
    holes: list[str] = field(default_factory=list)

    def count(self, owner: Party, what: str, request: SampleRequest, answer: requests.Response, may: bool) -> None:
        """`may`: the operation may succeed, as long as it shows nothing of the owner's."""
        shown = shown_of(owner, request, answer) if answer.ok else set()
        if answer.status_code >= 500 or shown or (answer.ok and not may):
            self.holes.append(f"{what}: {answer.status_code} {sorted(shown)} {answer.text[:200]}")
        elif answer.ok:
            self.empty += 1
        else:
            self.refused += 1

    def __str__(self) -> str:
        count = self.refused + self.empty + len(self.holes)
        told = "".join(f"\n  {hole}" for hole in self.holes)
        return f"{count} attempts: {self.refused} refused, {self.empty} shown nothing, {len(self.holes)} holes{told}"
