"""Short words for the tests of /v1, beside those of tests.end_to_end.merchant, which both versions understand."""

from tests.end_to_end.merchant import Api
from tests.end_to_end.running import System

PERIOD = {"fromTime": "2026-01-01T00:00:00Z", "toTime": "2036-01-01T00:00:00Z"}
UNLIMITED = {"invoiceTemplateCostType": "InvoiceTemplateCostUnlim"}
LIFETIME = {"days": 1, "months": 0, "years": 0}


def gateways(system: System, token: str | None = None, shop_id: str = "TESTSHOP") -> Api:
    """/v1 for a party's key; the demo party's unless told."""
    urls = (f"{system.url(name)}/v1" for name in ("GATEWAY_V1", "GATEWAY_V1_TOKENS"))
    return Api(*urls, token or system.api_key, shop_id)


def new_template(api: Api, **fields) -> dict:
    """A template of one thing with its token: {"invoiceTemplate", "invoiceTemplateAccessToken"}."""
    body = {"shopID": api.shop_id, "product": "A thing", "lifetime": LIFETIME, "cost": UNLIMITED, **fields}
    answer = api.call("POST", "/processing/invoice-templates", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def new_webhook(api: Api, url: str, event_types: list[str]) -> dict:
    """A webhook of the shop; older ones make room."""
    for old in api.call("GET", "/processing/webhooks").json():
        assert api.call("DELETE", f"/processing/webhooks/{old['id']}").status_code == 204
    scope = {"topic": "InvoicesTopic", "shopID": api.shop_id, "eventTypes": event_types}
    answer = api.call("POST", "/processing/webhooks", {"url": url, "scope": scope})
    assert answer.status_code == 201, answer.text
    return answer.json()
