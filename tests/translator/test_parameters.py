"""Header, path and query parameters: exact coercion, and the kind of the violation."""

import pytest
from small_spec import small_spec

from translator.parameters import compile_parameter
from translator.schemas import SpecRefused
from translator.violations import Violation

QUERY = {node["name"]: node for node in small_spec()["paths"]["/shops"]["get"]["parameters"][2:]}
REQUEST_ID = small_spec()["parameters"]["requestID"]

TAKEN = [
    ("limit", "1", 1),
    ("limit", "1000", 1000),
    ("limit", "007", 7),
    ("offset", "9223372036854775807", 2**63 - 1),
    ("status", "open", "open"),
    ("fromTime", "2026-03-01T00:00:00+03:00", "2026-03-01T00:00:00+03:00"),
    ("day", "2026-03-01", "2026-03-01"),
    ("payerIP", "::1", "::1"),
    ("rate", "0.5", 0.5),
    ("rate", "1e-3", 0.001),
    ("deep", "true", True),
    ("deep", "false", False),
    ("geoIDs", "1,-2,3", [1, -2, 3]),
    ("tag", ["a", "b"], ["a", "b"]),
    ("rrn", "abcDEF123456", "abcDEF123456"),
]

REFUSED = [
    ("limit", "", "wrong_type"),
    ("limit", "+1", "wrong_type"),
    ("limit", " 1", "wrong_type"),
    ("limit", "1 ", "wrong_type"),
    ("limit", "1\n", "wrong_type"),
    ("limit", "1_0", "wrong_type"),
    ("limit", "1.0", "wrong_type"),
    ("limit", "1e2", "wrong_type"),
    ("limit", "0x10", "wrong_type"),
    ("limit", "\u0661", "wrong_type"),
    ("limit", "²", "wrong_type"),
    ("limit", "-", "wrong_type"),
    ("limit", "9" * 5000, "wrong_type"),
    ("limit", "2147483648", "wrong_format"),
    ("limit", "0", "wrong_size"),
    ("limit", "1001", "wrong_size"),
    ("offset", "-1", "wrong_size"),
    ("offset", "9223372036854775808", "wrong_format"),
    ("status", "OPEN", "not_in_range"),
    ("status", "", "not_in_range"),
    ("fromTime", "2026-03-01T00:00:00", "wrong_format"),
    ("day", "2026-13-01", "wrong_format"),
    ("payerIP", "1.2.3", "wrong_format"),
    ("rate", ".", "wrong_type"),
    ("rate", "+", "wrong_type"),
    ("rate", "nan", "wrong_type"),
    ("rate", "inf", "wrong_type"),
    ("rate", "1e999", "wrong_type"),
    ("rate", "0", "wrong_size"),
    ("deep", "True", "wrong_type"),
    ("deep", "1", "wrong_type"),
    ("geoIDs", "", "wrong_array"),
    ("geoIDs", "1,,2", "wrong_array"),
    ("geoIDs", "1,x", "wrong_array"),
    ("geoIDs", "1,2147483648", "wrong_array"),
    ("tag", ["a", "b", "c"], "wrong_array"),
    ("tag", ["a", ""], "wrong_array"),
    ("rrn", "abc", "no_match"),
    ("rrn", "abcDEF123456\n", "no_match"),
]


@pytest.mark.parametrize(("name", "text", "value"), TAKEN)
def test_a_parameter_within_its_rules_becomes_its_value(name, text, value):
    taken = compile_parameter(QUERY[name])(text)
    assert (taken, type(taken)) == (value, type(value))


@pytest.mark.parametrize(("name", "text", "kind"), REFUSED)
def test_a_parameter_outside_its_rules_is_told_by_kind(name, text, kind):
    with pytest.raises(Violation) as violation:
        compile_parameter(QUERY[name])(text)
    assert (violation.value.parameter, violation.value.kind) == (name, kind)


@pytest.mark.parametrize(("length", "fits"), [(1, True), (32, True), (33, False)])
def test_a_request_id_has_up_to_32_bytes(length, fits):
    parse = compile_parameter(REQUEST_ID)
    if fits:
        assert parse("x" * length) == "x" * length
    else:
        with pytest.raises(Violation, match="wrong_length"):
            parse("x" * length)


@pytest.mark.parametrize("text", ["é", "a\tb", "a\x7fb", "ÿ"])
def test_a_header_holds_visible_ascii_only(text):
    with pytest.raises(Violation, match="wrong_type"):
        compile_parameter(REQUEST_ID)(text)


def test_the_length_of_a_query_parameter_is_counted_in_characters():
    parse = compile_parameter({"name": "q", "in": "query", "type": "string", "maxLength": 2})
    assert parse("\U0001f600é") == "\U0001f600é"


@pytest.mark.parametrize(
    "node",
    [
        {"name": "q", "in": "query", "type": "file"},
        {"name": "q", "in": "query", "type": "string", "oneOf": []},
        {"name": "q", "in": "query", "type": "string", "pattern": "(?=x)("},
    ],
)
def test_a_rule_that_cannot_be_kept_stops_the_start(node):
    with pytest.raises(SpecRefused):
        compile_parameter(node)
