"""A card number that goes through /v3, with keys and refusals, is found nowhere but sealed in the vault."""

import secrets

import requests

from tests.end_to_end.modern_merchant import TIMEOUT_S, ModernApi
from tests.end_to_end.running import System
from tests.end_to_end.test_leaks import files_of, new_card, spellings


def wrong_bodies(number: str) -> list[dict]:
    """Payment data with the number where it does not belong, or spelt as it must not be."""
    card = {"number": number, "expiryMonth": 12, "expiryYear": 2030, "securityCode": "123"}
    cards = [
        {**card, "number": number + "0000"}, {**card, "number": " ".join(spellings(number))},
        {**card, "number": int(number)}, {**card, "securityCode": number}, {**card, "expiryYear": int(number)},
        {**card, "holderName": number}, {**card, number: number}, {**card, "expiryMonth": number},
    ]  # fmt: skip
    method = {"type": "card", "card": card}
    return [
        *[{"paymentMethod": {"type": "card", "card": each}} for each in cards],
        {"paymentMethod": {**method, "type": number}},
        {"paymentMethod": method, "invoiceId": number},
        {"paymentMethod": method, "device": {"ip": number}},
        {"paymentMethod": method, number: [number]},
    ]


def test_a_card_number_lies_nowhere_but_sealed_in_the_vault(system: System):
    api = ModernApi(
        f"{system.url('GATEWAY_V3')}/v3", f"{system.url('GATEWAY_V3_TOKENS')}/v3", system.api_key, "shp_TESTSHOP"
    )
    number, invoice = new_card(), api.invoice()
    payer = api.made(f"/invoices/{invoice['id']}/tokens", None)["token"]
    answers = [
        requests.post(
            f"{base}/paymentTokens",
            json=body,
            headers={"Authorization": f"Bearer {payer}", "Idempotency-Key": secrets.token_hex(8)},
            timeout=TIMEOUT_S,
        )
        for base in (api.tokens_url, api.api_url)
        for body in wrong_bodies(number)
    ]
    assert {answer.status_code for answer in answers} <= {400, 422, 501}
    assert not [answer.text for answer in answers if number in answer.text]
    key = secrets.token_hex(8)
    data = {"number": number, "expiryMonth": 12, "expiryYear": 2030, "securityCode": "123"}
    body = {"paymentMethod": {"type": "card", "card": data}, "invoiceId": invoice["id"]}
    first, again = (api.call("POST", "/paymentTokens", body, token=payer, key=key) for _ in range(2))
    assert (first.status_code, first.content) == (201, again.content)
    source = {"type": "token", "token": first.json()["id"]}
    payment = api.made(f"/invoices/{invoice['id']}/payments", {"source": source})
    api.wait(f"/payments/{payment['id']}", lambda body: body["status"] == "captured")
    state = api.call("GET", f"/idempotency-keys/{key}", token=payer)
    assert state.json()["status"] == "done"
    files = dict(files_of(system))
    found = [path.name for path, held in files.items() for text in spellings(number) if text.encode() in held]
    assert found == []


def test_an_answer_that_is_kept_for_repeats_is_kept_sealed(system: System):
    """It may hold what is shown once: a payer's token, a webhook's secret."""
    api = ModernApi(
        f"{system.url('GATEWAY_V3')}/v3", f"{system.url('GATEWAY_V3_TOKENS')}/v3", system.api_key, "shp_TESTSHOP"
    )
    token = api.made(f"/invoices/{api.invoice()['id']}/tokens", None)["token"]
    endpoint = api.made("/webhookEndpoints", {"url": "http://127.0.0.1:9/nobody", "eventTypes": ["invoice.fulfilled"]})
    secret = endpoint["secrets"][0]["secret"].removeprefix("whsec_")
    api.call("DELETE", f"/webhookEndpoints/{endpoint['id']}", headers={"If-Match": "*"})
    kept = {path.name: held for path, held in files_of(system)}
    assert [name for name, held in kept.items() if token.encode() in held or secret.encode() in held] == []
