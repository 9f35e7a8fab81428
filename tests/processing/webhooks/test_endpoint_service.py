"""The calls of WebhookEndpoints: secrets, replays, samples, changes; whose endpoints, and how many."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from processing.webhooks import public_events, replays
from rpc.protocol import base, payment_processing
from rpc.protocol import webhook_endpoints as protocol
from tests.processing.asking import as_party
from tests.processing.sandbox import NOW, PARTY, SHOP
from tests.processing.webhooks.told import SENT, STATUS, STORY, URL, Told

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


# ------------------------------------------------------------------------------------------------------------- secrets


def test_secrets_are_shown_when_they_are_made_and_never_again(told: Told):
    made = told.create()
    assert made.secrets[0].secret.startswith("whsec_")
    assert made.secrets[0].public_key.startswith("whpk_")
    assert told.get().secrets[0].secret is None
    assert told.asked.GetList(PARTY, None, 10)[0].secrets[0].secret is None


def test_secrets_lie_sealed(told: Told):
    made = told.create()
    shared = base64.b64decode(made.secrets[0].secret.removeprefix("whsec_"))
    with told.stage.database.read() as tx:
        [(secret, private_key)] = tx.execute("SELECT secret, private_key FROM webhook_secrets").all()
    assert shared not in bytes(secret)
    assert len(bytes(private_key)) > 32


def test_while_a_secret_is_rotated_both_sign_and_then_the_new_one_alone(told: Told):
    made = told.create(("invoice.created",))
    rotated = told.asked.RotateSecret("e1", 3600)
    assert [one.number for one in rotated.secrets] == [2, 1]
    assert [one.secret for one in rotated.secrets][1] == made.secrets[0].secret
    assert rotated.secrets[1].expires_at == "2026-03-01T13:00:00.000Z"
    assert rotated.revision == made.revision + 1
    told.stage.sandbox.invoice("during")
    told.stage.tell()
    told.stage.clock.forward(3600)
    told.stage.sandbox.invoice("after")
    told.stage.tell()
    during, after = (headers["webhook-signature"].split() for _, headers in told.receiver.came)
    assert (len(during), len(after)) == (4, 2)
    assert [one.number for one in told.get().secrets] == [2]


def test_a_secret_that_leaked_is_replaced_at_once(told: Told):
    told.create()
    assert [one.number for one in told.asked.RotateSecret("e1", 0).secrets] == [2]
    for wrong in (-1, 604_801):
        with pytest.raises(base.InvalidRequest):
            told.asked.RotateSecret("e1", wrong)


def test_however_often_a_secret_is_rotated_few_of_them_sign(told: Told):
    told.create(("invoice.created",))
    for _ in range(7):
        rotated = told.asked.RotateSecret("e1", 3600)
    assert [one.number for one in rotated.secrets] == [8, 7, 6, 5, 4]
    told.stage.sandbox.invoice("signed")
    told.stage.tell()
    [(_, headers)] = told.receiver.came
    assert len(headers["webhook-signature"].split()) == 2 * 5


# -------------------------------------------------------------------------------------------------- replays and samples


def replay(told: Told, **scope: Any) -> int:
    return told.asked.Replay("e1", protocol.ReplayScope(**{"only_failed": False, **scope}))


def test_a_replay_tells_everything_once_more_in_order_and_the_same(told: Told):
    told.create()
    told.stage.paid("a")
    told.stage.paid("b")
    told.stage.tell()
    first = list(told.receiver.came)
    told.receiver.came.clear()
    assert replay(told) == 10
    told.stage.deliver()
    for invoice_id in "ab":
        of_invoice = [
            body for body, _ in first if f'_{invoice_id}"'.encode() in body or f"_{invoice_id}.1".encode() in body
        ]
        assert [body for body, _ in told.receiver.came if body in of_invoice] == of_invoice
    assert sorted(told.receiver.ids()) == sorted(json.loads(body)["id"] for body, _ in first)


def test_an_endpoint_made_late_is_told_what_happened_before_it(told: Told):
    told.stage.paid()
    told.create(("payment.*",))
    assert replay(told) == 3
    told.stage.deliver()
    assert told.receiver.types() == ["payment.created", "payment.authorized", "payment.captured"]


def test_a_replay_of_failures_tells_what_was_given_up_alone(told: Told):
    told.create()
    told.stage.sandbox.invoice("good")
    told.stage.tell()
    told.asked.Update("e1", protocol.EndpointUpdate(status=STATUS.DISABLED))
    told.stage.sandbox.invoice("missed")
    told.stage.tell()
    with pytest.raises(protocol.EndpointDisabled):
        replay(told)
    told.asked.Update("e1", protocol.EndpointUpdate(status=STATUS.ENABLED))
    told.receiver.came.clear()
    assert replay(told, only_failed=True) == 1
    told.stage.deliver()
    assert [json.loads(body)["data"]["object"]["id"] for body, _ in told.receiver.came] == ["inv_missed"]
    assert replay(told, only_failed=True) == 0


def test_a_replay_of_a_range_ends_where_it_is_told_to(told: Told):
    told.create(("invoice.created",))
    for number in range(4):
        told.stage.sandbox.invoice(f"inv{number}")
        told.stage.clock.forward(60)
    told.stage.tell()
    events = told.feed()
    assert replay(told, after=events[1].id) == 2
    assert replay(told, from_time="2026-03-01T12:01:00Z", to_time="2026-03-01T12:03:00Z") == 2
    assert replay(told, after=events[3].id) == 0


def test_a_replay_that_is_asked_for_again_and_again_is_done_once(told: Told, monkeypatch):
    told.create()
    told.stage.paid()
    told.stage.tell()
    told.receiver.came.clear()
    written = []
    waits_again = replays._waits_again
    monkeypatch.setattr(replays, "_waits_again", lambda *asked: (written.append(asked), waits_again(*asked)))
    assert [replay(told) for _ in range(3)] == [5, 5, 5]
    assert len(written) == 5
    told.stage.deliver()
    assert told.receiver.types() == STORY


def test_a_replay_keeps_what_still_waits_in_its_place(told: Told):
    told.create()
    told.stage.paid()
    told.receiver.answers = lambda event: (500 if event["type"] == "payment.authorized" else 200, None)
    told.stage.tell()
    told.receiver.came.clear()
    told.answer(200)
    assert replay(told, to_time="2026-03-01T12:00:00.001Z") == 5
    told.stage.deliver()
    assert told.receiver.types() == STORY
    assert told.get().health.pending == 0


def test_a_sample_is_signed_and_sent_and_is_in_no_feed(told: Told):
    told.create(("invoice.paid",))
    waiting = told.asked.Test("e1", "payment.captured")
    assert (waiting.is_test, waiting.status, waiting.event_type) == (True, SENT.WAITING, "payment.captured")
    told.stage.deliver()
    [(body, headers)] = told.receiver.came
    said = json.loads(body)
    assert headers["webhook-id"] == said["id"] == f"evt_{waiting.event_id}"
    assert (said["type"], said["test"], said["data"]["object"]["object"]) == ("payment.captured", True, "payment")
    assert told.feed() == []
    assert told.log()[0].status == SENT.DELIVERED
    with pytest.raises(base.InvalidRequest):
        told.asked.Test("e1", "payment.*")


@pytest.mark.parametrize("said", public_events.TYPES)
def test_there_is_a_sample_of_every_type_of_event(said: str):
    event = json.loads(public_events.sample("sample-1", said, NOW))
    assert event["type"] == said
    assert event["data"]["object"]["object"] == said.partition(".")[0]


# ------------------------------------------------------------------------------------------------------- the calls


def test_an_endpoint_reads_back_as_it_was_asked_for(told: Told):
    made = told.create(("payment.captured", "payment.captured", "refund.*"), description="Orders", shop_id=SHOP)
    found = told.get()
    assert (found.url, found.description, found.shop_id, found.payload_version) == (URL, "Orders", SHOP, "v3")
    assert found.event_types == ["payment.captured", "refund.*"]
    assert (found.status, found.revision, found.health.pending) == (STATUS.ENABLED, 1, 0)
    assert found.created_at == made.created_at == "2026-03-01T12:00:00.000Z"


def test_a_repeated_creation_gets_the_same_endpoint_with_its_secret(told: Told):
    assert told.create() == told.create(url="https://elsewhere.example.com/x")


def test_an_update_changes_what_it_names_and_counts(told: Told):
    told.create(description="old", shop_id=SHOP)
    changed = told.asked.Update(
        "e1",
        protocol.EndpointUpdate(
            event_types=["invoice.*"],
            cleared=[protocol.EndpointField.DESCRIPTION, protocol.EndpointField.SHOP_ID],
            if_revision=1,
        ),
    )
    assert (changed.event_types, changed.description, changed.shop_id, changed.revision) == (
        ["invoice.*"],
        None,
        None,
        2,
    )
    with pytest.raises(payment_processing.RevisionMismatch) as mismatch:
        told.asked.Update("e1", protocol.EndpointUpdate(description="new", if_revision=1))
    assert mismatch.value.revision == 2
    with pytest.raises(payment_processing.RevisionMismatch):
        told.asked.Delete("e1", 1)


def test_an_endpoint_that_was_disabled_by_failures_starts_afresh_when_it_is_enabled(told: Told):
    told.create()
    told.answer(410)
    told.stage.sandbox.invoice("lost")
    told.stage.tell()
    told.answer(200)
    found = told.asked.Update("e1", protocol.EndpointUpdate(status=STATUS.ENABLED))
    assert (found.status, found.disabled_reason) == (STATUS.ENABLED, None)
    told.stage.sandbox.invoice("told")
    told.stage.tell()
    assert told.log()[-1].status == SENT.DELIVERED


def test_a_deleted_endpoint_is_gone_with_its_secrets_and_its_id(told: Told):
    told.create()
    told.stage.sandbox.invoice()
    told.stage.spread()
    told.asked.Delete("e1")
    told.stage.deliver()
    assert told.receiver.came == []
    assert told.stage.sandbox.count("webhook_secrets") == 0
    with pytest.raises(protocol.EndpointNotFound):
        told.get()
    with pytest.raises(base.InvalidRequest):
        told.create()


def test_there_may_be_so_many_endpoints_of_a_party(tmp_path: Path):
    told = Told(tmp_path, endpoints_per_party_max=2)
    for number in range(2):
        told.create(endpoint_id=f"e{number}")
    with pytest.raises(protocol.EndpointLimitExceeded):
        told.create(endpoint_id="e3")
    told.asked.Delete("e0")
    told.create(endpoint_id="e3")
    assert [found.id for found in told.asked.GetList(PARTY, None, 10)] == ["e1", "e3"]
    assert [found.id for found in told.asked.GetList(PARTY, "e1", 10)] == ["e3"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"event_types": []},
        {"event_types": ["payment.exploded"]},
        {"event_types": ["PAYMENT_CAPTURED"]},
        {"url": "http://169.254.169.254/latest"},
        {"url": "ftp://shop.example.com"},
        {"payload_version": "v4"},
    ],
)
def test_an_endpoint_that_cannot_be_told_is_refused(told: Told, wrong: dict):
    with pytest.raises(base.InvalidRequest):
        told.create(**wrong)


def test_another_partys_endpoint_is_nobodys_business(told: Told):
    told.create()
    stranger = told.asked.by(as_party("other"))
    scope = protocol.ReplayScope(only_failed=True)
    for call in (
        lambda: stranger.Get("e1"),
        lambda: stranger.GetList(PARTY, None, 1),
        lambda: stranger.Update("e1", protocol.EndpointUpdate(description="mine")),
        lambda: stranger.Delete("e1"),
        lambda: stranger.RotateSecret("e1", 0),
        lambda: stranger.Replay("e1", scope),
        lambda: stranger.Test("e1"),
        lambda: stranger.GetDeliveries("e1", None, 1),
        lambda: stranger.Create(
            protocol.EndpointParams(id="e1", party_id="other", url=URL, event_types=["*"], payload_version="v3")
        ),
    ):
        with pytest.raises(base.AccessDenied):
            call()


def test_the_log_is_read_newest_first_page_by_page(told: Told):
    told.create(("invoice.created",))
    for number in range(5):
        told.stage.sandbox.invoice(f"inv{number}")
    told.stage.tell()
    first = told.asked.GetDeliveries("e1", None, 3)
    rest = told.asked.GetDeliveries("e1", first[-1].id, 3)
    assert [found.id for found in (*first, *rest)] == sorted((one.id for one in told.log()), reverse=True)
    assert [attempt.http_status for attempt in first[0].attempts] == [200]
