"""Signatures of Standard Webhooks: the published vectors, and another implementation as the receiver."""

import base64
import re
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from processing.webhooks import standard_signing
from processing.webhooks.standard_signing import Secret, headers, make_secret, public_text, secret_text

# Published with the specification's own libraries, for the symmetric and the asymmetric scheme.
MESSAGE_ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SHARED = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SEED = "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="
SHARED_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OWN_SIGNATURE = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="


def published() -> Secret:
    seed = base64.b64decode(SEED)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return Secret(base64.b64decode(SHARED), seed, public)


def test_the_published_vectors_come_out():
    assert headers([published()], MESSAGE_ID, TIMESTAMP, BODY) == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": f"{SHARED_SIGNATURE} {OWN_SIGNATURE}",
    }


def test_every_secret_in_force_signs():
    secrets = [make_secret(), make_secret(), make_secret()]
    signatures = headers(secrets, MESSAGE_ID, TIMESTAMP, BODY)["webhook-signature"].split(" ")
    assert [text.partition(",")[0] for text in signatures] == ["v1", "v1a"] * 3
    assert len(set(signatures)) == 6


def now_signed(secrets: list[Secret], body: bytes) -> dict[str, str]:
    return headers(secrets, "evt_1", int(time.time()), body)


def test_the_standards_own_library_accepts_either_of_two_secrets_and_no_third():
    old, new = make_secret(), make_secret()
    said = now_signed([new, old], b'{"a":1}')
    for secret in (old, new):
        assert Webhook(secret_text(secret.shared)).verify('{"a":1}', said) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(make_secret().shared)).verify('{"a":1}', said)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(new.shared)).verify('{"a":2}', said)


def test_the_public_key_verifies_what_only_we_can_sign():
    secret = make_secret()
    said = headers([secret], "evt_1", TIMESTAMP, BODY)
    signature = base64.b64decode(said["webhook-signature"].split(" v1a,")[1])
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_text(secret.public).removeprefix("whpk_")))
    public.verify(signature, b"evt_1.%d." % TIMESTAMP + BODY)
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"evt_2.%d." % TIMESTAMP + BODY)


def test_secrets_are_long_and_in_the_standards_words():
    secret = make_secret()
    assert len(secret.shared) == standard_signing.SECRET_BYTES == 32
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret_text(secret.shared))
    assert re.fullmatch(r"whpk_[A-Za-z0-9+/]{43}=", public_text(secret.public))
    assert make_secret() != secret
