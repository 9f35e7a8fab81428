"""Deliveries: signed, in order per invoice, repeated on schedule, given up after the last, sent again when asked."""

import base64
import json
import re
import threading
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

from processing.machine import LeaseLost
from processing.webhooks import lines
from processing.webhooks.delivery import traceparent
from processing.workers.loop import Loop
from settings.clock import system_clock
from telemetry.redaction import redact_text
from tests.processing.sandbox import TRACE
from tests.processing.webhooks.receivers import OK, Arrived, hangs, receiver, status
from tests.processing.webhooks.stage import DEFAULTS, LEASE, Postman, Stage

pytestmark = pytest.mark.usefixtures("both_databases")

URL = "https://shop.example.com/hook"
DELAYS_S = [30, 300, 900] + [3600] * 25


def event(arrived: Arrived) -> dict:
    return json.loads(arrived.body)


def verify(arrived: Arrived, public_key: bytes) -> None:
    """What a merchant does. Raises InvalidSignature."""
    digest = re.fullmatch(r"alg=RS256; digest=([A-Za-z0-9_-]+=*)", arrived.headers["content-signature"])[1]
    assert len(digest) % 4 == 0
    key = load_der_public_key(public_key)
    key.verify(base64.urlsafe_b64decode(digest), arrived.body, padding.PKCS1v15(), hashes.SHA256())


# ----------------------------------------------------------------------------------------------------- what arrives


def test_a_story_arrives_signed_and_in_order_over_a_real_socket(tmp_path: Path):
    stage = Stage(tmp_path)
    with receiver() as taking:
        hook = stage.hook(taking.url)
        stage.paid()
        stage.tell()
    types = [event(arrived)["eventType"] for arrived in taking.arrived]
    assert types == ["InvoiceCreated", "PaymentStarted", "PaymentProcessed", "PaymentCaptured", "InvoicePaid"]
    for arrived in taking.arrived:
        verify(arrived, hook.public_key)
        assert arrived.headers["content-type"] == "application/json; charset=utf-8"
    assert {delivery.status for delivery in stage.log(hook)} == {"delivered"}
    assert stage.waiting_jobs() == 0


