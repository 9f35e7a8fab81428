"""Which hooks are told of what."""

from pathlib import Path

import pytest

from processing.storage import events as records
from processing.webhooks import fanout
from tests.processing.sandbox import SHOP
from tests.processing.webhooks.stage import Postman, Stage

pytestmark = pytest.mark.usefixtures("both_databases")

URL = "https://shop.example.com/hook"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, post=Postman())


def test_a_paid_and_refunded_invoice_is_told_from_its_creation_on(stage: Stage):
    stage.paid("earlier")
    stage.spread()
    stage.hook(URL)
    stage.refund(stage.paid(), 10_000)
    stage.tell()
    assert [event["eventType"] for event in stage.told()] == [
        "InvoiceCreated",
        "PaymentStarted",
        "PaymentProcessed",
        "PaymentCaptured",
        "InvoicePaid",
        "RefundCreated",
        "RefundSucceeded",
        "PaymentRefunded",
    ]


def test_a_hook_is_told_only_of_what_it_asked_for(stage: Stage):
    stage.hook(URL, ("INVOICE_PAID", "PAYMENT_CAPTURED"))
    stage.paid()
    stage.tell()
    assert [event["eventType"] for event in stage.told()] == ["PaymentCaptured", "InvoicePaid"]


def test_hooks_of_other_shops_and_parties_are_told_nothing(stage: Stage):
    stage.hook(URL, shop_id="another")
    stage.hook(URL, party_id="somebody")
    stage.hook(URL, party_id="somebody", shop_id=None)
    stage.paid()
    stage.tell()
    assert stage.told() == []
    assert stage.sandbox.count("webhook_events") == 0


def test_a_hook_of_the_whole_party_is_told_of_every_shop(stage: Stage):
    stage.hook(URL, ("INVOICE_CREATED",), shop_id=None)
    stage.sandbox.invoice()
    stage.tell()
    assert [event["invoice"]["shopID"] for event in stage.told()] == [SHOP]


def test_every_hook_gets_the_same_bytes_under_its_own_signature(stage: Stage):
    first, second = stage.hook(URL, ("INVOICE_CREATED",)), stage.hook(f"{URL}/2", ("INVOICE_CREATED",))
    stage.sandbox.invoice()
    stage.tell()
    sent = stage.sent
    assert [url for url, _, _ in sent] == [URL, f"{URL}/2"]
    assert len({body for _, body, _ in sent}) == 1
    assert stage.log(first)[0].event_id == stage.log(second)[0].event_id


def counts(stage: Stage) -> tuple[int, int, int]:
    return stage.sandbox.count("webhook_events"), stage.sandbox.count("webhook_deliveries"), stage.waiting_jobs()


def test_spreading_a_record_twice_tells_it_once(stage: Stage):
    stage.hook(URL)
    stage.paid()
    stage.spread()
    before = counts(stage)
    with stage.database.transaction() as tx:
        for record in records.records(tx, "inv1"):
            fanout.spread(tx, record)
    assert counts(stage) == before == (5, 5, 1)


def test_a_change_that_is_rolled_back_is_never_told(stage: Stage):
    stage.hook(URL)

    def fails(tx, change):
        raise RuntimeError

    stage.machines.projections = (*stage.machines.projections, fails)
    with pytest.raises(RuntimeError):
        stage.sandbox.invoice()
    stage.tell()
    assert stage.told() == []


def test_a_record_of_before_there_was_a_feed_is_told_to_the_hooks_of_that_time(stage: Stage):
    stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice()
    with stage.database.transaction() as tx:
        tx.execute("DELETE FROM party_events")
    stage.tell()
    assert [event["eventType"] for event in stage.told()] == ["InvoiceCreated"]
