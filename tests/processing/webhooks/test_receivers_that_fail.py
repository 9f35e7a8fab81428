"""A receiver that fails for long is left to rest and tried now and then; nothing is lost for it, nobody else waits."""

import itertools
import json
from datetime import timedelta
from pathlib import Path

import pytest

from processing.storage.moments import to_ms
from processing.webhooks import deliveries, hooks, lines, receivers
from processing.webhooks.delivery import LOOK_MESSAGES_MAX, REST_SPREAD
from processing.webhooks.receivers import REST_MAX, RESTS_AFTER, rest
from processing.webhooks.sender import Answer
from processing.workers.loop import BACKOFF_MAX
from tests.processing.webhooks.stage import LEASE, Postman, Stage
from tests.processing.webhooks.told import Told

pytestmark = pytest.mark.usefixtures("both_databases")

URL = "https://shop.example.com/hook"
MANY = 4 * RESTS_AFTER


@pytest.fixture
def away(tmp_path: Path) -> tuple[Stage, hooks.Hook, dict[str, int]]:
    """A receiver that answers as `answers` says, 500 at first; a message of each of MANY invoices waits for it."""
    answers = {URL: 500}
    stage = Stage(tmp_path, post=Postman(lambda url, body: answers.get(url, 200)))
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    for number in range(MANY):
        stage.sandbox.invoice(f"inv{number}")
    stage.tell()
    return stage, hook, answers


def statuses(stage: Stage, hook: hooks.Hook) -> set[str]:
    return {delivery.status for delivery in stage.log(hook)}


def test_a_receiver_is_left_to_rest_after_many_failures_in_a_row(away):
    stage, hook, _ = away
    assert RESTS_AFTER <= len(stage.sent) < MANY
    stage.sent.clear()
    for _ in range(10):
        stage.deliver()
    assert stage.sent == []
    assert statuses(stage, hook) == {"waiting"}


def test_a_resting_receiver_is_tried_by_one_message_at_a_time_ever_less_often(away):
    stage, _, _ = away
    stage.sent.clear()
    tried = []
    for second in range(600):
        stage.clock.forward(1)
        stage.deliver()
        tried += [second] * len(stage.sent)
        stage.sent.clear()
    assert len(tried) == len(set(tried))
    pauses = [after - before for before, after in itertools.pairwise(tried)]
    assert pauses[-1] >= REST_MAX.total_seconds()
    spread_s = 2 * REST_SPREAD.total_seconds()
    assert all(after >= before - spread_s for before, after in itertools.pairwise(pauses))


def test_a_receiver_that_is_back_is_told_all_that_waited_in_order(away):
    stage, hook, answers = away
    stage.clock.forward(5)
    stage.paid("inv_more")
    stage.tell()
    answers[URL] = 200
    stage.sent.clear()
    for _ in range(12):
        stage.clock.forward(30)
        stage.deliver()
    assert statuses(stage, hook) == {"delivered"}
    assert len(stage.sent) == MANY + 1
    with stage.database.read() as tx:
        found = receivers.find(tx, hook.id)
    assert (found.failures, found.failing_since, found.resting_until) == (0, None, None)


def test_what_happens_meanwhile_does_not_wake_a_resting_receiver(away):
    stage, _, _ = away
    stage.sent.clear()
    for number in range(5):
        stage.sandbox.invoice(f"late{number}")
        stage.tell()
    assert stage.sent == []


def test_nobody_else_waits_for_a_resting_receiver(away):
    stage, _, _ = away
    healthy = stage.hook(f"{URL}/2", ("INVOICE_CREATED",))
    stage.sandbox.invoice("new")
    stage.tell()
    assert statuses(stage, healthy) == {"delivered"}


