"""Nothing that PCI DSS forbids to store gets past the filter, in any spelling; ordinary text passes unchanged."""

import base64
import random

import orjson
import pytest

from telemetry.redaction import (
    CARD,
    HIDDEN,
    is_card,
    is_secret_name,
    looks_suspicious,
    luhn,
    means_secret,
    redact,
    redact_text,
)

CARDS = [
    "4242424242424242",
    "5555555555554444",
    "378282246310005",
    "2200000000000004",
    "6304000000000000",
    "6011111111111117",
]
SEPARATORS = [" ", "-", ".", "_", "/", ":", "  ", " - ", "\t", "\n", "\u00a0", "\u2011", "\u2003", "|"]


def grouped(number: str, separator: str) -> str:
    """A card as people write it, in groups of four."""
    return separator.join(number[place : place + 4] for place in range(0, len(number), 4))


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize("separator", ["", *SEPARATORS], ids=ascii)
def test_a_card_is_hidden_however_its_digits_are_separated(number, separator):
    hidden = redact_text(f"paid with {grouped(number, separator)} today")
    assert hidden == f"paid with {CARD} today"


@pytest.mark.parametrize(
    "text",
    [
        "amount 100 4242424242424242 12/26",
        "4242424242424242=26122010000000000000",
        "B4242424242424242^SURNAME/NAME^2612",
        '{"number":"4242424242424242","cvv":"123"}',
        "/v2/cards/4242424242424242?x=1",
        "%B4242424242424242",
        "pan=4242424242424242&exp=1226",
        "4-2-4-2-4-2-4-2-4-2-4-2-4-2-4-2",
    ],
)
def test_a_card_is_hidden_whatever_stands_around_it(text):
    hidden = redact_text(text)
    assert CARD in hidden
    assert "42424242" not in hidden.replace("-", "")


def test_every_valid_number_of_every_length_is_hidden():
    dice = random.Random(7)
    for _ in range(3000):
        body = "".join(dice.choices("0123456789", k=dice.randint(11, 18)))
        number = next(body + last for last in "0123456789" if luhn(body + last) or len(set(body + last)) == 1)
        assert redact_text(f"x {number} y") == f"x {CARD} y"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 05:53:00.123456",
        "2026-11-22T05:53:00.123Z",
        "4242424242424243",
        "order 12345678901",
        "000000000000",
        "17953284414525202345",
        "request 0f8fad5b-d9cb-469f-a165-70867728950e",
        "amounts 1000, 2000, 3000",
    ],
)
def test_what_is_no_card_is_left_alone(text):
    assert redact_text(text) == text


def test_a_secret_is_known_by_a_name_of_any_length_and_long_names_are_not_remembered():
    before = means_secret.cache_info().currsize
    assert is_secret_name("x" * 1_000_000 + "_cvv")
    assert not is_secret_name("x" * 1_000_000)
    assert means_secret.cache_info().currsize == before


def test_a_number_is_read_like_a_text():
    assert redact({"n": 4242424242424242, "amount": 100000}) == {"n": CARD, "amount": 100000}
    assert redact(2**70) == str(2**70)


@pytest.mark.parametrize(
    "name",
    ["cvv", "CVV2", "card_number", "cardNumber", "pan", "Authorization", "access_token", "paymentToolToken",
     "securityCode", "invoiceAccessToken", "client_secret", "password", "private-key", "Set-Cookie", "payment_session",
     "api_key"],
)  # fmt: skip
def test_a_secret_is_known_by_its_name(name):
    assert is_secret_name(name)
    assert redact({name: "abc"}) == {name: HIDDEN}


@pytest.mark.parametrize("name", ["token_id", "amount", "company", "status", "operation", "span_id", "session_expired"])
def test_an_ordinary_name_hides_nothing(name):
    assert redact({name: "abc"}) == {name: "abc"}


def test_secrets_are_found_at_any_depth_and_in_names():
    value = {"a": [{"b": ({"cvv": 123, "note": "4242 4242 4242 4242"},)}], "4242424242424242": 1}
    assert redact(value) == {"a": [{"b": [{"cvv": HIDDEN, "note": CARD}]}], CARD: 1}


def test_depth_is_bounded():
    value = current = {}
    for _ in range(100):
        current["x"] = current = {}
    assert "[too deep]" in str(redact(value))


def test_tokens_and_private_keys_are_hidden_in_any_text():
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJl"
    pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"
    assert redact_text(f"Bearer {token}, tool v2.{token}") == "Bearer [token], tool [token]"
    assert redact_text(f"key {pem} end") == "key [private key] end"


def test_no_character_can_forge_a_line_or_move_a_cursor():
    assert redact_text("a\r\nb\x1b[2Jc\x9bd\u2028e\u202ef\ud800g\x7f") == (
        "a\\r\\nb\\u001b[2Jc\\u009bd\\u2028e\\u202ef\\ud800g\\u007f"
    )


def test_objects_are_shown_by_their_redacted_text_and_bytes_by_their_size():
    assert redact(ValueError("card 4242424242424242")) == f"card {CARD}"
    assert redact(b"4242424242424242") == "[16 bytes]"


def test_grouped_digits_that_begin_like_a_year_are_no_card():
    number = next(f"201012310815000{last}" for last in range(10) if luhn(f"201012310815000{last}"))
    assert not is_card(number, grouped=True)
    assert is_card(number, grouped=False)


ENCODERS = {
    "full-width digits": lambda number: number.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),
    "arabic digits": lambda number: number.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)}),
    "percent": lambda number: "".join(f"%{ord(digit):x}" for digit in number),
    "percent, twice": lambda number: "".join(f"%25{ord(digit):x}" for digit in number),
    "unicode escapes": lambda number: "".join(f"\\u{ord(digit):04x}" for digit in number),
    "escapes of escapes": lambda number: "".join(f"\\\\u{ord(digit):04X}" for digit in number),
    "character references": lambda number: "".join(f"&#{ord(digit)};" for digit in number),
    "base64": lambda number: base64.b64encode(number.encode()).decode(),
    "base64, shifted by one": lambda number: base64.b64encode(b"x" + number.encode()).decode(),
    "base64, shifted by two": lambda number: base64.urlsafe_b64encode(b"xy" + number.encode()).decode().rstrip("="),
    "hexadecimal": lambda number: number.encode().hex(),
}


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("number", CARDS)
def test_a_card_is_hidden_in_every_encoding(number, encoder):
    encoded = ENCODERS[encoder](number)
    hidden = redact_text(f"a {encoded} z")
    assert CARD in hidden and encoded not in hidden
    assert looks_suspicious(orjson.dumps({"x": f"a {encoded} z"}))


@pytest.mark.parametrize(
    "text", ["cvv=123", "CVV: 1234", "cvc2 = 123", '"cvv":"123"', "&CVC=123&", "cvv2:\t123", "Cvv=123", "cVc 123"]
)
def test_a_cvv_that_is_called_so_is_hidden_in_any_text(text):
    assert "123" not in redact_text(f"pay {text} now")
    assert looks_suspicious(text.encode())


@pytest.mark.parametrize(
    "text", ["cvv missing", "cvv 12", "cvv 12345", "receive 123", "100%", "%20a%2F", "&#60;", "TWpN"]
)
def test_what_only_resembles_an_encoding_is_left_alone(text):
    assert redact_text(text) == text


def test_a_card_that_became_a_fraction_is_hidden():
    assert redact([4242424242424242.0, 6304000000000000000.0]) == [CARD, CARD]
    assert redact([4.25, 1763796000.5, 100000.0]) == [4.25, 1763796000.5, 100000.0]
