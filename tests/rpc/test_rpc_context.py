"""Contexts and deadlines: what travels with a call, and what it may never become."""

import os
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rpc.context import (
    META_KNOWN_MAX,
    NO_PARENT,
    TRACEPARENT,
    BadContext,
    Context,
    from_headers,
    new_traceparent,
    next_hop,
    to_headers,
)
from rpc.deadlines import Deadline, in_microseconds, microseconds
from settings.clock import system_clock
from tests.rpc.kit import NOON

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_root_has_made_up_ids_and_no_parent():
    one, other = Context.root(), Context.root()
    assert one.parent_id == NO_PARENT == "undefined"
    assert one.trace_id != other.trace_id
    assert one.span_id != other.span_id


def test_made_up_ids_cannot_be_mistaken_for_card_numbers():
    assert not any(char.isdigit() for _ in range(100) for char in Context.root().child().span_id)


def test_metadata_that_changed_travel_as_they_are_now():
    meta = {"a": "1"}
    context = Context("t", "s", meta=meta)
    assert ("woody.meta.a", "1") in to_headers(context)
    meta["a"] = "2"
    assert ("woody.meta.a", "2") in to_headers(context)


def test_metadata_of_many_parties_are_never_mixed_up():
    for number in range(3 * META_KNOWN_MAX):
        root = Context.root(meta={"user-identity.id": f"party {number % 300}"})
        for _ in range(2):
            assert ("woody.meta.user-identity.id", f"party {number % 300}") in to_headers(root)


def test_no_part_of_a_made_up_traceparent_is_all_zeros(monkeypatch):
    monkeypatch.setattr("rpc.context.getrandbits", lambda bits: 0)
    assert TRACEPARENT.fullmatch(new_traceparent())
    assert TRACEPARENT.fullmatch(next_hop(None)[1])
    assert TRACEPARENT.fullmatch(next_hop(PARENT)[1])


def test_a_child_keeps_the_trace_and_names_its_parent():
    root = Context.root(trace_id="t", span_id="s", meta={"a": "b"})
    child = root.child()
    assert (child.trace_id, child.parent_id, child.meta) == ("t", "s", {"a": "b"})
    assert child.span_id != "s"


def test_the_w3c_trace_goes_on_beside_the_ids():
    root = Context.root(traceparent=PARENT)
    child = root.child()
    assert root.traceparent == PARENT
    assert child.traceparent[:36] == PARENT[:36]
    assert child.traceparent[52:] == "-01"
    assert child.traceparent[36:52] != PARENT[36:52]


@pytest.mark.parametrize(
    "bad", ["", "junk", PARENT.upper(), "00-" + "0" * 32 + PARENT[35:], PARENT + "-x", "01" + PARENT[2:]]
)
def test_a_malformed_traceparent_begins_a_new_trace(bad):
    assert Context.root(traceparent=bad).traceparent[:36] != PARENT[:36]
    headers = [("woody.trace-id", "t"), ("woody.span-id", "s"), ("woody.parent-id", "p"), ("traceparent", bad)]
    assert len(from_headers(headers).traceparent) == 55


def test_a_context_arrives_as_it_was_sent():
    context = Context.root(
        trace_id="trace 1",
        span_id="спан",
        deadline=Deadline.after_ms(1500, NOON),
        meta={"user-identity.id": "партия", "user-identity.realm": "external"},
    )
    assert from_headers(to_headers(context)) == context


def test_the_headers_are_those_of_the_protocol():
    context = Context("t", "s", "p", Deadline(NOON), {"user-identity.id": "x"}, PARENT)
    assert to_headers(context) == [
        ("woody.deadline", "2026-03-01T12:00:00.000Z"),
        ("woody.meta.user-identity.id", "x"),
        ("woody.parent-id", "p"),
        ("woody.span-id", "s"),
        ("woody.trace-id", "t"),
        ("traceparent", PARENT),
    ]


@pytest.mark.parametrize("missing", ["woody.trace-id", "woody.span-id", "woody.parent-id"])
def test_each_id_is_needed(missing):
    headers = [pair for pair in to_headers(Context.root()) if pair[0] != missing]
    with pytest.raises(BadContext, match=f"bad {missing} header"):
        from_headers(headers)


@pytest.mark.parametrize("bad", ["", " x", "x ", "x" * 65, "ж" * 33, "a\nb", "a\r", "a\x00", "a\x7f", "\ud800"])
def test_ids_are_what_a_header_can_carry(bad):
    with pytest.raises(BadContext):
        Context("t", bad)


@pytest.mark.parametrize("good", ["x", "x" * 64, "ж" * 32, "a b", "undefined", "a\tb"])
def test_any_other_short_text_is_an_id(good):
    assert Context("t", good).span_id == good


@pytest.mark.parametrize("key", ["", "UPPER", "a b", "ж", "x" * 54, "a:b", "a\n"])
def test_metadata_keys_are_tokens_of_53_bytes_at_most(key):
    with pytest.raises(BadContext):
        Context.root(meta={key: "x"})
    assert Context.root(meta={"x" * 53: "x"})


@pytest.mark.parametrize("value", ["a\nwoody.meta.user-identity.id: other", "a\r", " a", "x" * 4097])
def test_metadata_values_cannot_smuggle_a_header(value):
    with pytest.raises(BadContext):
        Context.root(meta={"a": value})


