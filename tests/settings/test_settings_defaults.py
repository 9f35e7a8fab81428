"""The default file and the dataclasses say the same, and every key is explained where its default stands."""

import re
import tomllib

import pytest

from settings import load
from settings.loading import CHECKOUT, DEFAULT_FILE, fields, sections, variables

TEXT = DEFAULT_FILE.read_text()
TABLES = tomllib.loads(TEXT)
KEYS = [pytest.param(section, key, id=f"{section}.{key}") for section, keys in TABLES.items() for key in keys]
CODE = "\n".join(
    path.read_text()
    for package in (
        "capi_v1",
        "capi_v2",
        "capi_v3",
        "docs_site",
        "translator",
        "rpc",
        "processing",
        "serving",
        "console",
        "deploy",
    )
    for path in (CHECKOUT / package).rglob("*.py")
)


def comment_above(section: str, key: str) -> str:
    """The comment lines that stand directly above a key."""
    lines = TEXT.splitlines()
    begin = lines.index(f"[{section}]")
    place = next(n for n in range(begin + 1, len(lines)) if lines[n].startswith(f"{key} ="))
    found = []
    while lines[place - 1].startswith("#"):
        place -= 1
        found.insert(0, lines[place].lstrip("# "))
    return " ".join(found)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_of_the_default_file_is_explained_and_typed(section, key):
    assert key in fields(sections()[section]), f"{section}.{key} has no field in settings/sections.py"
    assert len(comment_above(section, key).split()) >= 4, f"{section}.{key} does not say what follows from it"


@pytest.mark.parametrize("section", sections(), ids=str)
def test_every_field_has_a_default_in_the_file(section):
    assert set(fields(sections()[section])) == set(TABLES[section])


def test_no_two_keys_share_an_environment_variable():
    assert len(variables()) == len(KEYS)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_is_read_somewhere(section, key):
    pattern = re.compile(rf"\.{key}\b|[\"']{key}[\"']|_{re.sub('^v[0-9]_', '', key)}\b")
    assert pattern.search(CODE), f"{section}.{key} changes nothing"


def test_the_defaults_load_with_absolute_paths():
    settings = load({})
    assert settings.rpc.secret_file == settings.state.directory / "secrets" / "rpc.key"
    assert settings.state.directory.is_absolute()


def test_a_server_never_delivers_webhooks_to_itself_unless_the_sandbox_says_so():
    assert load({}).webhooks.loopback_allowed is False
    assert load({}, CHECKOUT / "deploy/all_in_one/sandbox.toml").webhooks.loopback_allowed is True


def test_the_webhook_schedule_is_the_one_merchants_were_promised():
    delays = load({}).webhooks.retry_delays_s
    assert delays[:4] == (30, 300, 900, 3600)
    assert (set(delays[4:]), len(delays)) == ({3600}, 28)
