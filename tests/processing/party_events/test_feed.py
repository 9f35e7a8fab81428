"""The feed of a party: everything once, in one order that no reader can miss anything of."""

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from processing import party_events
from processing.domain import commands
from processing.domain.commands import TimerFired
from processing.domain.payer import HoldFlow
from processing.domain.statuses import OnHoldExpiration
from processing.party_events import Forgotten, PartyEvent, Query
from processing.services.party_events import PartyEventsService
from processing.webhooks import public_events
from rpc.protocol import base
from rpc.protocol import party_events as protocol
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import NOW, PARTY, SHOP, TRACE, Sandbox, approved, next_call

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path, [party_events.project])


def paid(sandbox: Sandbox, invoice_id: str = "inv1") -> None:
    """An invoice that is paid at once."""
    sandbox.paying_invoice(invoice_id)
    _approve(sandbox, invoice_id)
    _approve(sandbox, invoice_id)


def _approve(sandbox: Sandbox, invoice_id: str) -> None:
    sandbox.machines.execute(invoice_id, commands.BeginSessionCall(payment_id="1"), TRACE)
    machine = sandbox.machines.get(invoice_id)
    sandbox.machines.execute(invoice_id, approved(next_call(machine), machine), TRACE)


def feed(sandbox: Sandbox, **said) -> list[PartyEvent]:
    return party_events.read(
        sandbox.database, Query(**{"party_id": PARTY, "after": None, "limit": 1000, **said})
    ).events


def types(sandbox: Sandbox, **said) -> list[str]:
    return [event.event_type for event in feed(sandbox, **said)]


# ------------------------------------------------------------------------------------------------------ what is told


def test_a_paid_invoice_is_told_from_its_creation_on(sandbox: Sandbox):
    paid(sandbox)
    assert types(sandbox) == [
        "invoice.created",
        "payment.created",
        "payment.authorized",
        "payment.captured",
        "invoice.paid",
    ]


def test_an_event_says_what_happened_to_what_and_where_it_stands_now(sandbox: Sandbox):
    paid(sandbox)
    captured = feed(sandbox)[3]
    assert json.loads(captured.body) == {
        "id": f"evt_{captured.id}",
        "object": "event",
        "type": "payment.captured",
        "createdAt": "2026-03-01T12:00:00.000Z",
        "sequence": 3,
        "apiVersion": "v3",
        "data": {
            "object": {
                "id": "pay_inv1.1",
                "object": "payment",
                "status": "captured",
                "version": json.loads(captured.body)["data"]["object"]["version"],
                "amount": {"amount": 10_000, "currency": "RUB"},
                "invoiceId": "inv_inv1",
                "shopId": f"shp_{SHOP}",
                "createdAt": "2026-03-01T12:00:00.000Z",
            }
        },
    }
    assert (captured.party_id, captured.shop_id, captured.invoice_id, captured.trace_id) == (PARTY, SHOP, "inv1", TRACE)


def test_events_of_one_object_are_numbered_without_gaps_under_growing_versions(sandbox: Sandbox):
    paid(sandbox)
    machine = sandbox.machines.get("inv1")
    told: dict[str, list[tuple[int, int]]] = {}
    for event in feed(sandbox):
        said = json.loads(event.body)
        thing = said["data"]["object"]
        told.setdefault(thing["id"], []).append((said["sequence"], thing["version"]))
    for numbers in told.values():
        assert [sequence for sequence, _ in numbers] == list(range(1, len(numbers) + 1))
        versions = [version for _, version in numbers]
        assert versions == sorted(set(versions))
    assert told["pay_inv1.1"][-1][1] == machine.payments[0].revision
    assert told["inv_inv1"][-1][1] == machine.revision


def test_the_version_of_an_event_is_that_of_the_object_read_right_after_it(sandbox: Sandbox):
    sandbox.invoice()
    machine = sandbox.start_payment(
        sandbox.machines.get("inv1"), flow=HoldFlow(on_hold_expiration=OnHoldExpiration.CANCEL)
    )
    assert machine.revision == 1
    for _ in range(2):
        before = sandbox.machines.get("inv1").payments[0].revision
        sandbox.machines.execute("inv1", commands.BeginSessionCall(payment_id="1"), TRACE)
        assert sandbox.machines.get("inv1").payments[0].revision == before
        machine = sandbox.machines.get("inv1")
        if machine.payments[0].status.value == "processed":
            break
        after = sandbox.machines.execute("inv1", approved(next_call(machine), machine), TRACE).state
        last = json.loads(feed(sandbox)[-1].body)["data"]["object"]
        assert (last["status"], last["version"]) == ("authorized", after.payments[0].revision)
        break


