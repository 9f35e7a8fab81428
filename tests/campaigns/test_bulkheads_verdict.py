"""What the campaign of two banks calls good. The bounds themselves: tests/processing/workers and banks."""

from campaigns.bulkheads.__main__ import Run, is_good, table

ALONE = Run("B alone", 0, 80, 80, 0.07, 0.21)


def test_a_bank_that_hardly_feels_the_other_is_good():
    assert is_good(ALONE, Run("bounded", 92, 80, 80, 0.06, 0.10))


def test_a_payment_that_does_not_come_through_is_not():
    assert not is_good(ALONE, Run("bounded", 92, 79, 80, 0.06, 0.10))


def test_a_slowest_hundredth_that_takes_much_longer_is_not():
    assert not is_good(ALONE, Run("bounded", 92, 80, 80, 0.06, 1.0))


def test_the_table_has_a_line_for_each_run():
    lines = table([ALONE, Run("A hangs, no bounds", 92, 80, 80, 18.57, 30.8)]).splitlines()
    assert lines[1].split() == ["B", "alone", "0", "80", "of", "80", "0.07", "s", "0.21", "s"]
    assert lines[2].split()[-4:] == ["18.57", "s", "30.80", "s"]
