"""Endpoints of Standard Webhooks: what they are told, how they are asked again, when they are left alone."""

import itertools
import json
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from processing.webhooks import formats
from processing.webhooks.receivers import RESTS_AFTER
from processing.webhooks.sender import Answer, Sender
from processing.webhooks.verdicts import Outcome
from processing.workers.loop import Loop
from rpc.protocol import webhook_endpoints as protocol
from settings.clock import system_clock
from tests.processing.asking import as_party
from tests.processing.sandbox import PARTY, SHOP
from tests.processing.webhooks.receivers import receiver, says
from tests.processing.webhooks.stage import LEASE, rules
from tests.processing.webhooks.test_delivery import wait_until
from tests.processing.webhooks.told import SENT, STATUS, STORY, Told

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


# -------------------------------------------------------------------------------------------------------- what comes


def test_a_message_is_the_feeds_event_byte_for_byte(told: Told):
    told.create()
    told.stage.paid()
    told.stage.tell()
    assert [body for body, _ in told.receiver.came] == [event.body for event in told.feed()]
    assert told.receiver.types() == STORY
    for body, headers in told.receiver.came:
        assert headers["webhook-id"] == json.loads(body)["id"]
        assert headers["Content-Type"] == "application/json"
        assert headers["webhook-timestamp"] == str(int(told.stage.clock().timestamp()))
        assert "Content-Signature" not in headers


def test_a_receiver_checks_a_message_with_the_standards_own_library(told: Told):
    made = told.create()
    told.stage.sandbox.invoice()
    told.stage.tell()
    [(body, headers)] = told.receiver.came
    verifier = Webhook(made.secrets[0].secret)
    verifier._Webhook__verify_timestamp = lambda timestamp: told.stage.clock()
    assert verifier.verify(body.decode(), headers) == json.loads(body)


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("payment.captured",), ["payment.captured"]),
        (("invoice.*", "payment.created"), ["invoice.created", "payment.created", "invoice.paid"]),
        (("refund.*",), []),
    ],
)
def test_an_endpoint_is_told_only_of_what_it_asked_for(told: Told, types, expected):
    told.create(types)
    told.stage.paid()
    told.stage.tell()
    assert told.receiver.types() == expected


def test_an_endpoint_of_one_shop_is_told_of_that_shop_alone(told: Told):
    told.create(shop_id=SHOP)
    told.stage.sandbox.invoice()
    told.stage.tell()
    assert told.receiver.types() == ["invoice.created"]
    with pytest.raises(protocol.EndpointShopNotFound):
        told.create(endpoint_id="e2", shop_id="another")


def test_hooks_of_both_kinds_are_told_each_in_its_own_way(told: Told):
    told.create(("invoice.created",))
    told.stage.hook("https://old.example.com/hook", ("INVOICE_CREATED",))
    told.stage.sandbox.invoice()
    told.stage.tell()
    assert sorted("Content-Signature" in headers for _, headers in told.receiver.came) == [False, True]
    assert sorted("webhook-id" in headers for _, headers in told.receiver.came) == [False, True]


def test_hooks_of_one_kind_are_not_seen_through_the_other(told: Told):
    made = told.create()
    old = told.stage.hook("https://old.example.com/hook")
    with told.stage.database.read() as tx:
        hook_id = tx.execute("SELECT webhook_id FROM webhook_endpoints").one()[0]
    listed = told.stage.service.GetList(as_party(PARTY), PARTY)
    assert [hook.id for hook in listed] == [old.id]
    assert hook_id != old.id
    assert [endpoint.id for endpoint in told.asked.GetList(PARTY, None, 10)] == [made.id]


# ----------------------------------------------------------------------------------------------------- how it is taken


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(told: Told, status: int):
    told.create()
    told.answer(status)
    told.stage.sandbox.invoice()
    told.stage.tell()
    assert told.log()[0].status == SENT.DELIVERED
    assert told.get().status == STATUS.ENABLED
    assert told.get().health.last_success_at == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize("status", [300, 301, 302, 307, 400, 401, 404, 408, 429, 500, 502, 503, None])