def test_a_receiver_that_took_nothing_for_as_long_as_a_message_is_tried_is_switched_off(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman(lambda url, body: 500), retry_delays_s=(30,) * 20)
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    for number in range(MANY):
        stage.sandbox.invoice(f"inv{number}")
    stage.tell()
    for _ in range(19 + 2):
        stage.clock.forward(30)
        stage.deliver()
    assert not stage.is_enabled(hook)
    assert statuses(stage, hook) == {"dropped"}


def test_switching_a_hook_on_again_forgets_its_failures(away):
    stage, hook, answers = away
    answers[URL] = 200
    stage.sent.clear()
    with stage.database.transaction() as tx:
        hooks.set_enabled(tx, hook.id, True)
        assert deliveries.resend(tx, hook.id, "inv0", stage.clock()) == 1
    stage.deliver()
    assert json.loads(stage.sent[0][1])["invoice"]["id"] == "inv0"


def test_of_several_who_look_one_tries_a_receiver_that_is_away(away):
    stage, hook, _ = away
    with stage.database.read() as tx:
        found = receivers.find(tx, hook.id)
    assert found.is_away
    until = stage.clock() + timedelta(seconds=30)
    for expected in (True, False):
        with stage.database.transaction() as tx:
            assert receivers.take_turn(tx, found, until) is expected