def test_all_messages_of_one_command_carry_its_w3c_trace(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    stage.hook(URL)
    stage.paid()
    stage.tell()
    parents = [headers["traceparent"] for _, _, headers in stage.sent]
    assert all(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", parent) for parent in parents)
    assert len({parent.split("-")[1] for parent in parents}) == 1
    assert len({parent.split("-")[2] for parent in parents}) == len(parents)


def test_no_trace_looks_like_a_card_number_to_the_logs():
    parents = [traceparent(f"trace-{number}") for number in range(2000)]
    assert [redact_text(parent) for parent in parents] == parents
    assert len({parent[3:35] for parent in parents}) == 2000


def test_a_receiver_that_answers_201_was_not_told(tmp_path: Path):
    stage = Stage(tmp_path)
    with receiver(status(201)) as created:
        hook = stage.hook(created.url, ("INVOICE_CREATED",))
        stage.sandbox.invoice()
        stage.tell()
    [delivery] = stage.log(hook)
    assert (delivery.status, delivery.attempts[0].http_status) == ("waiting", 201)


def test_the_log_keeps_every_attempt(tmp_path: Path):
    answers = [500, None, 200]
    stage = Stage(tmp_path, post=Postman(lambda url, body: answers.pop(0)))
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice()
    began = stage.clock()
    stage.tell()
    [waiting] = stage.log(hook)
    assert waiting.next_attempt_at == began + timedelta(seconds=30)
    stage.clock.forward(30)
    stage.deliver()
    stage.clock.forward(300)
    stage.deliver()
    [done] = stage.log(hook)
    assert (done.status, done.next_attempt_at, done.trace_id) == ("delivered", None, TRACE)
    assert [(a.at - began, a.http_status, a.error, a.duration_ms) for a in done.attempts] == [
        (timedelta(0), 500, "The answer was 500, not 200", 7),
        (timedelta(seconds=30), None, "no", 7),
        (timedelta(seconds=330), 200, None, 7),
    ]


# --------------------------------------------------------------------------------------------------------- repeating


def test_the_schedule_is_30_s_5_min_15_min_then_hourly_and_then_the_hook_is_switched_off(tmp_path: Path):
    assert list(DEFAULTS.retry_delays_s) == DELAYS_S
    stage = Stage(tmp_path, post=Postman(lambda url, body: 503))
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice()
    stage.tell()
    sent = stage.sent
    for attempts, delay_s in enumerate(DELAYS_S, start=1):
        assert len(sent) == attempts
        stage.clock.forward(delay_s - 1)
        stage.deliver()
        assert len(sent) == attempts
        assert stage.is_enabled(hook)
        stage.clock.forward(1)
        stage.deliver()
    assert len(sent) == 29
    assert not stage.is_enabled(hook)
    assert [delivery.status for delivery in stage.log(hook)] == ["dropped"]
    assert stage.waiting_jobs() == 0
    stage.clock.forward(30 * 86400)
    stage.deliver()
    assert len(sent) == 29


def test_a_repeated_message_is_identical_to_the_byte_and_in_its_signature(tmp_path: Path):
    stage = Stage(tmp_path)
    with receiver(status(500)) as failing:
        stage.hook(failing.url, ("INVOICE_CREATED",))
        stage.sandbox.invoice()
        stage.tell()
        stage.rescind("inv1")
        stage.clock.forward(30)
        failing.behave = OK
        stage.deliver()
    first, second = failing.arrived
    assert first.body == second.body
    assert first.headers["content-signature"] == second.headers["content-signature"]


def test_a_success_begins_the_next_events_schedule_anew(tmp_path: Path):
    answers = [500, 500, 200, 500, 200]
    stage = Stage(tmp_path, post=Postman(lambda url, body: answers.pop(0)))
    hook = stage.hook(URL, ("INVOICE_CREATED", "PAYMENT_STARTED"))
    stage.sandbox.paying_invoice()
    stage.tell()
    stage.clock.forward(30)
    stage.deliver()
    stage.clock.forward(300)
    stage.deliver()
    first, second = stage.log(hook)
    assert (first.status, second.status) == ("delivered", "waiting")
    assert second.next_attempt_at == stage.clock() + timedelta(seconds=30)


def test_many_failures_do_not_count_as_crashes_of_the_work(tmp_path: Path):
    """A job that crashed ten times is quarantined; a receiver that fails ten times is only a failing receiver."""
    stage = Stage(tmp_path, post=Postman(lambda url, body: 500))
    stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice()
    stage.tell()
    for delay_s in DELAYS_S[:15]:
        stage.clock.forward(delay_s)
        [claim] = stage.claim(lines.QUEUE)
        assert claim.attempts == 1
        stage.delivering.handle(claim)


def test_work_that_was_lost_to_another_worker_changes_nothing(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman(lambda url, body: 500))
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice()
    stage.spread()
    [slow] = stage.claim(lines.QUEUE)
    stage.clock.forward(LEASE.total_seconds() + 1)
    [quick] = stage.claim(lines.QUEUE)
    stage.delivering.handle(quick)
    with pytest.raises(LeaseLost):
        stage.delivering.handle(slow)
    [delivery] = stage.log(hook)
    assert len(delivery.attempts) == 1
    assert stage.waiting_jobs() == 1


# --------------------------------------------------------------------------------------------------------------- order


def test_an_event_is_never_told_before_the_one_before_it_was_taken(tmp_path: Path):
    """The second of five events fails twice: the others of the invoice wait, in whatever order time passes."""
    failures = iter([500, 500])

    def status_of(url: str, body: bytes) -> int:
        return next(failures, 200) if json.loads(body)["eventType"] == "PaymentStarted" else 200

    stage = Stage(tmp_path, post=Postman(status_of))
    stage.hook(URL)
    stage.paid()
    stage.tell()
    types = [json.loads(body)["eventType"] for _, body, _ in stage.sent]
    assert types == ["InvoiceCreated", "PaymentStarted"]
    for delay_s in (30, 300):
        stage.clock.forward(delay_s)
        stage.deliver()
    types = [json.loads(body)["eventType"] for _, body, _ in stage.sent]
    assert types == [
        "InvoiceCreated",
        "PaymentStarted",
        "PaymentStarted",
        "PaymentStarted",
        "PaymentProcessed",
        "PaymentCaptured",
        "InvoicePaid",
    ]


def test_a_failing_invoice_holds_up_neither_other_invoices_nor_other_hooks(tmp_path: Path):
    def status_of(url: str, body: bytes) -> int:
        return 500 if url == URL and json.loads(body)["invoice"]["id"] == "inv1" else 200

    stage = Stage(tmp_path, post=Postman(status_of))
    failing, healthy = stage.hook(URL), stage.hook(f"{URL}/2")
    stage.paid("inv1")
    stage.paid("inv2")
    stage.tell()
    assert [delivery.status for delivery in stage.log(failing) if delivery.invoice_id == "inv1"] == ["waiting"] * 5
    assert [delivery.status for delivery in stage.log(failing) if delivery.invoice_id == "inv2"] == ["delivered"] * 5
    assert {delivery.status for delivery in stage.log(healthy)} == {"delivered"}


def test_order_per_invoice_holds_with_many_workers_and_a_receiver_that_fails_at_random(tmp_path: Path):
    """The real loop, eight threads, a real socket: every third request fails once; twelve invoices at a time."""
    stage = Stage(tmp_path, clock=system_clock, retry_delays_s=(0,) * 50)
    stage.clock.now = system_clock()
    lock, count = threading.Lock(), [0]

    def behave(connection, over):
        with lock:
            count[0] += 1
            fails = count[0] % 3 == 0
        (status(500) if fails else OK)(connection, over)

    with receiver(behave) as flaky:
        hook = stage.hook(flaky.url)
        names = [f"inv{number}" for number in range(12)]
        for name in names:
            stage.paid(name)
        loop = Loop(stage.database, system_clock, [stage.outbox.queue(LEASE), stage.delivering.queue(8, LEASE)])
        loop.start()
        try:
            wait_until(lambda: [d.status for d in stage.log(hook)] == ["delivered"] * 60)
        finally:
            assert loop.stop(5)
    taken = defaultdict(list)
    for arrived in flaky.arrived:
        ids = taken[event(arrived)["invoice"]["id"]]
        if event(arrived)["eventID"] not in ids:
            ids.append(event(arrived)["eventID"])
        assert ids[-1] == event(arrived)["eventID"], "a later event was told before"
    assert {name: len(ids) for name, ids in taken.items()} == dict.fromkeys(names, 5)
    assert all(ids == sorted(ids) for ids in taken.values())
    assert len(flaky.arrived) > 60


def test_a_receiver_that_hangs_holds_one_thread_and_nobody_elses_deliveries(tmp_path: Path):
    stage = Stage(tmp_path, clock=system_clock, timeout_ms=2000)
    stage.clock.now = system_clock()
    with receiver(hangs) as hanging, receiver() as healthy:
        slow = stage.hook(hanging.url, ("INVOICE_CREATED",))
        quick = stage.hook(healthy.url)
        stage.paid()
        stage.spread()
        loop = Loop(stage.database, system_clock, [stage.delivering.queue(2, LEASE)])
        loop.start()
        try:
            wait_until(lambda: {d.status for d in stage.log(quick)} == {"delivered"})
            assert stage.log(slow)[0].attempts == ()
        finally:
            loop.stop(5)
    assert len(healthy.arrived) == 5


def wait_until(is_so, timeout_s: float = 20) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
