"""The tables that documentation draws its diagrams from are neither too short nor too long.

`Story` compares every step of every other test with them; here each of their rows is seen to happen.
"""

import pytest

from processing.domain import commands, invoice, lifecycles
from tests.processing.domain.shop import FACTS
from tests.processing.domain.world import (
    HOLD_OR_CANCEL,
    Story,
    accept_chargeback,
    approves,
    cancel,
    chargeback,
    create_invoice,
    declines,
    held,
    paid,
    refund,
    refunded,
    start_payment,
)


def rescinded() -> Story:
    return Story(create_invoice(), commands.Rescind(reason="not wanted", facts=FACTS))


def fulfilled() -> Story:
    story = paid()
    story.when(commands.Fulfill(reason="delivered", facts=FACTS))
    return story


def declined() -> Story:
    story = Story(create_invoice(), start_payment())
    story.bank(declines())
    return story


def cancelled() -> Story:
    story = held()
    story.when(cancel())
    story.bank(approves())
    return story


def capture_refused() -> Story:
    story = Story(create_invoice(), start_payment())
    story.bank(approves(), declines())
    return story


def given_back() -> Story:
    story = paid()
    refunded(story, None, "r1")
    return story


def refund_refused() -> Story:
    story = paid()
    story.when(refund())
    story.bank(declines())
    return story


def dispute_lost() -> Story:
    story = paid()
    story.when(chargeback())
    story.when(accept_chargeback())
    return story


STORIES = [rescinded, fulfilled, declined, cancelled, capture_refused, given_back, refund_refused, dispute_lost]


def steps(story: Story) -> set:
    """(table, before, after) of every status change of the story."""
    seen, before = set(), None
    for event in story.history:
        after = invoice.apply(before, event)
        known = lifecycles.statuses(before)
        for what, (table, status) in lifecycles.statuses(after).items():
            earlier = known[what][1] if what in known else None
            if earlier is not status:
                seen.add((id(table), earlier, status))
        before = after
    return seen


def test_each_row_of_the_tables_happens():
    happened = set().union(*(steps(play()) for play in STORIES))
    tables = (lifecycles.INVOICE, lifecycles.PAYMENT, lifecycles.REFUND)
    assert happened == {(id(table), *step) for table in tables for step in table}


@pytest.mark.parametrize("table", [lifecycles.INVOICE, lifecycles.PAYMENT, lifecycles.REFUND])
def test_every_status_can_be_reached_from_the_beginning(table):
    reached, statuses = {None}, {status for step in table for status in step}
    while new := {after for before, after in table if before in reached} - reached:
        reached |= new
    assert reached == statuses


def test_a_step_outside_the_tables_is_named():
    before, after = held(flow=HOLD_OR_CANCEL), paid()
    assert lifecycles.unknown_steps(after.state, before.state) == [
        "invoice: paid -> unpaid",
        "payment 1: captured -> processed",
    ]
