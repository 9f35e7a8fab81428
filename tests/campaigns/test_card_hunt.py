"""The card hunt in short: its own eyes are good, and it finds nothing."""

from itertools import islice
from random import Random

import pytest

from campaigns.card_hunt.filtering import lines
from campaigns.card_hunt.hunt import hunt
from campaigns.card_hunt.numbers import numbers
from campaigns.card_hunt.searching import Finder, cvvs
from campaigns.card_hunt.tricks import TRICKS
from processing.vault.cards import PAYMENT_SYSTEMS, passes_luhn, payment_system_of

CARDS = list(islice(numbers(Random(3)), 200))


def test_cards_of_every_scheme_and_length_are_made_and_none_twice():
    made = {(payment_system_of(number).name, len(number)) for number in CARDS}
    assert made == {(system.name, length) for system in PAYMENT_SYSTEMS for length in system.lengths}
    assert all(map(passes_luhn, CARDS)) and len(set(CARDS)) == len(CARDS)


@pytest.mark.parametrize("trick", TRICKS)
def test_a_card_is_found_however_it_is_spelled(trick):
    finder = Finder(CARDS)
    for number in CARDS:
        data = b"\0\xff before " + TRICKS[trick](number).encode() + b" behind \0"
        assert number in {hit.number for hit in finder.find(data)}


def test_a_card_that_lost_its_end_is_found_and_one_that_shows_its_first_six_and_last_four_is_not():
    number = next(one for one in CARDS if len(one) == 16)
    finder = Finder(CARDS)
    assert [hit.form for hit in finder.find(f"x {number[:15]} x".encode())] == ["as it is, cut"]
    assert list(finder.find(f"{number[:6]}******{number[-4:]} {number[:8]} {number[-4:]}".encode())) == []


def test_a_cvv_is_found_where_it_is_called_so():
    assert len(cvvs(b'"cvv":"123" CVC2=1234 cvv: ***')) == 2


def test_the_log_filter_alone_shows_none_of_them():
    written, count = lines(CARDS[:60], Random(3), len(TRICKS))
    assert count == 60 * len(TRICKS)
    assert not list(Finder(CARDS).find(written)) and not cvvs(written)


def test_a_short_hunt_through_a_running_system_finds_nothing():
    table, found = hunt(700, seed=7)
    assert found == 0, table