def test_metadata_are_added_and_never_redefined():
    context = Context.root(meta={"a": "1"})
    assert context.with_meta({"b": "2"}).meta == {"a": "1", "b": "2"}
    assert context.with_meta({"a": "1"}).meta == {"a": "1"}
    with pytest.raises(BadContext):
        context.with_meta({"a": "2"})
    with pytest.raises(TypeError):
        context.meta["a"] = "2"


@pytest.mark.parametrize("name", ["woody.meta.a", "woody.trace-id", "woody.deadline"])
def test_a_header_given_twice_is_refused(name):
    value = "2026-03-01T12:00:00.000Z"
    headers = [*to_headers(Context.root()), (name, value), (name, value)]
    with pytest.raises(BadContext):
        from_headers(headers)


# ----------------------------------------------------------------- deadlines


def test_a_deadline_is_never_extended():
    early, late = Deadline.after_ms(100, NOON), Deadline.after_ms(200, NOON)
    assert Context.root(deadline=early).with_deadline(late).deadline == early
    assert Context.root(deadline=late).with_deadline(early).deadline == early
    assert Context.root(deadline=early).child(late).deadline == early
    assert Context.root().child(late).deadline == late
    assert Context.root(deadline=early).child().deadline == early


def test_a_deadline_says_what_is_left():
    deadline = Deadline.after_ms(1500, NOON)
    assert deadline.remaining_ms(NOON) == 1500
    assert deadline.remaining_ms(NOON + timedelta(seconds=9)) == 0
    assert not deadline.reached(NOON)
    assert deadline.reached(NOON + timedelta(milliseconds=1500))


def test_what_is_left_of_a_deadline_is_told_in_whole_milliseconds_and_reached_to_the_microsecond():
    deadline = Deadline.after_ms(2, NOON)
    for us, left_ms, is_reached in ((0, 2, False), (1, 1, False), (1000, 1, False), (1999, 0, False), (2000, 0, True)):
        now = NOON + timedelta(microseconds=us)
        assert (deadline.remaining_ms(now), deadline.reached(now)) == (left_ms, is_reached)


def test_a_part_of_a_millisecond_never_extends_a_deadline():
    late = NOON + timedelta(microseconds=999)
    assert Deadline.after_ms(1.999, NOON) == Deadline.after_ms(1, late) == Deadline.after_ms(1, NOON)
    assert Deadline(late) == Deadline(NOON)
    assert Deadline.after_ms(-0.5, NOON) < Deadline(NOON)


def test_deadlines_of_any_year_are_told_exactly():
    for at in (datetime.min, datetime(1969, 12, 31, 23, 59, 59, 999_000), datetime(9999, 12, 31, 23, 59, 59, 999_000)):
        deadline = Deadline(at.replace(tzinfo=UTC))
        assert deadline.at == at.replace(tzinfo=UTC)
        assert Deadline.parse(deadline.to_wire()) == deadline


@pytest.mark.parametrize("ms", [10**15, -(10**15)])
def test_a_deadline_that_no_calendar_has_is_refused_when_it_is_made(ms):
    with pytest.raises(OverflowError):
        Deadline.after_ms(ms, NOON)


def test_the_machines_time_in_microseconds_is_that_of_its_clock():
    before, us, after = system_clock(), in_microseconds(system_clock)(), system_clock()
    assert microseconds(before) <= us <= microseconds(after)
    assert in_microseconds(lambda: NOON)() == NOON.timestamp() * 1_000_000


def test_a_deadline_equals_its_wire_form():
    deadline = Deadline.after_ms(7, datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC))
    assert deadline.to_wire() == "2026-03-01T12:00:00.130Z"
    assert Deadline.parse(deadline.to_wire()) == deadline


def test_whole_seconds_keep_their_milliseconds_on_the_wire():
    assert Deadline(NOON).to_wire() == "2026-03-01T12:00:00.000Z"


def test_another_offset_becomes_utc():
    moscow = datetime(2026, 3, 1, 15, tzinfo=timezone(timedelta(hours=3)))
    assert Deadline.after_ms(0, moscow).to_wire() == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.0Z",
        "2026-03-01t12:00:00.000000z",
        "2026-03-01T12:00:00+00:00",
        "2026-03-01T12:00:00.000-00:00",
    ],
)
def test_every_utc_form_of_rfc3339_is_read(text):
    assert Deadline.parse(text).at == NOON


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-03-01",
        "2026-03-01T12:00:00",
        "2026-03-01T12:00:00+03:00",
        "2026-13-01T12:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01T12:00:00.Z",
        "1772366400",
        "2026-03-01T12:00:00Z ",
        "\u0662026-03-01T12:00:00Z",
    ],
)
def test_anything_else_is_no_deadline(text):
    with pytest.raises(ValueError):
        Deadline.parse(text)
    headers = [*to_headers(Context.root()), ("woody.deadline", text)]
    with pytest.raises(BadContext, match=r"bad woody\.deadline header"):
        from_headers(headers)


def test_ids_differ_whatever_others_do_to_the_chance_of_this_process():
    seen = set()
    for _ in range(3):
        random.seed(1)
        seen |= {Context.root().span_id, Context.root().traceparent}
    assert len(seen) == 6


def test_a_forked_process_makes_ids_of_its_own():
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, Context.root().span_id.encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() != Context.root().span_id
