"""Access tokens: which ones hold, for how long, and what is refused whatever it says about itself."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from gateway_kit import PARTY, START, StillClock, other_key, signed, signing_key
from hand_made_tokens import (
    BODY,
    CLAIMS,
    GOOD,
    HEAD,
    KID,
    NOW,
    PUBLIC_DER,
    PUBLIC_PEM,
    SIGNATURE,
    by_hand,
    part,
    tokens_of,
    without,
)

from translator.access_tokens import AccessTokens
from translator.authorization import parse_role
from translator.errors import Unauthorized
from translator.keyset import Keyset, keyset_of, kid_of
from translator.revocations import Revocations

REFUSED = {
    "nothing": "",
    "not a token": "abc",
    "two dots only": "..",
    "not ASCII": "é.é.é",
    "no signature": f"{HEAD}.{BODY}.",
    "signature cut": GOOD[:-10],
    "signature of other claims": f"{HEAD}.{part({**CLAIMS, 'sub': 'party-2'})}.{SIGNATURE}",
    "alg none": by_hand({"alg": "none", "kid": KID, "typ": "JWT"}),
    "alg None in capitals": by_hand({"alg": "NONE", "kid": KID}),
    "alg missing": by_hand({"kid": KID}),
    "HS256 with the public PEM as its secret": by_hand({"alg": "HS256", "kid": KID}, secret=PUBLIC_PEM),
    "HS256 with the public DER as its secret": by_hand({"alg": "HS256", "kid": KID}, secret=PUBLIC_DER),
    "HS256 with an empty secret": by_hand({"alg": "HS256", "kid": KID}, secret=b""),
    "RS512 of the right key": jwt.encode(CLAIMS, signing_key(), algorithm="RS512", headers={"kid": KID}),
    "PS256 of the right key": jwt.encode(CLAIMS, signing_key(), algorithm="PS256", headers={"kid": KID}),
    "ES256": jwt.encode(CLAIMS, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": KID}),
    "another key under our kid": signed(CLAIMS, other_key(), KID),
    "another key under its own kid": signed(CLAIMS, other_key(), kid_of(other_key().public_key())),
    "no kid": jwt.encode(CLAIMS, signing_key(), algorithm="RS256"),
    "kid of another type": by_hand({"alg": "RS256", "kid": [KID]}),
    "kid that is a path": signed(CLAIMS, kid="../../capi.pem"),
    "key inside the token": signed(
        CLAIMS, other_key(), "evil", jwk=json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(other_key().public_key()))
    ),
    "key at an address": signed(
        CLAIMS, other_key(), "evil", jku="https://evil.example/jwks", x5u="https://evil.example"
    ),
    "crit": signed(CLAIMS, crit=["exp"], exp=1),
    "crit of an unknown word": signed(CLAIMS, crit=["urn:x"]),
    "unencoded payload": by_hand({"alg": "RS256", "kid": KID, "b64": False, "crit": ["b64"]}),
    "expired": signed({**CLAIMS, "exp": NOW - 1}),
    "expiring this second": signed({**CLAIMS, "exp": NOW}),
    "exp as text": signed({**CLAIMS, "exp": "0"}),
    "exp as fraction": signed({**CLAIMS, "exp": NOW + 60.5}),
    "exp as boolean": signed({**CLAIMS, "exp": False}),
    "exp below zero": signed({**CLAIMS, "exp": -1}),
    "exp null": signed({**CLAIMS, "exp": None}),
    "nbf in the next second": signed({**CLAIMS, "nbf": NOW + 1}),
    "nbf as text": signed({**CLAIMS, "nbf": "0"}),
    "nbf null": signed({**CLAIMS, "nbf": None}),
    "no jti": without("jti"),
    "no sub": without("sub"),
    "no exp": without("exp"),
    "empty jti": signed({**CLAIMS, "jti": ""}),
    "empty sub": signed({**CLAIMS, "sub": ""}),
    "sub with a line end": signed({**CLAIMS, "sub": "a\nb"}),
    "sub beyond ASCII": signed({**CLAIMS, "sub": "é"}),
    "too long": signed({**CLAIMS, "padding": "x" * 8192}),
    "claims that are a list": by_hand({"alg": "RS256", "kid": KID}, ["x"]),
    "claims nested very deep": by_hand({"alg": "RS256", "kid": KID}, b"[" * 3000 + b"]" * 3000),
    "a header nested very deep": f"{part(b'[' * 3000 + b']' * 3000)}.{part(CLAIMS)}.{SIGNATURE}",
    "encrypted": "a.b.c.d.e",
}


@pytest.mark.parametrize("token", REFUSED.values(), ids=REFUSED)
def test_a_token_that_does_not_hold_is_refused(token):
    with pytest.raises(Unauthorized):
        tokens_of().identify(token, START)


@pytest.mark.parametrize("token", [REFUSED["alg none"], REFUSED["expired"], REFUSED["too long"], "é"])
def test_every_refusal_is_the_same_401(house, token):
    answer = house.send("GET", "/v9/shops?limit=1", headers={"authorization": f"Bearer {token}"})
    assert (answer.status, answer.body) == (401, b"")


def test_a_token_that_holds_names_its_party_and_roles():
    identity = tokens_of().identify(signed({**CLAIMS, "email": "a@b.cd"}), START)
    assert (identity.party_id, identity.email, identity.consumer) == (PARTY, "a@b.cd", "merchant")
    assert identity.roles.allows((("party", None),), "read")


def test_any_key_of_the_set_verifies():
    tokens = tokens_of(signing_key(), other_key())
    for key in (signing_key(), other_key()):
        assert tokens.identify(signed(CLAIMS, key, kid_of(key.public_key())), START).party_id == PARTY


@pytest.mark.parametrize("nbf", [0, NOW, NOW - 0.5])
def test_a_token_holds_from_its_first_second_on(nbf):
    assert tokens_of().identify(signed({**CLAIMS, "nbf": nbf}), START).party_id == PARTY


def test_exp_of_zero_never_ends():
    tokens = tokens_of()
    assert tokens.identify(signed({**CLAIMS, "exp": 0}), START.replace(year=9000)).expires_at is None


@pytest.mark.parametrize("exp", [253_402_300_800, 10**15, 10**30])
def test_a_token_may_end_beyond_the_calendar(exp):
    tokens = tokens_of()
    for _ in range(2):
        assert tokens.identify(signed({**CLAIMS, "exp": exp}), START.replace(year=9999)).expires_at == exp


@pytest.mark.parametrize(
    "claim",
    [None, {}, {"common-api": None}, {"common-api": {"roles": "party:read"}}, {"other": {"roles": ["party:read"]}}, []],
)
def test_roles_of_another_shape_are_no_roles(claim):
    identity = tokens_of().identify(signed({**CLAIMS, "resource_access": claim}), START)
    assert identity.roles.rules == ()


def test_a_remembered_token_ends_when_it_expires():
    tokens, clock = tokens_of(), StillClock()
    assert tokens.identify(GOOD, clock()).party_id == PARTY
    clock.advance(seconds=59)
    assert tokens.identify(GOOD, clock()).party_id == PARTY
    clock.advance(seconds=1)
    with pytest.raises(Unauthorized):
        tokens.identify(GOOD, clock())


def test_a_remembered_token_ends_when_it_is_revoked():
    revocations = Revocations.of()
    tokens = tokens_of(revocations=revocations)
    assert tokens.identify(GOOD, START).party_id == PARTY
    revocations.revoke("t1")
    with pytest.raises(Unauthorized):
        tokens.identify(GOOD, START)


def test_a_refused_token_is_not_remembered():
    revocations = Revocations.of(["t1"])
    tokens = tokens_of(revocations=revocations)
    for _ in range(2):
        with pytest.raises(Unauthorized):
            tokens.identify(GOOD, START)
    assert len(tokens._verified) == 0


def test_the_memory_is_bounded_and_forgets_the_least_used_first():
    tokens = tokens_of(cache_entries_max=3)
    texts = [signed({**CLAIMS, "jti": f"t{number}"}) for number in range(5)]
    for text in [texts[0], texts[1], texts[2], texts[0], texts[3], texts[4]]:
        tokens.identify(text, START)
    kept = {identity.token_id for identity in tokens._verified.values()}
    assert kept == {"t0", "t3", "t4"}


class CountedKeys(dict):
    """Counts how often a key was looked for."""

    asked = 0

    def get(self, kid, default=None):
        self.asked += 1
        return super().get(kid, default)


def test_a_remembered_token_is_not_verified_again():
    keys = CountedKeys(keyset_of([signing_key()]).verifying)
    tokens = AccessTokens(Keyset(keys), Revocations.of(), clock=StillClock())
    assert tokens.identify(GOOD, START) is tokens.identify(GOOD, START)
    assert keys.asked == 1


def claims_of(token):
    return jwt.decode(token, signing_key().public_key(), algorithms=["RS256"], options={"verify_exp": False})


def test_an_invoice_token_is_for_that_invoice_and_three_days():
    claims = claims_of(tokens_of().invoice_token(PARTY, "inv1"))
    assert claims["sub"] == PARTY and claims["exp"] == NOW + 259_200 and claims["consumer"] == "client"
    assert claims["resource_access"]["common-api"]["roles"] == [
        "invoices.inv1:read",
        "invoices.inv1.payments:read",
        "invoices.inv1.payments:write",
        "payment_resources:write",
    ]
    assert not {"email", "name", "preferred_username"} & claims.keys()


def test_a_template_token_is_for_that_template_and_unlimited():
    claims = claims_of(tokens_of().invoice_template_token(PARTY, "t1"))
    assert claims["exp"] == 0 and claims["consumer"] == "client"
    assert claims["resource_access"]["common-api"]["roles"] == [
        "party.*.invoice_templates.t1:read",
        "party.*.invoice_templates.t1.invoice_template_invoices:write",
    ]


def test_every_issued_token_has_an_id_of_its_own_and_the_kid_of_its_key():
    tokens = tokens_of()
    texts = [tokens.invoice_token(PARTY, "inv1") for _ in range(3)]
    assert len({claims_of(text)["jti"] for text in texts}) == 3
    assert jwt.get_unverified_header(texts[0]) == {"alg": "RS256", "typ": "JWT", "kid": KID}


def test_an_issued_token_holds_here():
    tokens = tokens_of()
    identity = tokens.identify(tokens.invoice_token(PARTY, "inv1"), START)
    assert identity.consumer == "client"
    assert identity.roles.allows(*parse_role("invoices.inv1:read"))
    assert not identity.roles.allows(*parse_role("invoices.inv2:read"))
    assert not identity.roles.allows(*parse_role("invoices.inv1:write"))


def test_a_process_without_a_signing_key_issues_nothing():
    tokens = AccessTokens(keyset_of([signing_key()]), Revocations.of())
    with pytest.raises(RuntimeError, match="no key to sign"):
        tokens.invoice_token(PARTY, "inv1")