def test_anything_else_is_tried_again(told: Told, status: int | None):
    told.create()
    told.answer(status)
    told.stage.sandbox.invoice()
    told.stage.tell()
    assert told.log()[0].status == SENT.WAITING
    health = told.get().health
    assert told.get().status == STATUS.FAILING
    assert (health.pending, health.last_http_status) == (1, status)
    assert health.failing_since == health.last_failure_at == "2026-03-01T12:00:00.000Z"
    told.answer(200)
    told.wait(5)
    assert (told.get().status, told.get().health.pending) == (STATUS.ENABLED, 0)
    assert told.get().health.failing_since is None


def test_attempts_follow_the_schedule_of_the_standard_and_then_the_endpoint_is_disabled(told: Told):
    told.create()
    told.answer(500)
    told.stage.sandbox.invoice()
    told.stage.tell()
    for count, delay_s in enumerate([5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400], start=1):
        assert len(told.receiver.came) == count
        told.wait(delay_s - 1)
        assert len(told.receiver.came) == count
        told.wait(1)
    found = told.get()
    assert len(told.receiver.came) == 10
    assert (found.status, found.disabled_reason, found.health.pending) == (STATUS.DISABLED, "failures", 0)
    assert told.log()[0].status == SENT.DROPPED
    assert found.revision == 2


def test_each_attempt_of_a_message_has_its_id_and_its_own_time(told: Told):
    told.create()
    told.answer(500)
    told.stage.sandbox.invoice()
    told.stage.tell()
    told.wait(5)
    (first_body, first), (second_body, second) = told.receiver.came
    assert (first_body, first["webhook-id"]) == (second_body, second["webhook-id"])
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5


def test_waits_are_longer_by_chance_and_never_shorter(tmp_path: Path):
    told = Told(tmp_path, endpoint_retry_jitter_percent=50, endpoint_retry_delays_s=(100,))
    told.create()
    told.answer(500)
    for number in range(RESTS_AFTER - 1):
        told.stage.sandbox.invoice(f"inv{number}")
    told.stage.tell()
    with told.stage.database.read() as tx:
        due = {ms for (ms,) in tx.execute("SELECT next_attempt_at_ms FROM webhook_deliveries").all()}
    now_ms = int(told.stage.clock().timestamp() * 1000)
    assert len(due) > 4
    assert all(100_000 <= ms - now_ms <= 150_000 for ms in due)


def test_an_endpoint_that_is_gone_is_disabled_at_once(told: Told):
    told.create()
    told.answer(410)
    told.stage.paid()
    told.stage.tell()
    found = told.get()
    assert len(told.receiver.came) == 1
    assert (found.status, found.disabled_reason, found.health.pending) == (STATUS.DISABLED, "gone", 0)
    assert {delivery.status for delivery in told.log()} == {SENT.DROPPED}
    told.stage.sandbox.invoice("later")
    told.stage.tell()
    assert len(told.receiver.came) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_time_is_left_alone_for_so_long(told: Told, status: int):
    told.create(("invoice.created",))
    told.answer(status, 60)
    told.stage.sandbox.invoice("first")
    told.stage.tell()
    told.answer(200)
    told.stage.sandbox.invoice("second")
    told.stage.tell()
    assert len(told.receiver.came) == 1
    assert told.get().health.held_until == "2026-03-01T12:01:00.000Z"
    told.wait(59)
    assert len(told.receiver.came) == 1
    told.wait(7)
    assert len(told.receiver.came) == 3
    assert told.get().health.held_until is None


def test_other_endpoints_do_not_wait_for_one_that_asked_for_time(told: Told):
    told.create(("invoice.created",))
    told.answer(503, 600)
    told.stage.sandbox.invoice("first")
    told.stage.tell()
    told.create(("invoice.created",), endpoint_id="e2")
    told.answer(200)
    told.stage.sandbox.invoice("second")
    told.stage.tell()
    assert [delivery.status for delivery in told.log("e2")] == [SENT.DELIVERED]
    assert [delivery.status for delivery in told.log("e1")] == [SENT.WAITING, SENT.WAITING]


