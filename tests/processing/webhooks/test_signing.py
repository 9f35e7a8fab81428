"""The signature as a merchant checks it, with a library of its own choice and nothing of ours; keys at rest."""

import base64
import hashlib
import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.serialization import load_der_public_key

from processing import sealing
from processing.sealing import UnsafeKeyFile
from processing.webhooks import signing
from tests.processing.webhooks.stage import PAIR

BODY = '{"eventID":1,"имя":"значение"}'.encode()


def digest_of(header: str) -> bytes:
    algorithm, _, digest = header.partition("; ")
    assert algorithm == "alg=RS256"
    name, _, value = digest.partition("=")
    assert name == "digest"
    return base64.b64decode(value, altchars=b"-_", validate=True)


def verify_with_openssl(folder: Path, public_der: bytes, signature: bytes, body: bytes) -> bool:
    """The openssl command: another implementation, in another process."""
    for name, data in (("key.der", public_der), ("signature", signature), ("body", body)):
        (folder / name).write_bytes(data)
    command = ["openssl", "dgst", "-sha256", "-verify", "key.der", "-keyform", "DER", "-signature", "signature", "body"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def verify_by_arithmetic(public_der: bytes, signature: bytes, body: bytes) -> bool:
    """RSASSA-PKCS1-v1_5 by hand (RFC 8017, 8.2.2): the signature to the power e is the padded SHA-256."""
    numbers = load_der_public_key(public_der).public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    opened = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(size, "big")
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(body).digest()
    return opened == b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info


def test_the_signature_is_rsassa_pkcs1_with_sha256_over_the_exact_bytes():
    signature = digest_of(signing.content_signature(signing.loaded(PAIR.private), BODY))
    assert verify_by_arithmetic(PAIR.public, signature, BODY)
    assert not verify_by_arithmetic(PAIR.public, signature, BODY + b" ")
    assert not verify_by_arithmetic(PAIR.public, bytes([signature[0] ^ 1]) + signature[1:], BODY)


def test_openssl_accepts_the_signature(tmp_path: Path):
    signature = digest_of(signing.content_signature(signing.loaded(PAIR.private), BODY))
    assert verify_with_openssl(tmp_path, PAIR.public, signature, BODY)
    assert not verify_with_openssl(tmp_path, PAIR.public, signature, BODY + b" ")


def test_a_signature_of_the_same_bytes_is_the_same():
    assert signing.content_signature(signing.loaded(PAIR.private), BODY) == signing.content_signature(
        signing.loaded(PAIR.private), BODY
    )


def test_a_pair_is_rsa_of_2048_bits_and_fresh():
    public = load_der_public_key(PAIR.public)
    assert (public.key_size, public.public_numbers().e) == (2048, 65537)
    assert signing.make_pair().public != PAIR.public


# ------------------------------------------------------------------------------------------------- keys at rest


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path):
    path = tmp_path / "secrets" / "webhooks.key"
    first = sealing.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["webhooks.key"]
    assert sealing.load_or_create(path).open(first.seal(b"private", "webhook 1"), "webhook 1") == b"private"


def test_a_sealed_key_shows_nothing_and_opens_for_its_own_hook_only(tmp_path: Path):
    its_keys = sealing.load_or_create(tmp_path / "k")
    sealed = its_keys.seal(PAIR.private, "webhook 1")
    assert PAIR.private[20:60] not in sealed
    assert sealed != its_keys.seal(PAIR.private, "webhook 1")
    with pytest.raises(InvalidTag):
        its_keys.open(sealed, "webhook 2")
    with pytest.raises(InvalidTag):
        its_keys.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "webhook 1")


def test_an_older_key_still_opens_after_a_new_one_was_added(tmp_path: Path):
    path = tmp_path / "k"
    sealed = sealing.load_or_create(path).seal(b"private", "webhook 1")
    path.write_text(path.read_text() + f"2:{'ab' * 32}\n")
    both = sealing.load_or_create(path)
    assert both.open(sealed, "webhook 1") == b"private"
    assert both.seal(b"x", "webhook 1")[:2] == b"\x00\x02"


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path):
    path = tmp_path / "k"
    sealing.load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(UnsafeKeyFile, match="chmod 600"):
        sealing.load_or_create(path)


@pytest.mark.parametrize("text", ["", "nonsense", "1:abcd", "one:" + "ab" * 32, "1:" + "ab" * 32 + "\n2:zz"])
def test_a_file_that_is_no_key_file_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "k"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UnsafeKeyFile, match="not a key file"):
        sealing.load_or_create(path)
