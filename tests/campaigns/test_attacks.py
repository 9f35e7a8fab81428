"""The attacks in short: nothing is accepted, nothing breaks, the system serves afterwards."""

from dataclasses import replace

from campaigns.attacks.__main__ import ENVIRONMENT, FAMILIES, attack, play, table
from campaigns.attacks.scene import scenes_of
from campaigns.attacks.tally import INSIDE, Tally
from campaigns.ground import ground
from settings import load
from settings.versions import served_versions

VERSIONS = {each.name for each in served_versions(load({}))}
HARMLESS_TO_THEIR_OWNER = ("cursors", "expanding", "replays")
OF_OBJECTS = ("foreign", "payers", "prefixes", "keys", "cursors", "expanding", "replays", "etags")


def test_a_tally_is_bad_when_one_attack_was_accepted_or_broke_something():
    good, accepted, broken = Tally("a", "v1"), Tally("b", "v2"), Tally("c", "v3")
    good.count("refused", 401)
    good.count("not now", 503)
    accepted.count("made", 201)
    broken.count("crashed", 500)
    assert [tally.is_good for tally in (good, accepted, broken)] == [True, False, False]
    assert "b, v2: 201 accepted: made" in table([good, accepted, broken])


def versions_in(tallies: list[Tally], family: str = "") -> set[str]:
    return {tally.version for tally in tallies if family in tally.family} - {INSIDE}


def test_no_attack_of_any_family_is_accepted_and_the_system_stays_alive():
    names = [name for name in FAMILIES if name not in OF_OBJECTS]
    tallies = attack(seed=7, scale=0.05, names=names)
    assert all(tally.is_good for tally in tallies), table(tallies)
    assert sum(tally.tried for tally in tallies) > 3000
    assert versions_in(tallies) == VERSIONS


def test_no_object_of_another_party_is_reached_through_any_version_and_one_that_were_would_be_counted():
    with ground(**ENVIRONMENT) as place:
        scenes = scenes_of(place)
        tallies = play(scenes, 7, 0.05, OF_OBJECTS)
        # The owner attacks: all that strangers must not see is shown.
        owners = [replace(scene, other=scene.owner) for scene in scenes]
        reached = play(owners, 7, 0.05, HARMLESS_TO_THEIR_OWNER)
    assert all(tally.is_good for tally in tallies), table(tallies)
    assert versions_in(tallies, "other parties' objects") == versions_in(tallies, "payers") == VERSIONS
    assert versions_in(reached) == VERSIONS and all(tally.accepted for tally in reached), table(reached)
