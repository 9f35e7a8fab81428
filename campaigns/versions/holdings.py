"""What a party has: an object of every kind, known by plain names, so that every version can ask for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.ground import Ground
from campaigns.versions.asking import Asker
from campaigns.versions.table import Version
from rpc.protocol import domain, payment_processing
from tests.end_to_end.merchant import Api

FEED = "listEvents"


@dataclass
class Holdings:
    """`plain`: ids by plain names; `secret`: a text that stands in its objects and nowhere else; `invoice_token`,
    `link_token`: what a payer of its invoice and the holder of its payment link have.
    """

    api: Api
    plain: dict[str, str]
    secret: str
    invoice_token: str
    link_token: str
    events: set[str] = field(default_factory=set)

    def ids(self, version: Version) -> dict[str, str]:
        """By the names of a version's document."""
        return version.ids(self.plain)


def holdings(place: Ground, versions: Sequence[Version], api: Api, party: str) -> Holdings:
    """Makes everything that a party can have."""
    secret = f"owned-by-{party}"
    made = api.invoice(10_000, externalID=f"{secret}-invoice", description=secret)
    payment = api.pay(made, externalID=f"{secret}-payment")
    invoice = made["invoice"]["id"]
    refund = api.act(made, payment["id"], "refunds", amount=10, currency="RUB", externalID=f"{secret}-refund").json()
    path = f"/processing/invoices/{invoice}/payments/{payment['id']}/refunds/{refund['id']}"
    api.wait(path, lambda body: body["status"] != "pending")
    cash = domain.Cash(amount=10, currency="RUB")
    params = payment_processing.ChargebackParams(id="1", body=cash, levy=cash)
    place.platform().invoicing.CreateChargeback(invoice, payment["id"], params)
    template = new_template(api, secret)
    plain = {
        "party": party, "shop": api.shop_id, "invoice": invoice, "payment": payment["id"], "refund": refund["id"],
        "chargeback": "1", "template": template["invoiceTemplate"]["id"], "external": f"{secret}-invoice",
        "key": f"{secret}-key",
    }  # fmt: skip
    token = template["invoiceTemplateAccessToken"]["payload"]
    found = Holdings(api, plain, secret, made["invoiceAccessToken"]["payload"], token)
    for version in versions:
        add_hook_and_events(place, version, found)
    return found


def add_hook_and_events(place: Ground, version: Version, found: Holdings) -> None:
    """What a version makes for itself: somewhere to send webhooks, under a key; and the feed as far as it is."""
    asker, token, row = Asker(version, place.port), found.api.token, version.row
    body = row.hook(f"https://{found.secret}.example.com/", found.api.shop_id)
    answer = asker.ask(row.create_hook, token, body=body, headers={"Idempotency-Key": found.plain["key"]})
    assert answer.status == 201, answer.body
    found.plain[row.hook_name] = answer.json()["id"]
    if any(one.id == FEED for one in version.published.operations):
        found.events |= feed(asker, token)
        found.plain["event"] = max(found.events, key=lambda id: int(id.partition("_")[2]))


def feed(asker: Asker, token: str) -> set[str]:
    """The ids of everything that happened to the party of a token."""
    found: set[str] = set()
    after = None
    while True:
        page = asker.ask(FEED, token, query={"limit": 200, "after": after}).json()
        found |= {one["id"] for one in page["data"]}
        if not page["hasMore"]:
            return found
        after = page["nextCursor"]


def new_template(api: Api, product: str = "A thing") -> dict:
    """A template of one line at any price, with its token."""
    price = {"costType": "InvoiceTemplateLineCostUnlim"}
    body = {
        "shopID": api.shop_id,
        "lifetime": {"days": 1, "months": 0, "years": 0},
        "details": {"templateType": "InvoiceTemplateSingleLine", "product": product, "price": price},
    }
    answer = api.call("POST", "/processing/invoice-templates", body)
    assert answer.status_code == 201, answer.text
    return answer.json()
