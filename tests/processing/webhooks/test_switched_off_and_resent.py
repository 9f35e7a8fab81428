"""A hook that is switched off or deleted is told nothing; what it missed is sent again when somebody asks."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from processing.webhooks import deliveries, hooks, lines
from tests.processing.webhooks.stage import Postman, Stage

pytestmark = pytest.mark.usefixtures("both_databases")

URL = "https://shop.example.com/hook"


@pytest.fixture
def off(tmp_path: Path) -> tuple[Stage, hooks.Hook, Postman]:
    """A hook that was switched off by inv1, while inv2 waited and inv0 had been told."""
    ill = {"inv1", "inv2"}
    postman = Postman(lambda url, body: 500 if json.loads(body)["invoice"]["id"] in ill else 200)
    stage = Stage(tmp_path, post=postman, retry_delays_s=(30,))
    hook = stage.hook(URL)
    stage.paid("inv0")
    stage.paid("inv1")
    stage.tell()
    stage.clock.forward(20)
    stage.paid("inv2")
    stage.tell()
    stage.clock.forward(10)
    stage.deliver()
    ill.clear()
    postman.sent.clear()
    return stage, hook, postman


def test_switching_off_drops_what_waits_of_every_invoice_and_keeps_the_log(off):
    stage, hook, postman = off
    assert not stage.is_enabled(hook)
    by_invoice = defaultdict(set)
    for delivery in stage.log(hook):
        by_invoice[delivery.invoice_id].add(delivery.status)
    assert by_invoice == {"inv0": {"delivered"}, "inv1": {"dropped"}, "inv2": {"dropped"}}
    stage.clock.forward(86400)
    stage.deliver()
    assert postman.sent == []


def test_a_hook_that_is_off_is_told_nothing_and_what_it_missed_is_kept_for_a_resend(off):
    stage, hook, postman = off
    stage.paid("inv3")
    stage.tell()
    assert postman.sent == []
    assert [delivery.status for delivery in stage.log(hook) if delivery.invoice_id == "inv3"] == ["dropped"] * 5
    with stage.database.transaction() as tx:
        hooks.set_enabled(tx, hook.id, True)
        assert deliveries.resend(tx, hook.id, "inv3", stage.clock()) == 5
    stage.deliver()
    assert len(postman.sent) == 5


def resend(stage: Stage, hook: hooks.Hook, invoice_id: str) -> int:
    with stage.database.transaction() as tx:
        hooks.set_enabled(tx, hook.id, True)
        return deliveries.resend(tx, hook.id, invoice_id, stage.clock())


def test_a_resend_tells_everything_of_the_invoice_again_in_order_with_the_same_bytes(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL)
    stage.paid("inv1")
    stage.paid("inv2")
    stage.tell()
    before = [body for _, body, _ in stage.sent if b'"inv1"' in body]
    stage.sent.clear()
    assert resend(stage, hook, "inv1") == 5
    stage.deliver()
    assert [body for _, body, _ in stage.sent] == before
    again = [delivery for delivery in stage.log(hook) if delivery.invoice_id == "inv1"]
    assert [(delivery.status, len(delivery.attempts)) for delivery in again] == [("delivered", 2)] * 5


def test_a_resend_does_not_wait_for_an_old_failures_next_attempt(tmp_path: Path):
    statuses = [200, 500]
    stage = Stage(tmp_path, post=Postman(lambda url, body: statuses.pop(0) if statuses else 200))
    hook = stage.hook(URL)
    stage.paid()
    stage.tell()
    assert [delivery.status for delivery in stage.log(hook)] == ["delivered"] + ["waiting"] * 4
    assert resend(stage, hook, "inv1") == 5
    stage.deliver()
    assert {delivery.status for delivery in stage.log(hook)} == {"delivered"}
    ids = [json.loads(body)["eventID"] for _, body, _ in stage.sent]
    assert ids[-5:] == sorted(ids[-5:])
    assert stage.waiting_jobs() == 0


def test_a_resend_of_an_invoice_that_the_hook_was_never_told_of_sends_nothing(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    assert resend(stage, stage.hook(URL), "nothing") == 0


def test_a_deleted_hook_is_told_nothing_more(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL)
    stage.paid("inv1")
    stage.spread()
    [running, *_] = stage.claim(lines.QUEUE)
    with stage.database.transaction() as tx:
        deliveries.drop_waiting(tx, hook.id)
        hooks.delete(tx, hook.id)
    stage.paid("inv2")
    stage.tell()
    stage.delivering.handle(running)
    assert stage.sent == []
    with stage.database.read() as tx:
        assert hooks.find(tx, hook.id) is None
        assert tx.execute("SELECT private_key FROM webhooks").one() == (b"",)


def test_a_key_that_does_not_open_is_our_failure_and_not_the_receivers(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    with stage.database.transaction() as tx:
        tx.execute("UPDATE webhooks SET private_key = ?", (b"\x00\x01" + b"\x00" * 60,))
    stage.sandbox.invoice()
    stage.spread()
    [claim] = stage.claim(lines.QUEUE)
    with pytest.raises(InvalidTag):
        stage.delivering.handle(claim)
    [delivery] = stage.log(hook)
    assert (delivery.status, delivery.attempts) == ("waiting", ())
