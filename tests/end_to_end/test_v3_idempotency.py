"""Keys and deadlines of /v3 over the running system: whatever the network does to the requests, money moves once."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.end_to_end.modern_merchant import ModernApi

CALLERS = 12


@pytest.fixture(scope="module")
def api(system) -> ModernApi:
    return ModernApi(
        f"{system.url('GATEWAY_V3')}/v3", f"{system.url('GATEWAY_V3_TOKENS')}/v3", system.api_key, "shp_TESTSHOP"
    )


def payments_of(api: ModernApi, invoice: dict) -> list[str]:
    return [each["id"] for each in api.call("GET", f"/invoices/{invoice['id']}/payments").json()["data"]]


def repeated(api: ModernApi, path: str, body: dict, key: str) -> requests.Response:
    """The request again, until it is answered with what it made."""
    end = time.monotonic() + 30
    while (answer := api.call("POST", path, body, key=key)).status_code != 201:
        assert time.monotonic() < end, answer.text
        time.sleep(int(answer.headers.get("Retry-After", "1")) / 2)
    return answer


def test_of_many_requests_at_once_with_one_key_one_pays(api: ModernApi):
    invoice, key = api.invoice(), uuid.uuid4().hex
    body, path = api.payment_body(invoice), f"/invoices/{invoice['id']}/payments"
    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(lambda _: api.call("POST", path, body, key=key), range(CALLERS)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    in_use = [answer for answer in answers if answer.status_code == 409]
    assert all(answer.json()["code"] == "idempotency-key-in-use" for answer in in_use)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in in_use)
    paid = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(paid) == 1
    assert payments_of(api, invoice) == list(paid)


def test_invoices_of_many_requests_at_once_with_one_key_are_one(api: ModernApi):
    key = uuid.uuid4().hex
    body = {"shopId": api.shop_id, "product": "Once", "amount": {"amount": 100, "currency": "RUB"}}
    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(lambda _: api.call("POST", "/invoices", body, key=key), range(CALLERS)))
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}


@pytest.mark.parametrize("deadline", [f"{ms}ms" for ms in (1, 2, 4, 6, 8, 10, 12, 15, 20, 30, 50)])
def test_a_deadline_that_passes_anywhere_is_told_honestly_and_a_repeat_finds_the_one_payment(api: ModernApi, deadline):
    invoice, key = api.invoice(), uuid.uuid4().hex
    body, path = api.payment_body(invoice), f"/invoices/{invoice['id']}/payments"
    first = api.call("POST", path, body, key=key, headers={"Request-Deadline": deadline})
    assert first.status_code in (201, 202, 503, 504), first.text
    if first.status_code == 202:
        assert (first.json()["object"], first.json()["moneyMoved"]) == ("operationUnderWay", "unknown")
        asked = api.call("GET", first.json()["statusUrl"].removeprefix("/v3"))
        assert asked.json()["status"] in ("running", "interrupted", "done")
    elif first.status_code != 201:
        assert first.headers["Money-Moved"] == "no"
        assert payments_of(api, invoice) == []
    last = repeated(api, path, body, key)
    assert payments_of(api, invoice) == [last.json()["id"]]
    if first.status_code == 201:
        assert first.json()["id"] == last.json()["id"]
