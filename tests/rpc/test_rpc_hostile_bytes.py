"""Whatever arrives, decoding ends in what was really sent or in Malformed: no other exception, no silent zero."""

import random
import struct
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpc.codec import Malformed, decode, encode
from rpc.messages import decode_call, decode_reply, encode_call, encode_result
from rpc.protocol import payment_processing
from tests.rpc.kit import EVERYTHING, things

GOOD = encode(EVERYTHING)
NODE = b"\x0b\0\x01\0\0\0\x01n"
POINT = b"\x08\0\x01\0\0\0\x01\x08\0\x02\0\0\0\x02"
ECHO = things.Things.functions["Echo"]
HUGE = struct.pack("!i", 2**31 - 1)
NEGATIVE = struct.pack("!i", -1)


def refused(made, data):
    with pytest.raises(Malformed):
        decode(made, data)


def test_a_message_cut_at_any_byte_is_refused():
    for end in range(len(GOOD)):
        refused(things.Everything, GOOD[:end])


def test_bytes_behind_the_end_are_refused():
    refused(things.Everything, GOOD + b"\0")
    refused(things.Everything, GOOD + b"\n")


@pytest.mark.parametrize("depth", [65, 66, 100_000])
def test_nesting_beyond_64_is_refused(depth):
    known = (NODE + b"\x0c\0\x02") * (depth - 1) + NODE + b"\0" * depth
    refused(things.Node, known)
    lists = NODE + b"\x0f\0\x03\x0c\0\0\0\x01" * depth
    refused(things.Node, lists)
    unknown = POINT + b"\x0c\0\x63" * (depth - 1) + b"\0" * depth
    refused(things.Point, unknown)
    unknown_lists = POINT + b"\x0f\0\x63" + b"\x0f\0\0\0\x01" * (depth - 1) + b"\x02\0\0\0\0" + b"\0"
    refused(things.Point, unknown_lists)


