"""A payer disputes: through the bank, or by the operator's hand."""

import requests

from tests.end_to_end.merchant import Api


def chargebacks(api: Api, made: dict, payment: dict) -> list[dict]:
    path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment['id']}/chargebacks"
    return api.wait(path, bool)


def test_a_dispute_at_the_bank_opens_a_chargeback_and_blocks_refunds(api: Api, books, operator, ledger):
    made = api.invoice()
    payment = api.pay(made)
    [authorisation] = books.authorisations(made)
    dispute = {
        "merchant": authorisation["merchant"], "txn": authorisation["txn"], "amount": "100.00", "currency": "643",
        "levy": "15.00", "reason": "goods not received",
    }  # fmt: skip
    answer = requests.post(
        f"{books.url}/operator/chargebacks", json=dispute, headers={"X-Api-Key": books.key}, timeout=20
    )
    assert answer.status_code < 300, answer.text
    [opened] = chargebacks(api, made, payment)
    shown = {key: opened[key] for key in ("body", "levy", "currency", "stage", "status")}
    assert shown == {"body": 10000, "levy": 1500, "currency": "RUB", "stage": "chargeback", "status": "pending"}
    refused = api.act(made, payment["id"], "refunds", amount=100, currency="RUB")
    assert (refused.status_code, refused.json()["code"]) == (400, "chargebackInProgress")
    operator.call("Invoicing", "AcceptChargeback", made["invoice"]["id"], payment["id"], opened["id"])
    path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment['id']}/chargebacks/{opened['id']}"
    assert api.call("GET", path).json()["status"] == "accepted"
    assert ledger.is_sound()


def test_an_operator_opens_rejects_reopens_and_cancels_a_chargeback(api: Api, operator, ledger):
    made = api.invoice()
    payment = api.pay(made)
    params = {
        "id": "1", "body": {"amount": 5000, "currency": "RUB"}, "levy": {"amount": 100, "currency": "RUB"},
        "reason_code": "4853",
    }  # fmt: skip
    named = (made["invoice"]["id"], payment["id"])
    operator.call("Invoicing", "CreateChargeback", *named, params)
    seen = []
    for verdict in ("RejectChargeback", "ReopenChargeback", "CancelChargeback"):
        operator.call("Invoicing", verdict, *named, "1")
        [chargeback] = chargebacks(api, made, payment)
        seen.append((chargeback["stage"], chargeback["status"]))
    assert seen == [("chargeback", "rejected"), ("pre-arbitration", "pending"), ("pre-arbitration", "cancelled")]
    assert api.act(made, payment["id"], "refunds", amount=100, currency="RUB").status_code == 201
    assert ledger.is_sound()