def test_what_merchants_are_not_told_of_is_not_in_the_feed(sandbox: Sandbox):
    sandbox.paying_invoice()
    before = types(sandbox)
    sandbox.machines.execute("inv1", commands.BeginSessionCall(payment_id="1"), TRACE)
    assert types(sandbox) == before == ["invoice.created", "payment.created"]


def test_an_invoice_whose_time_ran_out_is_told_as_cancelled(sandbox: Sandbox):
    sandbox.invoice(due_s=60)
    sandbox.clock.forward(61)
    sandbox.machines.execute("inv1", TimerFired(), TRACE)
    assert types(sandbox) == ["invoice.created", "invoice.cancelled"]


def test_every_type_that_can_be_told_is_in_the_list_of_types():
    statuses = [f"payment.{word}" for word in public_events.PAYMENT_STATUSES.values()]
    assert set(statuses) - {"payment.pending"} < set(public_events.TYPES)
    assert len(set(public_events.TYPES)) == len(public_events.TYPES) == 15


@pytest.mark.parametrize(
    ("wanted", "is_told"),
    [
        ({"payment.captured"}, True),
        ({"payment.*"}, True),
        ({"*"}, True),
        ({"payment.created", "invoice.*"}, False),
        ({"payment"}, False),
        (set(), False),
    ],
)
def test_a_type_is_asked_for_by_itself_by_its_object_or_with_all(wanted: set[str], is_told: bool):
    assert public_events.is_asked_for("payment.captured", frozenset(wanted)) is is_told


# ---------------------------------------------------------------------------------------------------------- reading


def test_a_reader_goes_on_where_it_ended(sandbox: Sandbox):
    for number in range(5):
        sandbox.invoice(f"inv{number}")
    seen, position, has_more = [], None, True
    while has_more:
        page = party_events.read(sandbox.database, Query(PARTY, position, 2))
        seen, position, has_more = seen + page.events, page.position, page.has_more
    assert seen == feed(sandbox)
    assert party_events.read(sandbox.database, Query(PARTY, position, 2)) == party_events.Page([], position, False)
    sandbox.invoice("later")
    assert [event.invoice_id for event in feed(sandbox, after=position)] == ["later"]


def test_a_reader_of_a_few_types_gets_past_what_it_did_not_ask_for(sandbox: Sandbox):
    paid(sandbox)
    page = party_events.read(sandbox.database, Query(PARTY, None, 10, event_types=("payment.created",)))
    assert [event.event_type for event in page.events] == ["payment.created"]
    assert (page.position, page.has_more) == (feed(sandbox)[-1].id, False)


def test_a_filtered_read_looks_at_so_many_rows_and_says_that_there_are_more(sandbox: Sandbox, monkeypatch):
    paid(sandbox)
    monkeypatch.setattr(party_events, "LOOKED_AT_MAX", 3)
    first = party_events.read(sandbox.database, Query(PARTY, None, 10, event_types=("invoice.paid",)))
    assert (first.events, first.has_more) == ([], True)
    second = party_events.read(sandbox.database, Query(PARTY, first.position, 10, event_types=("invoice.paid",)))
    assert ([event.event_type for event in second.events], second.has_more) == (["invoice.paid"], False)


def test_a_feed_is_read_of_one_shop_alone(sandbox: Sandbox):
    sandbox.invoice()
    assert types(sandbox, shop_id=SHOP) == ["invoice.created"]
    assert types(sandbox, shop_id="another") == []
    assert types(sandbox, party_id="another") == []


def test_nothing_is_missed_by_a_reader_who_reads_while_many_write(sandbox: Sandbox):
    writers, each = 6, 12
    seen: list[int] = []
    is_over = threading.Event()

    def write(name: int) -> None:
        for number in range(each):
            sandbox.machines.create(sandbox.create_invoice(f"w{name}-{number}"), TRACE)

    def follow() -> None:
        position = None
        while True:
            was_over = is_over.is_set()
            page = party_events.read(sandbox.database, Query(PARTY, position, 5))
            seen.extend(event.id for event in page.events)
            position = page.position
            if was_over and not page.events:
                return

    reading = [threading.Thread(target=follow)]
    writing = [threading.Thread(target=write, args=(name,)) for name in range(writers)]
    for thread in (*reading, *writing):
        thread.start()
    for thread in writing:
        thread.join()
    is_over.set()
    reading[0].join()
    assert seen == [event.id for event in feed(sandbox)]
    assert len(seen) == writers * each


