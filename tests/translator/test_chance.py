"""Ids and tokens are made of bytes that nobody else has, in this process or in one forked from it."""

import os

import pytest

from translator.chance import PIECE_BYTES, PIECES, random_bytes


@pytest.mark.parametrize("count", [7, PIECE_BYTES])
def test_no_two_draws_are_alike(count):
    drawn = [random_bytes(count) for _ in range(3 * PIECES)]
    assert {len(each) for each in drawn} == {count}
    assert len(set(drawn)) == len(drawn)


def test_a_forked_process_draws_what_its_parent_does_not():
    random_bytes(1)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, random_bytes(PIECE_BYTES))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, PIECE_BYTES) not in {random_bytes(PIECE_BYTES) for _ in range(2 * PIECES)}