def test_rests_double_from_a_second_to_a_minute_and_never_beyond_the_longest_delay():
    hour = timedelta(hours=1)
    assert rest(RESTS_AFTER - 1, hour) == timedelta()
    assert [rest(RESTS_AFTER + more, hour).total_seconds() for more in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert rest(10**6, hour) == REST_MAX
    assert rest(10**6, timedelta(seconds=8)) == timedelta(seconds=8)


def test_slow_receivers_share_a_lane_until_they_answer_quickly(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL, ("INVOICE_CREATED",))

    def is_slow() -> bool:
        stage.sandbox.invoice(f"inv{len(stage.sent)}")
        stage.tell()
        with stage.database.read() as tx:
            return receivers.find(tx, hook.id).is_slow

    took_ms = [7]
    post = stage.post
    stage.delivering._post = lambda *asked: post(*asked)._replace(duration_ms=took_ms[0])
    assert not is_slow()
    took_ms[0] = stage.rules.timeout_ms
    assert is_slow()
    stage.sandbox.invoice("waits")
    stage.spread()
    assert [claim.lane for claim in stage.claim(lines.QUEUE)] == [lines.SLOW]
    stage.clock.forward(LEASE.total_seconds() + 1)
    took_ms[0] = 7
    stage.deliver()
    assert not is_slow()


def resends_midway(stage: Stage, hook: hooks.Hook, invoice_id: str) -> list[int]:
    """While the first message is being told, the invoice is sent again; how many deliveries that were."""
    post, resent = stage.post, []

    def post_midway(*asked):
        if not resent:
            with stage.database.transaction() as tx:
                resent.append(deliveries.resend(tx, hook.id, invoice_id, stage.clock()))
        return post(*asked)

    stage.delivering._post = post_midway
    return resent


def test_what_is_put_in_line_anew_while_it_is_told_is_told_once_more(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice("inv1")
    stage.spread()
    stage.clock.forward(10)
    resent = resends_midway(stage, hook, "inv1")
    stage.deliver()
    assert resent == [1]
    assert len(stage.sent) == 2
    assert [(one.status, len(one.attempts)) for one in stage.log(hook)] == [("delivered", 2)]


def test_a_message_that_stands_in_an_older_line_keeps_those_behind_it_waiting(tmp_path: Path):
    """As those do that waited when lines came to be."""
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL, ("INVOICE_CREATED", "PAYMENT_STARTED"))
    stage.sandbox.paying_invoice("inv2")
    stage.spread()
    mine = lines.line_of("inv2")
    with stage.database.transaction() as tx:
        first = tx.execute("SELECT MIN(id) FROM webhook_deliveries").one()[0]
        tx.execute("UPDATE webhook_deliveries SET line = ? WHERE id = ?", ((mine + 1) % lines.LINES, first))
    stage.deliver()
    assert stage.sent == []
    with stage.database.transaction() as tx:
        lines.look_now(tx, hook.id, (mine + 1) % lines.LINES, stage.clock())
    stage.deliver()
    stage.clock.forward(2)
    stage.deliver()
    assert [told["eventType"] for told in stage.told()] == ["InvoiceCreated", "PaymentStarted"]


def test_a_hook_that_is_given_another_url_meanwhile_is_not_switched_off_for_the_old_one(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman(), retry_delays_s=())
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice("inv1")
    stage.spread()

    def moves_and_fails(url, body, headers):
        with stage.database.transaction() as tx:
            tx.execute("UPDATE webhooks SET url = ?", (f"{URL}/moved",))
        return Answer(500, None, 7)

    stage.delivering._post = moves_and_fails
    [claim] = stage.claim(lines.QUEUE)
    stage.delivering.handle(claim)
    assert stage.is_enabled(hook)
    stage.delivering._post = stage.post
    stage.deliver()
    assert [url for url, _, _ in stage.sent] == [f"{URL}/moved"]


def test_a_hook_that_is_switched_off_while_it_is_told_learns_nothing(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice("inv1")
    stage.spread()

    def is_switched_off(url, body, headers):
        with stage.database.transaction() as tx:
            hooks.set_enabled(tx, hook.id, False)
            deliveries.drop_waiting(tx, hook.id)
        return Answer(500, None, 7)

    stage.delivering._post = is_switched_off
    stage.deliver()
    [delivery] = stage.log(hook)
    assert (delivery.status, len(delivery.attempts)) == ("dropped", 1)
    assert stage.waiting_jobs() == 0


def test_a_receiver_with_much_to_be_told_does_not_push_ahead_of_others(tmp_path: Path):
    """What is left after a look stands behind what others wait for, however old it is."""
    stage = Stage(tmp_path, post=Postman())
    busy = stage.hook(URL, ("INVOICE_CREATED",))
    names = [name for name in map(str, range(2000)) if lines.line_of(name) == 0][: LOOK_MESSAGES_MAX + 5]
    for name in names:
        stage.sandbox.invoice(name)
    stage.spread()
    stage.clock.forward(60)
    [claim] = stage.claim(lines.QUEUE)
    stage.delivering.handle(claim)
    assert len(stage.sent) == LOOK_MESSAGES_MAX
    with stage.database.read() as tx:
        assert tx.execute("SELECT due_at_ms FROM jobs WHERE queue = ?", (lines.QUEUE,)).all() == [
            (to_ms(stage.clock()),)
        ]
    stage.deliver()
    assert statuses(stage, busy) == {"delivered"}


# --------------------------------------------------------------------------------------------- looks that find nothing


def looks_for(stage: Stage, seconds: int) -> int:
    """How many looks are taken in so many seconds."""
    looks = []
    for _ in range(seconds):
        stage.work(lines.QUEUE, lambda claim: (looks.append(claim), stage.delivering.handle(claim))[1])
        stage.clock.forward(1)
    return len(looks)


def test_a_receiver_that_is_away_may_have_nothing_that_can_be_told(tmp_path: Path):
    """All that is due stands behind messages that have to wait for longer than the receiver rests."""
    stage = Stage(tmp_path, post=Postman(lambda url, body: 500), retry_delays_s=(300,) * 20)
    hook = stage.hook(URL)
    names = [name for name in map(str, range(3000)) if lines.line_of(name) == 0][:RESTS_AFTER]
    for name in names:
        stage.sandbox.invoice(name)
    stage.tell()
    assert len(stage.sent) == RESTS_AFTER
    stage.clock.forward(5)
    stage.sandbox.start_payment(stage.machines.get(names[0]))
    stage.spread()
    stage.deliver()
    assert len(stage.sent) == RESTS_AFTER
    assert statuses(stage, hook) == {"waiting"}
    assert stage.waiting_jobs() == 1


def test_what_stands_behind_a_refused_message_costs_no_looks_meanwhile(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman(lambda url, body: 500), retry_delays_s=(3600,) * 20)
    stage.hook(URL)
    stage.sandbox.invoice("a")
    stage.tell()
    stage.clock.forward(2)
    stage.sandbox.start_payment(stage.machines.get("a"))
    stage.spread()
    assert looks_for(stage, 60) <= 2
    assert len(stage.sent) == 1
    stage.clock.forward(3600)
    stage.deliver()
    assert len(stage.sent) == 2


def test_what_came_in_beside_the_switching_off_is_dropped_too(tmp_path: Path, monkeypatch):
    """The fan-out had read the hook before; what it adds must not wait for ever."""
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice("a")
    with stage.database.transaction() as tx:
        hooks.set_enabled(tx, hook.id, False)
        deliveries.drop_waiting(tx, hook.id)
    of_shop = hooks.of_shop
    monkeypatch.setattr(hooks, "of_shop", lambda *asked: [one._replace(is_enabled=True) for one in of_shop(*asked)])
    stage.tell()
    assert (statuses(stage, hook), stage.waiting_jobs(), stage.sent) == ({"dropped"}, 0, [])


def test_looks_that_crash_go_on_now_and_then_until_the_fault_is_mended(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice("a")
    stage.spread()
    [claim] = stage.claim(lines.QUEUE)
    assert stage.delivering.queue(8, LEASE).on_quarantine(claim, "KeyError: lost")
    stage.deliver()
    assert stage.sent == []
    stage.clock.forward(BACKOFF_MAX.total_seconds())
    stage.deliver()
    assert statuses(stage, hook) == {"delivered"}


def test_an_event_that_comes_while_a_look_finds_nothing_is_told_at_once(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    with stage.database.transaction() as tx:
        lines.look_now(tx, hook.id, lines.line_of("a"), stage.clock())
    [claim] = stage.claim(lines.QUEUE)
    look = stage.delivering._look(*lines.parsed(claim.key))
    stage.sandbox.invoice("a")
    stage.spread()
    with stage.database.transaction() as tx:
        stage.delivering._settle(tx, claim, look, [])
    stage.deliver()
    assert statuses(stage, hook) == {"delivered"}


def test_a_failure_after_a_resend_holds_nothing_up(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman(lambda url, body: 500))
    hook = stage.hook(URL, ("INVOICE_CREATED", "PAYMENT_STARTED"))
    stage.sandbox.paying_invoice("a")
    stage.spread()
    stage.clock.forward(3)
    resent = resends_midway(stage, hook, "a")
    [claim] = stage.claim(lines.QUEUE)
    stage.delivering.handle(claim)
    assert resent == [2]
    assert {delivery.next_attempt_at for delivery in stage.log(hook)} == {stage.clock()}


def test_the_job_of_a_message_by_an_older_release_becomes_a_look_at_the_first_line(tmp_path: Path):
    stage = Stage(tmp_path, post=Postman())
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice("a")
    stage.spread()
    with stage.database.transaction() as tx:
        tx.execute("UPDATE webhook_deliveries SET line = 0")
        tx.execute("UPDATE jobs SET key = ?, position = 7 WHERE queue = ?", (f"{hook.id}:a", lines.QUEUE))
    stage.deliver()
    assert (statuses(stage, hook), stage.waiting_jobs()) == ({"delivered"}, 0)


def test_a_sample_is_sent_to_a_resting_receiver_at_once(tmp_path: Path):
    told = Told(tmp_path)
    told.create(("invoice.created",))
    told.answer(500)
    for number in range(MANY):
        told.stage.sandbox.invoice(f"inv{number}")
    told.stage.tell()
    told.answer(200)
    told.receiver.came.clear()
    told.asked.Test("e1")
    told.stage.deliver()
    assert told.receiver.came != []
