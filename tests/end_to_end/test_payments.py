"""Payments of every kind through the running system: what the merchant reads and what the books say."""

import pytest

from tests.end_to_end.merchant import CHALLENGE, Api, due

DECLINES = {
    "4000000000000002": ["authorization_failed", "insufficient_funds"],
    "4222222222222220": ["authorization_failed", "account_not_found"],
    "4003830171874018": ["authorization_failed", "payment_tool_rejected", "bank_card_rejected", "cvv_invalid"],
    "4000000000000069": ["authorization_failed", "payment_tool_rejected", "bank_card_rejected", "card_expired"],
}


def codes(error: dict | None) -> list[str]:
    """The path of a nested payment error."""
    return [] if error is None else [error["code"], *codes(error.get("subError"))]


def invoice_status(api: Api, made: dict) -> str:
    return api.call("GET", f"/processing/invoices/{made['invoice']['id']}").json()["status"]


def test_an_instant_payment_is_captured_and_its_invoice_paid(api: Api, books):
    made = api.invoice(amount=12345)
    payment = api.pay(made)
    assert (payment["status"], payment["amount"], payment["currency"]) == ("captured", 12345, "RUB")
    assert invoice_status(api, made) == "paid"
    assert books.captured(made) == [12345]


@pytest.mark.parametrize("card", DECLINES)
def test_a_declined_card_fails_with_the_banks_reason_and_takes_nothing(api: Api, books, card: str):
    made = api.invoice()
    payment = api.pay(made, card)
    assert payment["status"] == "failed"
    assert codes(payment["error"]) == DECLINES[card]
    assert invoice_status(api, made) == "unpaid"
    assert books.captured(made) == []


def test_a_payer_learns_less_of_a_decline_than_the_merchant(api: Api):
    made = api.invoice()
    payment = api.pay(made, "4000000000000002")
    path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment['id']}"
    seen = api.call("GET", path, token=made["invoiceAccessToken"]["payload"]).json()
    assert seen["error"] == {"code": "InsufficientFunds"}


def test_after_a_decline_the_invoice_can_be_paid_with_another_card(api: Api, books):
    made = api.invoice()
    assert api.pay(made, "4000000000000002")["status"] == "failed"
    assert api.pay(made)["status"] == "captured"
    assert books.captured(made) == [10000]


def test_a_hold_is_captured_whole_when_the_merchant_says_so(api: Api, books):
    made = api.invoice()
    payment = api.pay(made, hold="cancel", until=("processed",))
    assert payment["flow"]["heldUntil"]
    assert books.captured(made) == []
    assert api.act(made, payment["id"], "capture", reason="shipped").status_code == 202
    assert api.payment(made, payment["id"], ("captured",))["amount"] == 10000
    assert books.captured(made) == [10000]


def test_a_hold_captured_in_part_releases_the_rest(api: Api, books, ledger):
    made = api.invoice()
    payment = api.pay(made, hold="cancel", until=("processed",))
    assert (
        api.act(made, payment["id"], "capture", reason="one is missing", amount=4000, currency="RUB").status_code == 202
    )
    api.payment(made, payment["id"], ("captured",))
    assert books.captured(made) == [4000]
    refused = api.act(made, payment["id"], "refunds", amount=4001, currency="RUB")
    assert (refused.status_code, refused.json()["code"]) == (400, "invoicePaymentAmountExceeded")
    assert ledger.is_sound()


def test_a_cancelled_hold_takes_nothing(api: Api, books):
    made = api.invoice()
    payment = api.pay(made, hold="capture", until=("processed",))
    assert api.act(made, payment["id"], "cancel", reason="out of stock").status_code == 202
    api.payment(made, payment["id"], ("cancelled",))
    assert books.captured(made) == []
    assert invoice_status(api, made) == "unpaid"


