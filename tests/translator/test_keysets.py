"""Keys from files: which directories are a keyset, and which files stop the start."""

import base64
import hashlib

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from gateway_kit import PARTY, START, StillClock, other_key, signing_key
from hand_made_tokens import KID, PAYERS, PUBLIC_DER, PUBLIC_PEM, by_payers_key, pem_of

from translator.access_tokens import AccessTokens
from translator.errors import Unauthorized
from translator.keyset import KeyRefused, kid_of, load_keyset, read_key
from translator.revocations import Revocations


def test_a_directory_of_private_and_public_keys_is_a_keyset(tmp_path):
    (tmp_path / "capi.pem").write_bytes(pem_of(signing_key()))
    (tmp_path / "old.pem").write_bytes(
        other_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "notes.txt").write_text("no key")
    keyset = load_keyset(tmp_path, tmp_path / "capi.pem", tmp_path / "missing.pem")
    assert set(keyset.verifying) == {KID, kid_of(other_key().public_key())}
    assert keyset.signing[0] == keyset.payers[0] == KID


def test_a_kid_is_the_hash_of_the_public_key():
    assert base64.urlsafe_b64encode(hashlib.sha256(PUBLIC_DER).digest()).rstrip(b"=").decode() == KID


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        b"-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n",
        pem_of(rsa.generate_private_key(65537, 1024)),
        pem_of(ec.generate_private_key(ec.SECP384R1())),
    ],
)
def test_a_file_that_is_no_usable_key_stops_the_start(tmp_path, content):
    file = tmp_path / "capi.pem"
    file.write_bytes(content)
    with pytest.raises(KeyRefused, match=r"capi\.pem"):
        read_key(file)


def test_without_any_key_there_is_no_start(tmp_path):
    with pytest.raises(KeyRefused, match=r"no \*\.pem"):
        load_keyset(tmp_path, None)


def test_a_public_key_cannot_sign(tmp_path):
    file = tmp_path / "capi.pem"
    file.write_bytes(PUBLIC_PEM)
    with pytest.raises(KeyRefused, match="private"):
        load_keyset(tmp_path, file)


def secret_file(directory, content=b"5a" * 32 + b"\n", mode=0o600):
    file = directory / "payers.key"
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_a_secret_takes_over_from_a_payers_key_in_pem_whose_tokens_still_hold(tmp_path):
    (tmp_path / "capi.pem").write_bytes(pem_of(signing_key()))
    (tmp_path / "payers.pem").write_bytes(pem_of(PAYERS))
    secret_file(tmp_path)
    tokens = AccessTokens(
        load_keyset(tmp_path, tmp_path / "capi.pem", tmp_path / "payers.key"), Revocations.of(), clock=StillClock()
    )
    assert jwt.get_unverified_header(tokens.invoice_token(PARTY, "inv1"))["alg"] == "HS256"
    assert tokens.identify(by_payers_key(["invoices.i1:read"]), START).consumer == "client"
    with pytest.raises(Unauthorized):
        tokens.identify(by_payers_key(["party:write"], consumer="merchant"), START)


@pytest.mark.parametrize("content", [b"", b"5a" * 31, b"not hexadecimal", b"\xff" * 40])
def test_a_file_that_holds_no_good_secret_stops_the_start(tmp_path, content):
    (tmp_path / "capi.pem").write_bytes(pem_of(signing_key()))
    with pytest.raises(KeyRefused, match=r"payers\.key holds"):
        load_keyset(tmp_path, tmp_path / "capi.pem", secret_file(tmp_path, content))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_secret_that_others_may_read_stops_the_start(tmp_path, mode):
    (tmp_path / "capi.pem").write_bytes(pem_of(signing_key()))
    with pytest.raises(KeyRefused, match="chmod 600"):
        load_keyset(tmp_path, tmp_path / "capi.pem", secret_file(tmp_path, mode=mode))
