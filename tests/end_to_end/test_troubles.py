"""What banks do on bad days: nothing is charged twice, nothing unknown is called a failure, machines stop and go on."""

import time
from collections.abc import Callable

import pytest

from tests.end_to_end.merchant import Api

SURVIVED = {
    "4000010300000016": "slow",
    "4000010300000032": "pending, then the bank calls",
    "4000010300000040": "pending, seen only by asking",
    "4000010400000023": "error 500 once",
    "4000010400000031": "dropped before anything was accepted",
    "4000010400000049": "accepted, then error 500",
    "4000010400000056": "accepted, then dropped",
    "4000010400000064": "accepted, then cut in the middle",
    "4000010500000014": "called back twice",
    "4000010500000022": "called back late",
    "4000010500000030": "called back before the answer",
    "4000010600000021": "capture done, answer lost",
}
NONSENSE = {
    "4000010400000072": "no JSON",
    "4000010400000080": "another amount",
    "4000010400000098": "another currency",
    "4000010400000106": "another shape",
}


def machine(operator, made: dict) -> dict:
    return operator.call("Invoicing", "GetMachine", made["invoice"]["id"])


def wait_for_stop(api: Api, made: dict) -> None:
    """Until outside calls on the invoice are refused."""
    path = f"/processing/invoices/{made['invoice']['id']}"
    end = time.monotonic() + 20
    while api.call("GET", path).status_code != 500:
        assert time.monotonic() < end, "the machine did not stop"
        time.sleep(0.05)


@pytest.mark.parametrize("card", SURVIVED, ids=SURVIVED.get)
def test_a_payment_survives_its_banks_bad_day_and_is_charged_once(api: Api, books, card: str):
    made = api.invoice()
    assert api.start(made, card).status_code == 201
    payment = api.payment(made, "1", ("captured", "failed"))
    assert payment["status"] == "captured"
    assert books.captured(made) == [10000]


def test_a_bank_that_declines_later_fails_the_payment(api: Api, books):
    made = api.invoice()
    payment = api.pay(made, "4000010300000057")
    assert payment["status"] == "failed"
    assert books.captured(made) == []


def test_money_taken_after_a_decline_is_given_back_by_itself(api: Api, books):
    made = api.invoice()
    payment = api.pay(made, "4000010500000048")
    assert payment["status"] == "failed"
    taken = books.authorisations(made)
    for _ in range(400):
        taken = books.authorisations(made)
        if (taken and taken[0]["state"] == "RELEASED") or taken[0]["returned"] == taken[0]["taken"] > 0:
            break
    assert taken[0]["held"] == 0
    assert taken[0]["taken"] - taken[0]["returned"] == 0


@pytest.mark.parametrize("card", NONSENSE, ids=NONSENSE.get)
def test_nonsense_stops_the_machine_until_an_operator_repairs_it(api: Api, operator, books, ledger, card: str):
    made = api.invoice()
    assert api.start(made, card).status_code == 201
    wait_for_stop(api, made)
    path = f"/processing/invoices/{made['invoice']['id']}"
    refused = api.call("POST", f"{path}/rescind", {"reason": "impatient"})
    assert refused.status_code == 500
    assert refused.headers["content-type"] == "text/plain; charset=utf-8"
    assert "bank" not in refused.text.lower()
    assert machine(operator, made)["status"] == "STOPPED"
    assert made["invoice"]["id"] in [each["id"] for each in operator.call("Invoicing", "GetStopped", 100)]
    [authorisation] = books.authorisations(made)
    seen = {"fulfill_session": {"transaction": {"id": authorisation["txn"]}}}
    operator.call("Invoicing", "Repair", made["invoice"]["id"], seen, "the bank's statement shows it")
    assert api.payment(made, "1")["status"] == "captured"
    assert machine(operator, made)["status"] == "WORKING"
    assert books.captured(made) == [10000]
    assert ledger.is_sound()


def test_a_stopped_payment_that_the_bank_refused_is_failed_by_the_operator(api: Api, operator):
    made = api.invoice()
    assert api.start(made, "4000010400000072").status_code == 201
    wait_for_stop(api, made)
    verdict = {"fail_session": {"failure": {"code": "authorization_failed", "sub": {"code": "unknown"}}}}
    operator.call("Invoicing", "Repair", made["invoice"]["id"], verdict, "the bank has no such payment")
    payment = api.payment(made, "1")
    assert payment["error"] == {"code": "authorization_failed", "subError": {"code": "unknown"}}
    assert machine(operator, made)["status"] == "WORKING"


def test_a_bank_that_has_not_decided_by_the_payments_deadline_is_told_to_forget_it(api: Api, books):
    made = api.invoice()
    payment = api.pay(made, "4000010300000024", processingDeadline="3s")
    assert payment["error"] == {"code": "authorization_failed", "subError": {"code": "processing_deadline_reached"}}
    assert books.held(made) == books.captured(made) == []


def test_a_hold_whose_capture_the_bank_refuses_is_released(api: Api, books, ledger):
    made = api.invoice()
    payment = api.pay(made, "4000010600000013", hold="cancel", until=("processed",))
    assert books.held(made) == [10000]
    assert api.act(made, payment["id"], "capture", reason="shipped").status_code == 202
    assert api.payment(made, payment["id"])["status"] == "failed"
    wait_until(lambda: books.held(made) == [])
    assert books.captured(made) == []
    assert books.authorisations(made)[0]["state"] == "RELEASED"
    assert ledger.is_sound()


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_a_declined_refund_leaves_the_payment_captured_and_the_money_refundable(api: Api, books, ledger):
    made = api.invoice()
    payment = api.pay(made, "4000010600000039")
    refund = api.act(made, payment["id"], "refunds", amount=100, currency="RUB").json()
    path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment['id']}"
    failed = api.wait(f"{path}/refunds/{refund['id']}", lambda body: body["status"] != "pending")
    assert failed["status"] == "failed"
    assert api.call("GET", path).json()["status"] == "captured"
    assert books.refunded(made) == []
    assert ledger.is_sound()


def test_a_refund_whose_answer_was_lost_is_made_once(api: Api, books):
    made = api.invoice()
    payment = api.pay(made, "4000010600000047")
    refund = api.act(made, payment["id"], "refunds", amount=100, currency="RUB").json()
    path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment['id']}/refunds/{refund['id']}"
    assert api.wait(path, lambda body: body["status"] != "pending")["status"] == "succeeded"
    assert books.refunded(made) == [100]
