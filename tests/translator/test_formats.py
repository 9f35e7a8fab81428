"""The format words that are checked, each with texts on both sides of its border."""

from datetime import UTC, datetime

import pytest

from translator.formats import TEXT_FORMATS, parse_date_time

VALID = {
    "date-time": [
        "2026-03-01T12:00:00Z",
        "2026-03-01t12:00:00z",
        "2026-03-01T12:00:00.123456789+23:59",
        "2024-02-29T23:59:59-00:00",
        "0001-01-01T00:00:00Z",
    ],
    "date": ["2026-03-01", "2024-02-29"],
    "email": ["a@b.cd", "o'neil+tag@sub.example.com", '"a b"@example.com', "me@localhost", "me@[127.0.0.1]"],
    "ip-address": ["127.0.0.1", "::1", "2001:db8::ff00:42:8329", "::ffff:1.2.3.4"],
    "http-url": ["http://a", "https://example.com:8080/p?q=1#f", "HTTPS://EXAMPLE.COM/%20", "http://[::1]/"],
    "uri": ["urn:isbn:1", "mailto:a@b.cd", "https://example.com/"],
}
INVALID = {
    "date-time": [
        "",
        "2026-03-01",
        "2026-03-01T12:00:00",
        "2026-03-01 12:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:00:60Z",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+0100",
        "2026-03-01T12:00:00Z\n",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-03-01T12:00:00Z",
        "+2026-03-01T12:00:00Z",
        "2026-W09-1T12:00:00Z",
    ],
    "date": ["2026-3-1", "2026-02-30", "20260301", "2026-03-01T00:00:00Z", "2026-W09-1", "٢٠٢٦-03-01"],
    "email": [
        "nope",
        "a@",
        "@b.cd",
        "a b@c.de",
        "a@b..cd",
        "a..b@c.de",
        "a@-b.cd",
        "a@b.cd\n",
        "é@b.cd",
        "a@" + "b" * 400,
    ],
    "ip-address": [
        "",
        "1.2.3",
        "127.0.0.01",
        "1.2.3.4.5",
        "256.1.1.1",
        "fe80::1%eth0",
        "::1 ",
        "127.1",
        "0x7f.0.0.1",
        "\u0661.2.3.4",
    ],
    "http-url": [
        "",
        "ftp://a",
        "http://",
        "http:a",
        "//a",
        "http://a b",
        "javascript:alert(1)",
        "http://a/%zz",
        "http://a\n",
    ],
    "uri": ["", "no-scheme", "1a:b", "a:", "a:b c", "http://é", "a:%g0"],
}


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in VALID.items() for text in texts])
def test_a_text_of_the_format_passes(word, text):
    assert TEXT_FORMATS[word](text)


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in INVALID.items() for text in texts])
def test_any_other_text_does_not(word, text):
    assert not TEXT_FORMATS[word](text)


@pytest.mark.parametrize("text", VALID["date-time"])
def test_a_date_time_that_passes_can_always_be_read(text):
    assert parse_date_time(text).tzinfo is UTC


def test_a_date_time_is_read_in_utc():
    assert parse_date_time("2026-03-01T12:00:00.5+03:00") == datetime(2026, 3, 1, 9, 0, 0, 500_000, UTC)
