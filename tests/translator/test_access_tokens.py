"""Access tokens: which ones hold, for how long, and what is refused whatever it says about itself."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from gateway_kit import PARTY, START, StillClock, other_key, signed, signing_key

from translator.access_tokens import AccessTokens
from translator.authorization import parse_role
from translator.errors import Unauthorized
from translator.keyset import KeyRefused, Keyset, Secret, keyset_of, kid_of, load_keyset, read_key
from translator.revocations import Revocations

NOW = int(START.timestamp())
CLAIMS = {"jti": "t1", "sub": PARTY, "exp": NOW + 60, "resource_access": {"common-api": {"roles": ["party:read"]}}}
PUBLIC_PEM = (
    signing_key().public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)
PUBLIC_DER = (
    signing_key().public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
KID = kid_of(signing_key().public_key())


def tokens_of(*keys, revocations=None, clock=None, **options):
    keyset = keyset_of(keys or [signing_key()], signing_key())
    return AccessTokens(keyset, revocations or Revocations.of(), clock=clock or StillClock(), **options)


def without(claim):
    return signed({name: value for name, value in CLAIMS.items() if name != claim})


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(header, claims=CLAIMS, signature=b"", secret=None):
    text = f"{part(header)}.{part(claims)}"
    if secret is not None:
        signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{part(signature)}"


GOOD = signed(CLAIMS)
HEAD, BODY, SIGNATURE = GOOD.split(".")

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


PAYERS = ec.generate_private_key(ec.SECP256R1())
SECRET = Secret(b"s" * 32)
KEYS_OF_PAYERS = [PAYERS, SECRET]


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


def by_payers_key(roles, key=PAYERS, **claims):
    access = {"resource_access": {"common-api": {"roles": roles}}}
    algorithm, kid = ("HS256", kid_of(key)) if key is SECRET else ("ES256", kid_of(key.public_key()))
    material = key.value if key is SECRET else key
    return jwt.encode({**CLAIMS, "consumer": "client", **access, **claims}, material, algorithm, headers={"kid": kid})


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


def test_a_process_without_a_signing_key_issues_nothing():
    tokens = AccessTokens(keyset_of([signing_key()]), Revocations.of())
    with pytest.raises(RuntimeError, match="no key to sign"):
        tokens.invoice_token(PARTY, "inv1")


def pem_of(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


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