def test_a_payment_is_captured_once(api: Api, books):
    made = api.invoice()
    payment = api.pay(made, hold="cancel", until=("processed",))
    assert api.act(made, payment["id"], "capture", reason="shipped").status_code == 202
    api.payment(made, payment["id"], ("captured",))
    again = api.act(made, payment["id"], "capture", reason="shipped")
    assert (again.status_code, again.json()["code"]) == (400, "invalidPaymentStatus")
    assert books.captured(made) == [10000]


def test_more_than_held_cannot_be_captured(api: Api, books):
    made = api.invoice()
    payment = api.pay(made, hold="cancel", until=("processed",))
    refused = api.act(made, payment["id"], "capture", reason="more", amount=10001, currency="RUB")
    assert (refused.status_code, refused.json()["code"]) == (400, "amountExceededCaptureBalance")
    foreign = api.act(made, payment["id"], "capture", reason="more", amount=100, currency="USD")
    assert (foreign.status_code, foreign.json()["code"]) == (400, "inconsistentCaptureCurrency")
    assert books.captured(made) == []


def test_refunds_in_part_add_up_and_never_exceed_the_payment(api: Api, books, ledger):
    made = api.invoice()
    payment = api.pay(made)
    path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment['id']}/refunds"
    for amount in (2500, 2500):
        refund = api.act(made, payment["id"], "refunds", amount=amount, currency="RUB", reason="torn")
        assert refund.status_code == 201, refund.text
        api.wait(f"{path}/{refund.json()['id']}", lambda body: body["status"] == "succeeded")
    refused = api.act(made, payment["id"], "refunds", amount=5001, currency="RUB")
    assert (refused.status_code, refused.json()["code"]) == (400, "invoicePaymentAmountExceeded")
    rest = api.act(made, payment["id"], "refunds")
    assert rest.json()["amount"] == 5000
    assert api.payment(made, payment["id"], ("refunded",))
    assert sorted(books.refunded(made)) == [2500, 2500, 5000]
    assert [refund["id"] for refund in api.call("GET", path).json()][:2] == ["100", "101"]
    assert ledger.is_sound()


def test_an_expired_invoice_cannot_be_paid(api: Api, books):
    made = api.invoice(dueDate=due(seconds=1.5))
    resource_token = made["invoiceAccessToken"]["payload"]
    assert resource_token
    api.wait(f"/processing/invoices/{made['invoice']['id']}", lambda body: body["status"] == "cancelled")
    refused = api.start(made)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalidInvoiceStatus")
    body = api.call("GET", f"/processing/invoices/{made['invoice']['id']}").json()
    assert body["reason"] == "overdue"
    assert books.captured(made) == []


def test_an_unknown_shop_gets_its_code_and_nothing_is_made(api: Api):
    body = {
        "shopID": "NOSHOP", "dueDate": due(), "amount": 1, "currency": "RUB", "product": "x", "metadata": {},
        "externalID": "for-no-shop",
    }  # fmt: skip
    answer = api.call("POST", "/processing/invoices", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalidShopID")
    assert api.call("GET", "/processing/invoices", externalID="for-no-shop").status_code == 404


def test_a_second_payment_waits_for_the_first(api: Api):
    made = api.invoice()
    assert api.start(made, CHALLENGE).status_code == 201
    refused = api.start(made)
    assert (refused.status_code, refused.json()["code"]) == (400, "invoicePaymentPending")


def test_a_paid_invoice_is_fulfilled_and_an_unpaid_one_rescinded(api: Api):
    paid = api.invoice()
    api.pay(paid)
    path = f"/processing/invoices/{paid['invoice']['id']}"
    assert api.call("POST", f"{path}/fulfill", {"reason": "delivered"}).status_code == 204
    assert invoice_status(api, paid) == "fulfilled"
    assert api.call("POST", f"{path}/rescind", {"reason": "late"}).json()["code"] == "invalidInvoiceStatus"
    unpaid = api.invoice()
    assert (
        api.call("POST", f"/processing/invoices/{unpaid['invoice']['id']}/rescind", {"reason": "no"}).status_code == 204
    )
    assert invoice_status(api, unpaid) == "cancelled"
