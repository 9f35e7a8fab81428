"""The attacks in short: nothing is accepted, nothing breaks, the system serves afterwards."""

from campaigns.attacks.__main__ import FAMILIES, attack, table
from campaigns.attacks.tally import Tally


def test_a_tally_is_bad_when_one_attack_was_accepted_or_broke_something():
    good, accepted, broken = Tally("a"), Tally("b"), Tally("c")
    good.count("refused", 401)
    good.count("not now", 503)
    accepted.count("made", 201)
    broken.count("crashed", 500)
    assert [tally.is_good for tally in (good, accepted, broken)] == [True, False, False]
    assert "b: 201 accepted: made" in table([good, accepted, broken])


def test_no_attack_of_any_family_is_accepted_and_the_system_stays_alive():
    names = [name for name in FAMILIES if name not in ("foreign", "slow")]
    tallies = attack(seed=7, scale=0.05, names=names)
    assert all(tally.is_good for tally in tallies), table(tallies)
    assert sum(tally.tried for tally in tallies) > 3000


def test_no_object_of_another_party_is_reached_and_slow_clients_are_let_go():
    tallies = attack(seed=7, scale=0.05, names=["foreign", "slow"])
    assert all(tally.is_good for tally in tallies), table(tallies)
