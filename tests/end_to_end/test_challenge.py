"""3-D Secure through the bank's own page."""

import pytest

from console.story.payer import approve_challenge
from tests.end_to_end.merchant import CHALLENGE, Api


def interaction(api: Api, made: dict) -> dict:
    """The user interaction that the invoice's events ask for."""
    path = f"/processing/invoices/{made['invoice']['id']}/events"

    def asked(events: list) -> list:
        changes = [change for event in events for change in event["changes"]]
        return [c["userInteraction"] for c in changes if c["changeType"] == "PaymentInteractionRequested"]

    return asked(api.wait(f"{path}?limit=1000", asked))[0]


@pytest.mark.parametrize("card", [CHALLENGE, "5169147129584558", "4556418324571052"])
def test_an_approved_challenge_captures_the_payment_and_sends_the_payer_back(api: Api, books, card: str):
    made = api.invoice()
    home = f"{api.api_url.rsplit('/', 1)[0]}/health"
    resource = api.resource(card, made["invoiceAccessToken"]["payload"])
    payer = {
        "payerType": "PaymentResourcePayer", "paymentToolToken": resource["paymentToolToken"],
        "paymentSession": resource["paymentSession"], "contactInfo": {}, "sessionInfo": {"redirectUrl": home},
    }  # fmt: skip
    path = f"/processing/invoices/{made['invoice']['id']}/payments"
    payment = api.call("POST", path, {"flow": {"type": "PaymentFlowInstant"}, "payer": payer}).json()
    assert payment["status"] == "pending"
    assert approve_challenge(interaction(api, made)).startswith(home)
    assert api.payment(made, payment["id"])["status"] == "captured"
    assert books.captured(made) == [10000]


def test_a_failed_challenge_fails_the_payment(api: Api, books):
    made = api.invoice()
    started = api.start(made, "4987654321098769").json()
    approve_challenge(interaction(api, made))
    payment = api.payment(made, started["id"])
    assert payment["error"] == {"code": "preauthorization_failed", "subError": {"code": "three_ds_failed"}}
    assert books.captured(made) == []


def test_a_payer_who_never_comes_back_fails_the_payment_at_its_deadline(api: Api, books):
    made = api.invoice()
    payment = api.pay(made, "4342561111111118", processingDeadline="3s")
    assert payment["status"] == "failed"
    assert payment["error"] == {"code": "preauthorization_failed", "subError": {"code": "three_ds_not_finished"}}
    [authorisation] = books.authorisations(made)
    assert authorisation["state"] == "DECLINED"
    assert books.held(made) == books.captured(made) == []


def test_after_an_abandoned_challenge_the_payer_can_pay_with_another_card(api: Api, books):
    made = api.invoice()
    api.pay(made, "4342561111111118", processingDeadline="2s")
    assert api.pay(made)["status"] == "captured"
    assert books.captured(made) == [10000]
