"""API keys from the operator's side."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import jwt
import pytest

from console import keys, seed
from deploy.all_in_one.first_start import prepare
from rpc.protocol import access_keys, party
from settings import SettingsError, load
from translator.authorization import parse_role
from translator.keyset import kid_of, read_key

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Platform:
    """The parts of the platform that the console speaks to, in memory."""

    def __init__(self):
        self.registered, self.revoked, self.behind = [], [], []
        self.parties, self.shops = [], []
        self.access_keys = SimpleNamespace(
            Register=self.registered.append,
            List=lambda party_id: [key for key in self.registered if party_id in ("", key.party_id)],
            Revoke=lambda jti: self.revoked.append(jti) or 7,
            ReadersBehind=lambda number: self.behind.pop(0) if self.behind else [],
        )
        self.party_management = SimpleNamespace(Create=self.create, CreateShop=self.create_shop)

    def create(self, party_id, params):
        """Refuses a party that is there."""
        if party_id in self.parties:
            raise party.PartyExists()
        self.parties.append(party_id)

    def create_shop(self, party_id, params):
        """Refuses a shop that is there."""
        if params.id in self.shops:
            raise party.ShopExists()
        self.shops.append(params.id)


@pytest.fixture
def platform():
    """A platform without keys."""
    return Platform()


@pytest.fixture
def settings(tmp_path):
    """Settings of a first start."""
    made = load({"CAPI_STATE_DIRECTORY": str(tmp_path)})
    prepare(made)
    return made


def run(settings, platform, *words):
    """Runs `capi keys ...`."""
    asked = keys.parser().parse_args(words)
    return asked.act(asked, settings, platform)


def test_a_key_verifies_and_says_who_may_do_what_until_when(settings, platform):
    token, entry = keys.issued(settings, platform, "demo", ["invoices:read"], days=30, name="shop", clock=lambda: NOW)
    public = read_key(settings.tokens.signing_key_file).public_key()
    claims = jwt.decode(token, public, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False})
    assert jwt.get_unverified_header(token)["kid"] == kid_of(public)
    assert (claims["sub"], claims["jti"]) == ("demo", entry.id)
    assert claims["exp"] == int(NOW.timestamp()) + 30 * 86400
    assert claims["resource_access"] == {"common-api": {"roles": ["invoices:read"]}}
    assert platform.registered == [entry]
    assert (entry.issued_at, entry.expires_at) == ("2026-03-01T12:00:00.000Z", "2026-03-31T12:00:00.000Z")


def test_a_key_without_days_never_expires(settings, platform):
    token, entry = keys.issued(settings, platform, "demo", keys.MERCHANT_ROLES)
    assert jwt.decode(token, options={"verify_signature": False})["exp"] == 0
    assert entry.expires_at is None


def test_a_key_is_printed_alone_so_that_a_shell_can_catch_it(settings, platform, capsys):
    assert run(settings, platform, "issue", "--party", "demo") == 0
    printed = capsys.readouterr()
    assert printed.out.count(".") == 2 and printed.out.count("\n") == 1
    assert printed.err == f"key {platform.registered[0].id} of party demo, expires: never\n"


def test_what_a_merchant_gets_by_default_are_roles_that_mean_something():
    assert [parse_role(role) for role in keys.MERCHANT_ROLES]


def test_a_role_that_means_nothing_is_refused_before_a_key_is_made(settings, platform, capsys):
    assert run(settings, platform, "issue", "--party", "demo", "--roles", "invoces:read") == 1
    assert "'invoces'" in capsys.readouterr().err
    assert platform.registered == []


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "many"])
def test_a_life_that_is_no_number_of_days_is_refused(days):
    with pytest.raises(SystemExit):
        keys.parser().parse_args(["issue", "--party", "demo", "--days", days])


def test_a_missing_signing_key_is_told_with_how_it_comes_to_be(settings, platform):
    settings.tokens.signing_key_file.unlink()
    with pytest.raises(SettingsError, match="first start of the platform makes it"):
        keys.issued(settings, platform, "demo", ["invoices:read"])


def test_the_list_tells_which_keys_still_open_the_door(settings, platform, capsys):
    def entry(name, **fields):
        platform.registered.append(
            access_keys.AccessKey(
                id=name, party_id="demo", roles=["invoices:read"], issued_at="2026-01-01T00:00:00.000Z", **fields
            )
        )

    entry("always")
    entry("old", expires_at="2026-01-02T00:00:00.000Z")
    entry("new", expires_at="2999-01-02T00:00:00.000Z")
    entry("gone", revoked_at="2026-01-03T00:00:00.000Z", expires_at="2999-01-02T00:00:00.000Z")
    assert run(settings, platform, "list") == 0
    rows = {row.split()[0]: row for row in capsys.readouterr().out.splitlines()}
    assert " active " in rows["always"]
    assert " expired 2026-01-02 " in rows["old"]
    assert " until 2999-01-02 " in rows["new"]
    assert " revoked 2026-01-03 " in rows["gone"]


def test_no_keys_is_an_invitation_to_make_one(settings, platform, capsys):
    run(settings, platform, "list", "--party", "demo")
    assert "capi keys issue" in capsys.readouterr().out


def test_a_revocation_is_done_when_every_gateway_has_heard_of_it(settings, platform, capsys):
    platform.behind = [["capi_v2", "capi_v2_tokens"], ["capi_v2"], []]
    assert run(settings, platform, "revoke", "some-id") == 0
    assert platform.revoked == ["some-id"]
    assert platform.behind == []
    assert "every running gateway refuses it" in capsys.readouterr().out


def test_a_gateway_that_does_not_hear_of_a_revocation_is_named(settings, platform, capsys, monkeypatch):
    monkeypatch.setattr(keys, "REVOKED_EVERYWHERE_S_MAX", 0)
    platform.behind = [["capi_v2"]]
    assert run(settings, platform, "revoke", "some-id") == 1
    assert "capi_v2" in capsys.readouterr().err


def test_seeding_twice_makes_one_party_one_shop_and_one_key(settings, platform):
    for _ in range(2):
        seed.make_party(platform)
        key = seed.kept_key(settings, platform)
    assert (platform.parties, platform.shops) == (["demo"], ["TESTSHOP"])
    assert len(platform.registered) == 1
    assert seed.key_file(settings).read_text().strip() == key
    assert seed.key_file(settings).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("what", ["revoked", "signing key replaced", "damaged"])
def test_a_kept_key_that_no_longer_holds_is_replaced(settings, platform, what):
    first = seed.kept_key(settings, platform)
    if what == "revoked":
        (key,) = platform.registered
        kept = {"id": key.id, "party_id": key.party_id, "roles": key.roles, "issued_at": key.issued_at}
        platform.registered[:] = [access_keys.AccessKey(**kept, revoked_at="2026-01-01T00:00:00.000Z")]
    elif what == "damaged":
        seed.key_file(settings).write_text("x" + first)
    else:
        settings.tokens.signing_key_file.unlink()
        prepare(settings)
    second = seed.kept_key(settings, platform)
    assert second != first
    assert seed.kept_key(settings, platform) == second


def test_the_command_prints_what_the_start_needs(settings, platform, capsys, monkeypatch):
    monkeypatch.setattr(seed, "load", lambda: settings)
    monkeypatch.setattr(seed, "bound_to", lambda _: platform)
    assert seed.main(["--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["party"], printed["shop"]) == ("demo", "TESTSHOP")
    assert printed["api_key"] == seed.key_file(settings).read_text().strip()