def test_an_event_that_is_drawn_but_not_committed_holds_back_those_behind_it(sandbox: Sandbox):
    """On PostgreSQL the later number may be committed first; on SQLite a writer is alone and this cannot be."""
    if sandbox.database.dialect == "sqlite":
        pytest.skip("a writer of SQLite is alone")
    sandbox.invoice("first")
    with sandbox.database.transaction() as slow:
        slow.draw("events")
        is_done = threading.Event()
        other = threading.Thread(target=lambda: (sandbox.invoice("quick"), is_done.set()))
        other.start()
        assert is_done.wait(10)
        assert [event.invoice_id for event in feed(sandbox)] == ["first"]
        with sandbox.database.read() as tx:
            [(told,)] = tx.execute("SELECT id FROM party_events WHERE invoice_id = 'quick'").all()
        assert party_events.find(sandbox.database, PARTY, told).invoice_id == "quick"
    other.join()
    assert [event.invoice_id for event in feed(sandbox)] == ["first", "quick"]


# -------------------------------------------------------------------------------------------------------- forgetting


def purge(sandbox: Sandbox, before, limit: int = 1000) -> int:
    with sandbox.database.transaction() as tx:
        return party_events.purge(tx, before, limit)


def test_old_events_are_forgotten_and_a_reader_who_missed_them_is_told(sandbox: Sandbox):
    sandbox.invoice("old1")
    sandbox.invoice("old2")
    sandbox.clock.forward(86_400)
    sandbox.invoice("new")
    first, second, third = feed(sandbox)
    assert purge(sandbox, NOW + timedelta(days=1)) == 2
    assert feed(sandbox) == [third]
    assert feed(sandbox, after=second.id) == [third]
    with pytest.raises(Forgotten) as told:
        feed(sandbox, after=first.id)
    assert told.value.position == second.id


def test_forgetting_takes_a_few_at_a_time(sandbox: Sandbox):
    for number in range(3):
        sandbox.invoice(f"inv{number}")
    assert [purge(sandbox, NOW + timedelta(days=1), 2) for _ in range(3)] == [2, 1, 0]


# ------------------------------------------------------------------------------------------------- over the protocol


@pytest.fixture
def asked(sandbox: Sandbox) -> Asked:
    return Asked(PartyEventsService(sandbox.database), as_party(PARTY))


def test_the_feed_and_one_event_of_it_say_the_same_bytes(sandbox: Sandbox, asked: Asked):
    paid(sandbox)
    page = asked.GetRange(protocol.EventQuery(party_id=PARTY, limit=3))
    assert page.has_more
    assert page.position == page.events[-1].id
    for event in page.events:
        assert asked.Get(PARTY, event.id) == event
        assert json.loads(event.body)["id"] == f"evt_{event.id}"


def test_another_partys_events_are_nobodys_business(sandbox: Sandbox, asked: Asked):
    sandbox.invoice()
    [event] = feed(sandbox)
    stranger = asked.by(as_party("other"))
    for call in (
        lambda: stranger.GetRange(protocol.EventQuery(party_id=PARTY, limit=1)),
        lambda: stranger.Get(PARTY, event.id),
    ):
        with pytest.raises(base.AccessDenied):
            call()
    with pytest.raises(protocol.EventNotFound):
        stranger.Get("other", event.id)


def test_types_are_asked_for_in_the_words_of_a_webhook_and_no_others(sandbox: Sandbox, asked: Asked):
    paid(sandbox)

    def told(*wanted: str) -> set[str]:
        query = protocol.EventQuery(party_id=PARTY, limit=1000, event_types=list(wanted))
        return {event.event_type for event in asked.GetRange(query).events}

    assert told("payment.*") == {"payment.created", "payment.authorized", "payment.captured"}
    assert told("*") == told() > told("invoice.paid", "payment.*") > told("payment.*")
    for wrong in ("payment.nope", "payment", "", "payment.captured "):
        with pytest.raises(base.InvalidRequest):
            told("payment.captured", wrong)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_is_between_one_and_a_thousand_events(asked: Asked, limit: int):
    with pytest.raises(base.InvalidRequest):
        asked.GetRange(protocol.EventQuery(party_id=PARTY, limit=limit))


def test_a_reader_who_was_away_too_long_is_told_where_to_go_on(sandbox: Sandbox, asked: Asked):
    sandbox.invoice("old1")
    sandbox.invoice("old2")
    first, second = feed(sandbox)
    purge(sandbox, NOW + timedelta(days=1))
    with pytest.raises(protocol.EventsForgotten) as told:
        asked.GetRange(protocol.EventQuery(party_id=PARTY, limit=1, after=first.id))
    assert told.value.position == second.id