@pytest.mark.parametrize("size", [HUGE, NEGATIVE, struct.pack("!i", 100_001), struct.pack("!i", -(2**31))])
@pytest.mark.parametrize(
    "field",
    [b"\x0b\0\x07", b"\x0b\0\x08", b"\x0f\0\x0a\x0b", b"\x0e\0\x0b\x0b", b"\x0d\0\x0c\x0b\x0c", b"\x0f\0\x0f\x0c"],
    ids=["string", "binary", "list", "set", "map", "structs"],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_sizes_that_cannot_be_are_refused(field, size, is_known):
    field = field if is_known else field[:1] + b"\0\x63" + field[3:]
    refused(things.Everything, field + size + b"\0")
    refused(things.Everything, field + size + b"\0" * 20)


def test_a_ten_byte_message_takes_no_memory():
    program = (
        "import resource\n"
        "from tests.rpc.kit import things\n"
        "from rpc.codec import Malformed, decode\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for code in (b'\\x0f\\0\\x0a\\x0b', b'\\x0e\\0\\x0b\\x0b', b'\\x0b\\0\\x07', b'\\x0f\\0\\x63\\x0b'):\n"
        "    for size in (2**31 - 1, 100_000):\n"
        "        try:\n"
        "            decode(things.Everything, code + size.to_bytes(4, 'big') + b'\\0')\n"
        "            raise SystemExit('accepted')\n"
        "        except Malformed:\n"
        "            pass\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "raise SystemExit(0 if grown < 8192 else f'grew by {grown} kB')\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "field",
    [
        b"\x08\0\x05\0\0\0\x05",  # i32 where i64 belongs
        b"\x0a\0\x04" + b"\0" * 8,  # i64 where i32 belongs
        b"\x0b\0\x01\0\0\0\0",  # string where a boolean belongs
        b"\x0f\0\x0b\x0b\0\0\0\0",  # list where a set belongs
        b"\x0c\0\x07\0",  # struct where a string belongs
        b"\x0f\0\x0a\x08\0\0\0\x01\0\0\0\x01",  # list<i32> where list<string> belongs
        b"\x0d\0\x0c\x0b\x0b\0\0\0\x01\0\0\0\0\0\0\0\0",  # map<string, string> where map<string, Point> belongs
    ],
)
def test_a_known_field_of_another_type_is_not_taken_for_an_absent_one(field):
    refused(things.Everything, field + b"\0")


def test_booleans_are_0_or_1():
    assert decode(things.Everything, b"\x02\0\x01\x01\0").flag is True
    assert decode(things.Everything, b"\x02\0\x01\x00\0").flag is False
    refused(things.Everything, b"\x02\0\x01\x02\0")
    refused(things.Everything, b"\x02\0\x01\xff\0")


@pytest.mark.parametrize("text", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"])
def test_text_that_is_not_utf8_is_refused(text):
    refused(things.Everything, b"\x0b\0\x07" + struct.pack("!i", len(text)) + text + b"\0")


def test_a_replacement_character_that_was_really_sent_passes():
    assert decode(things.Everything, encode(things.Everything(text="�"))).text == "�"


def test_a_field_given_twice_is_refused():
    refused(things.Everything, b"\x0b\0\x07\0\0\0\x01a" * 2 + b"\0")


def test_keys_and_set_elements_given_twice_are_refused():
    pair = b"\0\0\0\x01\0\0\0\x01a"
    refused(things.Everything, b"\x0d\0\x11\x08\x0b\0\0\0\x02" + pair * 2 + b"\0")
    refused(things.Everything, b"\x0e\0\x12\x08\0\0\0\x02" + b"\0\0\0\x01" * 2 + b"\0")


def test_a_missing_required_field_is_refused():
    refused(things.Point, b"\0")
    refused(things.Point, b"\x08\0\x01\0\0\0\x01\0")
    refused(things.Everything, b"\x0f\0\x0f\x0c\0\0\0\x01" + b"\x0d\0\x0c\x0b\x0c\0\0\0\x01\0\0\0\x01a\0" + b"\0\0")


def test_a_union_of_two_members_or_none_is_refused():
    circle, names = b"\x0a\0\x02" + b"\0" * 8, b"\x0f\0\x03\x0b\0\0\0\0"
    assert decode(things.Shape, circle + b"\0").which() == "circle"
    refused(things.Shape, circle + names + b"\0")
    refused(things.Shape, b"\0")
    refused(things.Shape, b"\x0a\0\x63" + b"\0" * 8 + b"\0")
    refused(things.Everything, b"\x0c\0\x0e" + circle + names + b"\0\0")


@pytest.mark.parametrize(
    "field",
    [
        b"\x02\0\x63\x01",
        b"\x03\0\x63\x01",
        b"\x04\0\x63" + b"\0" * 8,
        b"\x06\0\x63\0\0",
        b"\x08\0\x63\0\0\0\0",
        b"\x0a\0\x63" + b"\0" * 8,
        b"\x0b\0\x63\0\0\0\x02\xff\xff",
        b"\x0c\0\x63" + POINT + b"\0",
        b"\x0d\0\x63\x0b\x0c\0\0\0\x01\0\0\0\x01a" + POINT + b"\0",
        b"\x0e\0\x63\x08\0\0\0\x01\0\0\0\x01",
        b"\x0f\0\x63\x0f\0\0\0\x01\x0b\0\0\0\x01\0\0\0\0",
        b"\x08\xff\xff\0\0\0\0",
    ],
)
def test_fields_of_a_newer_peer_pass(field):
    assert decode(things.Point, field + POINT + b"\0") == things.Point(x=1, y=2)
    assert decode(things.Point, POINT + field + b"\0") == things.Point(x=1, y=2)


def test_fields_and_set_elements_may_come_in_any_order():
    assert decode(things.Point, b"\x08\0\x02\0\0\0\x02\x08\0\x01\0\0\0\x01\0") == things.Point(x=1, y=2)
    for first, second in ((1, 2), (2, 1)):
        data = b"\x0e\0\x12\x08\0\0\0\x02" + struct.pack("!ii", first, second) + b"\0"
        assert decode(things.Everything, data).numbers == {1, 2}


def test_an_empty_container_may_name_any_element_type():
    assert decode(things.Everything, b"\x0f\0\x0a\x00\0\0\0\0\0").names == []


def test_a_type_that_does_not_exist_is_refused():
    for code in (1, 5, 7, 9, 17, 127, 255):
        refused(things.Point, POINT + bytes([code]) + b"\0\x63" + b"\0" * 20)


def test_maps_whose_keys_collide_stay_cheap():
    keys = [struct.pack("!i", number * 65_536) + b"\0\0\0\0" for number in range(30_000)]
    data = b"\x0d\0\x11\x08\x0b" + struct.pack("!i", len(keys)) + b"".join(keys) + b"\0"
    began = time.process_time()
    assert len(decode(things.Everything, data).numbered) == 30_000
    assert time.process_time() - began < 1


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_never_do_anything_else(data):
    for made in (things.Everything, things.Node, things.Shape, payment_processing.InvoiceParams):
        try:
            value = decode(made, data)
        except Malformed:
            continue
        assert type(value) is made


def test_a_good_message_with_any_one_byte_changed_never_does_anything_else():
    dice = random.Random(1)
    for position in range(len(GOOD)):
        for _ in range(6):
            data = bytearray(GOOD)
            data[position] = dice.randrange(256)
            try:
                decode(things.Everything, bytes(data))
            except Malformed:
                continue


# ---------------------------------------------------------------- envelopes

CALL = encode_call(ECHO, (things.Everything(text="x"),), 7)
REPLY = encode_result(ECHO, 7, things.Everything(text="x"))


def refused_call(data):
    with pytest.raises(Malformed):
        decode_call(things.Things, data)


def refused_reply(data, function=ECHO):
    with pytest.raises(Malformed):
        decode_reply(function, data, 7)


def test_messages_cut_at_any_byte_are_refused():
    for end in range(len(CALL)):
        refused_call(CALL[:end])
    for end in range(len(REPLY)):
        refused_reply(REPLY[:end])


def test_only_strict_envelopes_are_read():
    old = struct.pack("!I", 4) + b"Echo" + b"\x01" + struct.pack("!I", 7) + CALL[16:]
    refused_call(old)
    refused_call(b"\x80\x02" + CALL[2:])
    refused_call(b"\x80\x01\x01" + CALL[3:])


def test_a_name_that_is_too_long_not_ascii_or_unknown_is_refused():
    for name in (b"x" * 257, b"\xff", b"Nope", b""):
        refused_call(CALL[:4] + struct.pack("!I", len(name)) + name + CALL[12:])
    refused_call(CALL[:4] + HUGE + CALL[8:])


def test_a_reply_is_no_call_and_a_call_no_reply():
    refused_call(REPLY)
    refused_reply(CALL)
    refused_call(CALL[:3] + b"\x09" + CALL[4:])


def test_a_reply_to_another_call_is_refused():
    with pytest.raises(Malformed):
        decode_reply(ECHO, REPLY, 8)
    refused_reply(REPLY, things.Things.functions["Get"])


def test_an_answer_of_a_void_function_that_carries_something_unknown_is_no_success():
    put = things.Things.functions["Put"]
    head = encode_result(put, 7, None)[:-1]
    assert decode_reply(put, head + b"\0", 7) is None
    refused_reply(head + b"\x0c\0\x09\0" + b"\0", put)


def test_an_answer_without_a_result_is_refused():
    refused_reply(REPLY[:16] + b"\0")


def test_an_answer_with_two_results_is_refused():
    both = REPLY[:-1] + b"\x0c\0\x02\0" + b"\0"
    refused_reply(both)
