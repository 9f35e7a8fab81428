"""`make demo` tells its story once in the words of each version, and every one of them ends well."""

import re

import pytest

from console import demo
from settings import SettingsError, load
from settings.versions import served_versions

NAMES = [version.name for version in served_versions(load({}))]


@pytest.fixture(scope="module")
def told(operator):
    """The whole demo, as on a terminal."""
    return operator.run("demo")


def test_every_version_has_a_plot():
    assert set(NAMES) == set(demo.PLOTS)


def test_the_demo_tells_the_day_in_the_words_of_each_version(told):
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr
    assert re.findall(r"=== The day in the words of (v\d) ===", told.stdout) == NAMES
    assert told.stdout.count("The money is captured") == len(NAMES)
    for name in NAMES:
        assert f"/{name}/" in told.stdout


def test_each_story_ends_with_genuine_webhooks_and_books_at_zero(told):
    parts = told.stdout.split("=== ")[1:]
    assert all("genuine" in part for part in parts if part.startswith("The day"))
    assert "The books" in parts[-1] and "One trace" in parts[-1]


def test_v3_tells_three_mistakes_at_once_and_what_became_of_a_key(told):
    story = told.stdout.split("in the words of v3 ===")[1]
    assert all(f'"pointer": "{pointer}"' in story for pointer in ("/product", "/amount/amount", "/colour"))
    assert '"moneyMoved": "no"' in story
    assert "gave the same invoice" in story and '"status": "done"' in story


def test_no_card_number_is_told(told):
    assert "4012888888881881" not in told.stdout


def test_one_version_alone_can_be_played(operator):
    alone = operator.run("demo", "v1")
    assert alone.returncode == 0, alone.stdout[-2000:] + alone.stderr
    assert re.findall(r"in the words of (v\d)", alone.stdout) == ["v1"]


def test_a_version_without_a_story_is_named():
    with pytest.raises(SettingsError, match=r"no story in the words of v9; there is one of v1"):
        demo.chosen(["v9"], load({}))
