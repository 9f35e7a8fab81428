"""What nobody can guess: letters of which none is likelier than another, and none given out twice."""

from collections import Counter

import pytest

from translator import chance


def test_each_letter_is_drawn_equally_often_from_all_bytes(monkeypatch):
    monkeypatch.setattr(chance, "_texts", [])
    monkeypatch.setattr(chance.os, "urandom", lambda count: (bytes(range(256)) * (count // 256 + 1))[:count])
    chance.random_letters(1)
    drawn = Counter("".join(chance._texts))
    assert set(drawn) == set(chance.LETTERS) and len(chance.LETTERS) == 62
    assert max(drawn.values()) - min(drawn.values()) <= 1


@pytest.mark.parametrize("draw", [chance.random_letters, chance.random_bytes])
def test_nothing_is_drawn_twice(draw):
    drawn = [draw(chance.PIECE_BYTES) for _ in range(3 * chance.PIECES)]
    assert {len(one) for one in drawn} == {chance.PIECE_BYTES}
    assert len(set(drawn)) == len(drawn)
    assert len(draw(9)) == 9
