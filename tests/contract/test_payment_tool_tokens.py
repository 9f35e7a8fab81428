"""Payment tool tokens: only their own key opens them, nobody can change them, and they end when they say."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey, RSAKey

from rpc.codec import encode
from rpc.protocol import domain, tokens
from translator.payment_tool_tokens import (
    InvalidToken,
    PaymentToolTokens,
    UnsafeKeyFile,
    end_of_month,
    load_key,
    valid_until_of,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, 999, tzinfo=UTC)
LIFETIME = timedelta(minutes=64)
KEY = bytes(range(32))
OURS = PaymentToolTokens(KEY, LIFETIME)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TOOLS = st.one_of(
    st.builds(lambda name: domain.PaymentTool(payment_terminal=domain.PaymentTerminal(provider=name)), TEXT),
    st.builds(
        lambda name, token: domain.PaymentTool(
            digital_wallet=domain.DigitalWallet(provider="qiwi", id=name, token=token)
        ),
        TEXT,
        TEXT | st.none(),
    ),
    st.builds(
        lambda token, year: domain.PaymentTool(
            bank_card=domain.BankCard(
                token=token,
                payment_system="visa",
                bin="424242",
                last_digits="4242",
                exp_date=domain.ExpDate(month=12, year=year),
            )
        ),
        TEXT,
        st.integers(2027, 2099),
    ),
)
TERMINAL = domain.PaymentTool(payment_terminal=domain.PaymentTerminal(provider="euroset"))


def card(month, year):
    expiry = domain.ExpDate(month=month, year=year)
    return domain.PaymentTool(
        bank_card=domain.BankCard(token="t", payment_system="visa", bin="4", last_digits="2", exp_date=expiry)
    )


@given(TOOLS)
def test_a_token_opens_to_the_tool_that_was_sealed(tool):
    token, valid_until = OURS.seal(tool, NOW)
    assert token.startswith("v2.")
    assert OURS.open(token, NOW) == tool
    assert valid_until == NOW.replace(microsecond=0) + LIFETIME


def test_two_tokens_of_one_tool_have_nothing_in_common():
    first, second = (OURS.seal(TERMINAL, NOW)[0] for _ in range(2))
    assert first.split(".")[2:] != second.split(".")[2:]
    assert "euroset" not in first


def test_a_token_cannot_be_changed_anywhere():
    token = OURS.seal(TERMINAL, NOW)[0]
    for place in range(3, len(token), 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        if changed.rstrip("=") == token:
            continue
        with pytest.raises(InvalidToken):
            OURS.open(changed, NOW)


def test_another_key_opens_nothing():
    token = OURS.seal(TERMINAL, NOW)[0]
    with pytest.raises(InvalidToken):
        PaymentToolTokens(bytes(32), LIFETIME).open(token, NOW)


@pytest.mark.parametrize(
    "text", ["", "v", "v2", "v2.", "v2.....", "v2.a.b.c.d.e", "v1.x", "x", "é" * 20, "v2." + "a" * 5000]
)
def test_any_other_text_is_no_token(text):
    with pytest.raises(InvalidToken):
        OURS.open(text, NOW)


@pytest.mark.parametrize("invoice", [None, "inv2", ""])
def test_a_token_for_one_invoice_opens_for_no_other(invoice):
    token, _ = OURS.seal(TERMINAL, NOW, "inv1")
    assert OURS.open(token, NOW, "inv1") == TERMINAL
    with pytest.raises(InvalidToken):
        OURS.open(token, NOW, invoice)


def test_a_token_for_no_invoice_in_particular_opens_for_any():
    assert OURS.open(OURS.seal(TERMINAL, NOW)[0], NOW, "inv1") == TERMINAL


def test_a_token_ends_at_its_own_second():
    token, valid_until = OURS.seal(TERMINAL, NOW)
    assert OURS.open(token, valid_until - timedelta(microseconds=1)) == TERMINAL
    with pytest.raises(InvalidToken):
        OURS.open(token, valid_until)


@pytest.mark.parametrize(
    ("month", "year", "valid_until"),
    [
        (3, 2026, NOW.replace(microsecond=0) + LIFETIME),
        (2, 2026, datetime(2026, 3, 1, tzinfo=UTC)),
        (12, 2030, NOW.replace(microsecond=0) + LIFETIME),
    ],
)
def test_a_token_does_not_outlive_its_card(month, year, valid_until):
    assert valid_until_of(card(month, year), NOW, LIFETIME) == valid_until


def test_a_card_is_good_to_the_end_of_its_month():
    assert end_of_month(2026, 12) == datetime(2027, 1, 1, tzinfo=UTC)
    assert end_of_month(2026, 2) == datetime(2026, 3, 1, tzinfo=UTC)
    assert end_of_month(9999, 11) == datetime(9999, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(("month", "year"), [(12, 9999), (1, 10000), (12, 32767)])
def test_a_card_without_an_end_in_sight_gets_a_token_of_the_usual_life(month, year):
    assert valid_until_of(card(month, year), NOW, LIFETIME) == NOW.replace(microsecond=0) + LIFETIME


def sealed_otherwise(payload, header, key, prefix="v2."):
    algorithms = [header["alg"], header["enc"]]
    return prefix + jwe.encrypt_compact(header, encode(payload), key, algorithms=algorithms)


USUAL = {"alg": "A256GCMKW", "enc": "A256GCM"}


def test_a_token_of_the_first_format_has_no_end():
    endless = tokens.PaymentToolToken(payment_tool=TERMINAL)
    first = sealed_otherwise(endless, USUAL, OctKey.import_key(KEY), "v1.")
    assert OURS.open(first, NOW + timedelta(days=3650)) == TERMINAL


def test_a_token_of_the_second_format_must_say_its_end():
    endless = tokens.PaymentToolToken(payment_tool=TERMINAL)
    with pytest.raises(InvalidToken):
        OURS.open(sealed_otherwise(endless, USUAL, OctKey.import_key(KEY)), NOW)


def test_calling_an_expired_token_one_of_the_first_format_does_not_revive_it():
    token, valid_until = OURS.seal(TERMINAL, NOW)
    with pytest.raises(InvalidToken):
        OURS.open("v1." + token[3:], valid_until)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ({"alg": "dir", "enc": "A256GCM"}, OctKey.import_key(KEY)),
        ({"alg": "A256KW", "enc": "A256GCM"}, OctKey.import_key(KEY)),
        ({"alg": "A256GCMKW", "enc": "A256CBC-HS512"}, OctKey.import_key(KEY)),
        ({"alg": "RSA-OAEP", "enc": "A256GCM"}, RSAKey.generate_key(2048)),
    ],
    ids=lambda value: value["alg"] if isinstance(value, dict) else "",
)
def test_no_other_algorithm_is_taken_from_a_header(header, key):
    good = tokens.PaymentToolToken(payment_tool=TERMINAL, valid_until="2030-01-01T00:00:00Z")
    with pytest.raises(InvalidToken):
        OURS.open(sealed_otherwise(good, header, key), NOW)


def test_a_key_file_is_made_once_for_its_owner_only(tmp_path):
    file = tmp_path / "secrets" / "token.key"
    key = load_key(file)
    assert len(key) == 32
    assert load_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [one.name for one in file.parent.iterdir()] == ["token.key"]


def test_of_two_processes_that_begin_at_once_the_slower_takes_the_key_of_the_faster(tmp_path):
    file = tmp_path / "token.key"
    faster: list[bytes] = []

    def meanwhile(size):
        faster.append(load_key(file))
        return bytes(size)

    assert load_key(file, meanwhile) == faster[0] != bytes(32)


def test_a_key_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / "token.key"
    load_key(file)
    file.chmod(0o640)
    with pytest.raises(UnsafeKeyFile, match="chmod 600"):
        load_key(file)


@pytest.mark.parametrize("text", ["", "xyz", "00" * 31, "00" * 33, "\xff"])
def test_a_file_that_is_no_key_is_refused(tmp_path, text):
    file = tmp_path / "token.key"
    file.write_bytes(text.encode("latin-1"))
    file.chmod(0o600)
    with pytest.raises(UnsafeKeyFile, match="is no key"):
        load_key(file)