def test_nobody_is_left_alone_for_longer_than_the_setting(tmp_path: Path):
    told = Told(tmp_path, endpoint_retry_after_s_max=120)
    told.create()
    told.answer(429, 1_000_000)
    told.stage.sandbox.invoice()
    told.stage.tell()
    assert told.get().health.held_until == "2026-03-01T12:02:00.000Z"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Retry-After: 17\r\n", 17),
        (b"retry-after:  3  \r\n", 3),
        (b"Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", None),
        (b"Retry-After: -1\r\n", None),
        (b"X-Retry-After: 5\r\n", None),
        (b"", None),
    ],
)
def test_retry_after_is_read_in_seconds(head: bytes, expected: int | None):
    with receiver(says(b"HTTP/1.1 503 Busy\r\nA: b\r\n" + head + b"Content-Length: 0\r\n\r\n")) as busy:
        answer = Sender(rules()).post(busy.url, b"{}", {})
    assert (answer.status, answer.retry_after_s) == (503, expected)
    assert formats.FORMATS["standard_webhooks"].verdict(answer).hold_s == expected
    assert formats.FORMATS["content_signature"].verdict(answer).hold_s is None


def test_events_of_one_invoice_wait_for_each_other_and_those_of_another_do_not(told: Told):
    told.create()
    told.stage.paid("first")
    told.receiver.answers = lambda event: (500 if event["type"] == "payment.created" else 200, None)
    told.stage.tell()
    assert told.receiver.types() == ["invoice.created", "payment.created"]
    told.stage.sandbox.invoice("second")
    told.stage.tell()
    assert told.receiver.types()[2:] == ["invoice.created"]
    told.answer(200)
    told.wait(5)
    assert told.receiver.types()[3:] == STORY[1:]


def test_order_per_invoice_holds_with_many_threads_and_a_receiver_that_fails_at_random(tmp_path: Path):
    """The real loop, eight threads, every third message fails once or more; a dozen invoices at a time."""
    told = Told(tmp_path, clock=system_clock, endpoint_retry_delays_s=(0,) * 50)
    told.stage.clock.now = system_clock()
    count = itertools.count(1)
    told.receiver.answers = lambda event: (500 if next(count) % 3 == 0 else 200, None)
    told.create()
    for number in range(12):
        told.stage.paid(f"inv{number}")
    loop = Loop(
        told.stage.database, system_clock, [told.stage.outbox.queue(LEASE), told.stage.delivering.queue(8, LEASE)]
    )
    loop.start()
    try:
        wait_until(lambda: [one.status for one in told.log()] == [SENT.DELIVERED] * 60)
    finally:
        assert loop.stop(5)
    taken: dict[str, list[str]] = defaultdict(list)
    of_event = {event.body: event for event in told.feed()}
    for body, _ in told.receiver.came:
        event = of_event[body]
        if event.event_type not in taken[event.invoice_id]:
            taken[event.invoice_id].append(event.event_type)
    assert taken == {f"inv{number}": STORY for number in range(12)}
    assert told.get().status == STATUS.ENABLED
    assert len(told.receiver.came) > 60


def test_hooks_with_a_content_signature_keep_their_own_schedule_and_their_own_success(told: Told):
    hook = told.stage.hook("https://old.example.com/hook", ("INVOICE_CREATED",))
    told.answer(204)
    told.stage.sandbox.invoice()
    told.stage.tell()
    assert told.stage.log(hook)[0].status == "waiting"
    told.wait(29)
    assert len(told.receiver.came) == 1
    told.answer(410)
    told.wait(1)
    assert len(told.receiver.came) == 2
    assert told.stage.is_enabled(hook)
    told.answer(200)
    told.wait(300)
    assert told.stage.log(hook)[0].status == "delivered"


def test_what_every_kind_of_hook_does_stands_in_one_table():
    assert set(formats.FORMATS) == {"content_signature", "standard_webhooks"}
    gone = Answer(410, None, 1)
    assert formats.FORMATS["standard_webhooks"].verdict(gone).outcome is Outcome.GONE
    assert formats.FORMATS["content_signature"].verdict(gone).outcome is Outcome.FAILED

    assert timedelta(seconds=sum(rules().endpoint_retry_delays_s)) == timedelta(hours=75, minutes=35, seconds=5)
