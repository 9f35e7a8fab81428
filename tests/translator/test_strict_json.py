"""Strict JSON: what is let through is exactly what was sent."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator.strict_json import JsonRefused, parse

REFUSED = {
    "nothing": b"",
    "blank": b"  ",
    "half": b'{"a":',
    "two values": b"{}{}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "not UTF-8": b'"\xff"',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "escaped lone surrogate": b'"\\ud800"',
    "escaped lone low surrogate": b'"\\udc00x"',
    "NaN": b'{"a":NaN}',
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "number beyond doubles": b"1e999",
    "huge integer": b"1" * 5000,
    "duplicate key": b'{"a":1,"a":1}',
    "duplicate key deep inside": b'{"x":[{"k":{"a":1,"b":2,"a":3}}]}',
    "duplicate empty key": b'{"":1,"":2}',
    "duplicate key, once escaped": b'{"a":1,"\\u0061":2}',
    "duplicate key with a colon": b'{"a:b":1,"a:b":2}',
    "duplicate key with an escaped colon": b'{"a:":1,"a\\u003a":2}',
    "duplicate hidden by a colon in a value": b'{"a":":","a":"x"}',
    "U+0000 in a value": b'["\\u0000"]',
    "U+0000 in a key": b'{"\\u0000":1}',
    "raw control character": b'["\x01"]',
    "comment": b"{} // no",
    "trailing comma": b"[1,]",
    "65 arrays": b"[" * 65 + b"]" * 65,
    "65 objects": b'{"a":' * 65 + b"1" + b"}" * 65,
    "65 arrays behind a huge integer": b"[18446744073709551616," + b"[" * 65 + b"]" * 65 + b"]",
    "100,000 arrays": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_what_is_no_strict_json_is_refused(raw):
    with pytest.raises(JsonRefused, match="Invalid json"):
        parse(raw, 64)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"[" * 64 + b"]" * 64, json.loads("[" * 64 + "]" * 64)),
        (b'{"a":"b:c","d:e":[":",{"f":":::"}]}', {"a": "b:c", "d:e": [":", {"f": ":::"}]}),
        (b'"\\u0041\\u003a\\ud83d\\ude00"', "A:\U0001f600"),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"1e30", 1e30),
        (b"5.0", 5.0),
        (b" null ", None),
    ],
)
def test_what_is_strict_json_is_read_exactly(raw, value):
    read, beyond_int64 = parse(raw, 64)
    assert (read, type(read), beyond_int64) == (value, type(value), False)


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, 10**30, -(2**63) - 1])
def test_an_integer_beyond_int64_stays_an_integer_and_is_reported(number):
    assert parse(b'{"metadata":{"n":%d}}' % number, 64) == ({"metadata": {"n": number}}, True)


members = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=6)
    | st.text(':ab\\"', max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(':a\\"', max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(members, st.booleans())
def test_every_json_value_comes_back_as_it_was(value, escaped):
    read, _ = parse(json.dumps(value, ensure_ascii=escaped).encode(), 64)
    assert read == value


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.text(":ab", max_size=2), st.text(":x", max_size=3)), max_size=5))
def test_an_object_is_refused_exactly_when_a_key_repeats(pairs):
    raw = ("{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in pairs) + "}").encode()
    if len(dict(pairs)) == len(pairs):
        assert parse(raw, 64)[0] == dict(pairs)
    else:
        with pytest.raises(JsonRefused):
            parse(raw, 64)
