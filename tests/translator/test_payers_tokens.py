"""Tokens handed to payers: signed by a key of their own, which makes no merchant's token."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from gateway_kit import PARTY, START, StillClock, signing_key
from hand_made_tokens import (
    CLAIMS,
    GOOD,
    KEYS_OF_PAYERS,
    KID,
    PAYERS,
    PUBLIC_DER,
    PUBLIC_PEM,
    SECRET,
    by_hand,
    by_payers_key,
    part,
)

from translator.access_tokens import AccessTokens
from translator.errors import Unauthorized
from translator.keyset import keyset_of, kid_of
from translator.revocations import Revocations


@pytest.mark.parametrize(
    ("payers", "algorithm", "kid"),
    [(PAYERS, "ES256", kid_of(PAYERS.public_key())), (SECRET, "HS256", kid_of(SECRET))],
    ids=["ES256", "HS256"],
)
def test_payers_tokens_are_signed_by_a_key_of_their_own_where_there_is_one(payers, algorithm, kid):
    tokens = AccessTokens(keyset_of([], signing_key(), payers), Revocations.of(), clock=StillClock())
    for_payer, (for_merchant, _) = tokens.invoice_token(PARTY, "inv1"), tokens.issue(PARTY, [], lifetime_s=60)
    heads = [jwt.get_unverified_header(text) for text in (for_payer, for_merchant)]
    assert [(head["alg"], head["kid"]) for head in heads] == [(algorithm, kid), ("RS256", KID)]
    assert [tokens.identify(text, START).consumer for text in (for_payer, for_merchant)] == ["client", "merchant"]


def test_a_payers_token_made_with_the_secret_is_a_jwt_as_others_read_it():
    tokens = AccessTokens(keyset_of([], signing_key(), SECRET), Revocations.of(), clock=StillClock())
    read = jwt.decode(tokens.invoice_token(PARTY, "inv1"), SECRET.value, ["HS256"], options={"verify_exp": False})
    assert read["sub"] == PARTY and read["consumer"] == "client"


def hidden_in(alg, kid, secret):
    """A payer's claims, by HMAC with whatever is at hand, under another key's name."""
    return by_hand({"alg": alg, "kid": kid}, {**CLAIMS, "consumer": "client"}, secret=secret)


@pytest.mark.parametrize(
    "token",
    [
        hidden_in("HS256", KID, SECRET.value),
        hidden_in("RS256", KID, SECRET.value),
        hidden_in("RS256", kid_of(SECRET), SECRET.value),
        hidden_in("none", kid_of(SECRET), SECRET.value),
        hidden_in("HS384", kid_of(SECRET), SECRET.value),
        hidden_in("HS256", kid_of(SECRET), PUBLIC_PEM),
        hidden_in("HS256", kid_of(SECRET), PUBLIC_DER),
        hidden_in("HS256", kid_of(SECRET), b""),
        hidden_in("HS256", kid_of(SECRET), kid_of(SECRET).encode()),
        by_hand({"alg": "HS256", "kid": kid_of(SECRET)}, {**CLAIMS, "consumer": "client"}),
    ],
)
def test_a_secret_verifies_hs256_under_its_own_kid_alone_and_no_other_key_does(token):
    tokens = AccessTokens(keyset_of([], signing_key(), SECRET), Revocations.of(), clock=StillClock())
    with pytest.raises(Unauthorized):
        tokens.identify(token, START)


def test_a_secret_is_not_shown_where_keys_are():
    assert "ssss" not in repr(keyset_of([], signing_key(), SECRET)) + repr(SECRET)


MERCHANTS_CLAIMS = [
    (["invoices.i1:read"], {"consumer": "merchant"}),
    (["invoices.i1:read"], {"consumer": None}),
    *(
        (["invoices.i1:read", role], {})
        for role in (
            "invoices:read",
            "invoices.*:read",
            "invoices.*.payments:write",
            "invoices.i1:write",
            "party:read",
            "party:write",
            "party.*.invoice_templates:write",
            "party.*.invoice_templates.*:read",
            "party.*.invoice_templates.t1:write",
            "payouts:write",
            "invoices.i1:read\n",
        )
    ),
]


@pytest.mark.parametrize("key", KEYS_OF_PAYERS)
@pytest.mark.parametrize(("roles", "claims"), MERCHANTS_CLAIMS)
def test_the_payers_key_makes_no_merchants_token(key, roles, claims):
    tokens = AccessTokens(keyset_of([], signing_key(), key), Revocations.of(), clock=StillClock())
    with pytest.raises(Unauthorized):
        tokens.identify(by_payers_key(roles, key, **claims), START)


@pytest.mark.parametrize("key", KEYS_OF_PAYERS)
def test_every_token_handed_to_payers_holds_by_the_payers_key(key):
    tokens = AccessTokens(keyset_of([], signing_key(), key), Revocations.of(), clock=StillClock())
    for text in (tokens.invoice_token(PARTY, "inv1"), tokens.invoice_template_token(PARTY, "t1")):
        assert tokens.identify(text, START).consumer == "client"


def test_one_key_for_both_still_signs_for_merchants():
    tokens = AccessTokens(keyset_of([], PAYERS, PAYERS), Revocations.of(), clock=StillClock())
    assert tokens.identify(tokens.issue(PARTY, ["party:write"], lifetime_s=60)[0], START).consumer == "merchant"


def test_a_process_that_only_verifies_keeps_no_private_key():
    keyset = keyset_of([], signing_key(), PAYERS).without_private_keys()
    assert (keyset.signing, keyset.payers) == (None, None)
    tokens = AccessTokens(keyset, Revocations.of(), clock=StillClock())
    assert tokens.identify(GOOD, START).consumer == "merchant"
    with pytest.raises(Unauthorized):
        tokens.identify(by_payers_key(["party:write"]), START)


@pytest.mark.parametrize("alg", ["RS256", "HS256", "ES384", "none"])
def test_a_key_on_a_curve_verifies_es256_alone(alg):
    payers = ec.generate_private_key(ec.SECP256R1())
    tokens = AccessTokens(keyset_of([payers]), Revocations.of(), clock=StillClock())
    _, body, signature = jwt.encode(CLAIMS, payers, algorithm="ES256").split(".")
    with pytest.raises(Unauthorized):
        tokens.identify(f"{part({'alg': alg, 'kid': kid_of(payers.public_key())})}.{body}.{signature}", START)


def test_a_process_that_only_verifies_takes_payers_tokens_made_with_the_secret():
    keyset = keyset_of([], signing_key(), SECRET)
    made = AccessTokens(keyset, Revocations.of(), clock=StillClock()).invoice_token(PARTY, "inv1")
    tokens = AccessTokens(keyset.without_private_keys(), Revocations.of(), clock=StillClock())
    assert tokens.identify(made, START).consumer == "client"
    with pytest.raises(RuntimeError, match="no key to sign"):
        tokens.invoice_token(PARTY, "inv1")
