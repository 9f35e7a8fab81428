"""What the fault campaign calls wrong: merchants who believe v3 to the letter, and the judgement in the end."""

import json

import pytest

from campaigns.faults import checks, checks_v3, v1, v3
from campaigns.faults.client import Answer, Journal
from campaigns.faults.feed import Feed, Invoice, Payment
from campaigns.faults.receivers import ALL_OF_V3, Forged, Hook, Receiver, Told, standard_webhook
from campaigns.faults.scene import Scene

MADE = {"id": "inv_1", "object": "invoice", "links": {"self": "/v3/invoices/inv_1"}}


def answer(status: int, body: object = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, b"a cat" if body is None else json.dumps(body).encode(), named)


MADE_NOW = answer(201, MADE)
NOTHING_DONE = answer(503, Money_Moved="no", Retry_After="0")
UNKNOWN = answer(504, Money_Moved="unknown", Retry_After="0")
IN_USE = answer(409, {"code": v3.IN_USE, "moneyMoved": "no"}, Retry_After="0")


def under_way(key: str) -> Answer:
    said = {"object": "operationUnderWay", "moneyMoved": "unknown", "statusUrl": f"/v3/idempotency-keys/{key}"}
    return answer(202, said, Retry_After="0")


class Wire:
    """A caller whose answers are written down beforehand; `sent`: keys of its POSTs, in order."""

    version = "v3"

    def __init__(self, *answers: Answer | None, state: str = "running") -> None:
        self.answers, self.state = list(answers), state
        self.sent: list[str | None] = []
        self.journal = Journal()

    def once(self, method, path, body=None, token=None, more=None) -> Answer | None:
        self.sent.append((more or {}).get("Idempotency-Key"))
        return self.answers.pop(0)

    def side_by_side(self, send, twice: bool) -> list[Answer]:
        return [send()]

    def read(self, path: str) -> dict:
        return {"status": self.state}

    def refused(self, method: str, path: str, answer: Answer) -> None:
        self.journal.surprise(f"{path} {answer.status_code}")

    def sleep(self, seconds: float) -> None:
        """Takes no time."""


def created(wire: Wire, *, twice: bool = False) -> dict | None:
    return v3.create(wire, "/invoices", {}, "k", "place", twice=twice)


def test_what_is_unknown_is_asked_for_again_under_the_same_key():
    wire = Wire(None, UNKNOWN, IN_USE, under_way("k.0"), MADE_NOW)
    assert created(wire) == MADE
    assert wire.sent == ["k.0"] * 5
    assert (wire.journal.surprises, wire.journal.denied, wire.journal.allowed["place"]) == ([], [], 1)


def test_where_nothing_was_done_another_key_takes_its_place():
    wire = Wire(NOTHING_DONE, MADE_NOW)
    assert created(wire) == MADE
    assert wire.sent == ["k.0", "k.1"]
    assert (wire.journal.denied, wire.journal.allowed["place"]) == (["k.0"], 1)


def test_a_denial_after_an_unknown_outcome_frees_no_key():
    wire = Wire(None, NOTHING_DONE, MADE_NOW)
    created(wire)
    assert (wire.sent, wire.journal.denied) == (["k.0"] * 3, [])


@pytest.mark.parametrize(
    ("said", "state", "complaint"),
    [
        (answer(503, Retry_After="0"), "running", "says nothing of the money"),
        (answer(500, Money_Moved="unknown"), "running", "no Retry-After"),
        (answer(409, {"code": v3.IN_USE, "moneyMoved": "no"}), "running", "no Retry-After"),
        (under_way("another"), "running", "no word of where to ask"),
        (under_way("k.0"), "unknown", "was under way, and then unknown"),
    ],
)
def test_an_answer_that_leaves_its_reader_alone_is_a_surprise(said: Answer, state: str, complaint: str):
    wire = Wire(said, MADE_NOW, state=state)
    created(wire, twice=True)
    assert [each for each in wire.journal.surprises if complaint in each]


def test_a_merchant_of_v1_looks_before_another_try_and_finds_what_the_first_one_made():
    wire = Wire(None)
    looked = iter([None, [{"id": "1"}]])
    assert v1.create(wire, "/payments", {}, "invoice", lambda: next(looked), refusals=()) == {"id": "1"}


def test_a_merchant_of_v1_who_finds_nothing_asks_for_one_more():
    wire = Wire(None, answer(201, {"id": "2"}))
    assert v1.create(wire, "/payments", {}, "invoice", list) == {"id": "2"}
    assert wire.journal.allowed["invoice"] == 2


# ------------------------------------------------------------------------------------------------------- judgement


def scene(**parts: object) -> Scene:
    feed = Feed(operator=None)
    feed.invoices = parts.pop("invoices", {})
    nothing = dict.fromkeys(Scene._fields)
    return Scene(**{**nothing, "feed": feed, "journal": Journal(), **parts})


def test_more_than_was_asked_for_is_wrong():
    invoices = {"i": Invoice(product="s1", payments={"1": Payment(None, 5), "2": Payment(None, 5)})}
    looked_at = scene(invoices=invoices)
    looked_at.journal.allow("s1")
    looked_at.journal.allow("i")
    assert checks.asked_for(looked_at).wrong == ["i: 2 made, 1 asked for"]


FEED = {"i": [Told(1, "invoice.created", "inv_i", 1, b"a"), Told(2, "invoice.paid", "inv_i", 2, b"b")]}


def endpoint(*told: Told) -> Receiver:
    receiver = Receiver(Hook("v3", "good", ALL_OF_V3), 0.0, 1)
    receiver.close()
    receiver.told["i"] += told
    return receiver


def test_an_endpoint_that_was_told_all_in_order_with_repeats_is_right():
    first, second = FEED["i"]
    assert [*checks_v3.different(endpoint(first, second, first), FEED)] == []


@pytest.mark.parametrize(
    "told",
    [
        FEED["i"][:1],
        [FEED["i"][1], FEED["i"][0]],
        [FEED["i"][0], FEED["i"][1]._replace(digest=b"other bytes")],
        [*FEED["i"], Told(3, "invoice.fulfilled", "inv_i", 3, b"c")],
    ],
    ids=["one is missing", "out of order", "other bytes", "one too many"],
)
def test_an_endpoint_that_was_told_anything_else_is_wrong(told: list[Told]):
    assert [*checks_v3.different(endpoint(*told), FEED)] != []


@pytest.mark.parametrize(
    "events",
    [
        FEED["i"][:1],
        FEED["i"][::-1],
        [FEED["i"][0], FEED["i"][1]._replace(sequence=3)],
    ],
    ids=["one is missing", "out of order", "a gap"],
)
def test_a_feed_that_tells_something_else_than_happened_is_wrong(events: list[Told]):
    happened = scene(invoices={"i": Invoice(told=["InvoiceCreated", "InvoicePaid"])})
    assert [*checks_v3.untrue(happened, FEED)] == []
    assert [*checks_v3.untrue(happened, {"i": events})] != []


def test_events_of_a_page_are_taken_out_byte_for_byte():
    page = '{"object":"list","data":[{"id": "evt_1","a":"]"},{"b":  2}],"hasMore":false}'
    assert [*checks_v3.bodies_of(page)] == [b'{"id": "evt_1","a":"]"}', b'{"b":  2}']
    assert [*checks_v3.bodies_of('{"object":"list","data":[],"hasMore":false}')] == []


def test_a_webhook_with_another_signature_is_forged():
    headers = {"webhook-id": "evt_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    with pytest.raises(Forged):
        standard_webhook(b"{}", headers, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
