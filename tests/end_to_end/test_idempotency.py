"""The party's own key: one object however often and however parallel it is asked for."""

import secrets
from concurrent.futures import ThreadPoolExecutor

from tests.end_to_end.merchant import Api, due

DECLINED = "4000000000000002"
REFUSED = {"invoicePaymentPending", "invalidInvoiceStatus"}


def params(api: Api, **fields) -> dict:
    return {
        "shopID": api.shop_id, "dueDate": "2030-01-01T00:00:00Z", "amount": 500, "currency": "RUB", "product": "x",
        "metadata": {}, "externalID": f"key-{secrets.token_hex(6)}", **fields,
    }  # fmt: skip


def test_fifty_concurrent_repeats_make_one_invoice(api: Api):
    body = params(api)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: api.call("POST", "/processing/invoices", body), range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["invoice"]["id"] for answer in answers}) == 1


def test_the_same_external_id_with_another_amount_conflicts_and_names_the_first(api: Api):
    body = params(api)
    first = api.call("POST", "/processing/invoices", body).json()["invoice"]
    answer = api.call("POST", "/processing/invoices", {**body, "amount": 501})
    assert answer.status_code == 409
    assert (answer.json()["externalID"], answer.json()["id"]) == (body["externalID"], first["id"])
    assert api.call("GET", f"/processing/invoices/{first['id']}").json()["amount"] == 500


def test_without_an_external_id_every_request_is_a_new_invoice(api: Api):
    body = {key: value for key, value in params(api).items() if key != "externalID"}
    made = {api.call("POST", "/processing/invoices", body).json()["invoice"]["id"] for _ in range(3)}
    assert len(made) == 3


def test_a_repeated_payment_charges_once(api: Api, books):
    made = api.invoice()
    key = f"pay-{secrets.token_hex(6)}"
    resource = api.resource(token=made["invoiceAccessToken"]["payload"])
    payer = {
        "payerType": "PaymentResourcePayer", "paymentToolToken": resource["paymentToolToken"],
        "paymentSession": resource["paymentSession"], "contactInfo": {},
    }  # fmt: skip
    body = {"flow": {"type": "PaymentFlowInstant"}, "payer": payer, "externalID": key}
    path = f"/processing/invoices/{made['invoice']['id']}/payments"
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: api.call("POST", path, body), range(20)))
    assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {(201, answers[0].json()["id"])}
    api.payment(made, answers[0].json()["id"], ("captured",))
    assert books.captured(made) == [10000]
    found = api.call("GET", "/processing/payments", externalID=key).json()
    assert (found["id"], found["invoiceID"]) == (answers[0].json()["id"], made["invoice"]["id"])


def test_a_repeated_refund_pays_back_once(api: Api, books):
    made = api.invoice()
    payment = api.pay(made)
    key = f"refund-{secrets.token_hex(6)}"
    path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment['id']}/refunds"
    for _ in range(3):
        answer = api.call("POST", path, {"amount": 100, "currency": "RUB", "externalID": key})
        assert (answer.status_code, answer.json()["id"]) == (201, "100")
    api.wait(f"{path}/100", lambda body: body["status"] == "succeeded")
    assert books.refunded(made) == [100]
    assert api.call("GET", "/processing/refunds", externalID=key).json()["id"] == "100"


def test_a_late_repeat_finds_the_first_even_after_the_due_date_moved_on(api: Api):
    body = params(api, dueDate=due(days=2))
    first = api.call("POST", "/processing/invoices", body).json()["invoice"]["id"]
    assert api.call("POST", "/processing/invoices", body).json()["invoice"]["id"] == first
    assert api.call("GET", "/processing/invoices", externalID=body["externalID"]).json()["id"] == first


def test_payments_with_and_without_an_external_id_are_numbered_in_one_row(api: Api):
    """The platform numbers those without, the gateway draws for those with: no number is given twice."""
    made = api.invoice()
    named = [{}, {"externalID": secrets.token_hex(8)}, {}, {"externalID": secrets.token_hex(8)}]
    assert [api.pay(made, DECLINED, **said)["id"] for said in named] == ["1", "2", "3", "4"]


def test_of_payments_begun_at_the_same_moment_one_is_under_way_and_none_takes_anothers_number(api: Api):
    made = api.invoice()
    with ThreadPoolExecutor(6) as crowd:
        answers = [each.result() for each in [crowd.submit(api.start, made) for _ in range(6)]]
    begun = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert begun == ["1"]
    assert {answer.json()["code"] for answer in answers if answer.status_code != 201} <= REFUSED
