"""The gate before the banks: no bank takes all places, and of one operation only the newest attempt gets through."""

import threading
from contextlib import ExitStack
from datetime import timedelta

import pytest

from processing.banks.gate import BEFORE_START, OLDER, UNDER_WAY, Gate, Gated
from processing.domain.session import CALL_TIMEOUT
from processing.places import NO_PLACE, Places
from processing.storage import port
from rpc.context import Context
from rpc.deadlines import Deadline
from rpc.failures import Unavailable, Unknown
from tests.processing.sandbox import NOW, ToldClock


@pytest.fixture
def clock() -> ToldClock:
    return ToldClock()


@pytest.fixture
def gate(clock: ToldClock) -> Gate:
    return Gate(2, clock)


def through(gate: Gate, reference: str, attempt: int = 1, bank: str = "a", announced_at=NOW) -> None:
    with gate.passed(bank, reference, attempt, announced_at):
        pass


def refusal(gate: Gate, *args, **named) -> str:
    with pytest.raises(Unavailable) as refused:
        through(gate, *args, **named)
    return refused.value.reason


def test_a_bank_that_hangs_leaves_the_places_of_the_others(gate):
    with ExitStack() as hanging:
        for number in range(2):
            hanging.enter_context(gate.passed("a", f"inv{number}.1", 1, NOW))
        assert refusal(gate, "inv3.1") == NO_PLACE
        through(gate, "inv4.1", bank="b")
    through(gate, "inv3.1", attempt=2)


def test_a_call_that_was_turned_away_counts_as_no_attempt(gate):
    with gate.passed("a", "inv1.1", 1, NOW), gate.passed("a", "inv2.1", 1, NOW):
        assert refusal(gate, "inv3.1") == NO_PLACE
    through(gate, "inv3.1")


def test_two_attempts_of_one_operation_never_meet_at_the_bank(gate):
    with gate.passed("a", "inv1.1", 1, NOW):
        assert refusal(gate, "inv1.1", attempt=2) == UNDER_WAY
    through(gate, "inv1.1", attempt=3)


def test_a_worker_that_slept_comes_too_late_with_its_call(gate):
    through(gate, "inv1.1", attempt=2)
    assert refusal(gate, "inv1.1", attempt=1) == OLDER
    assert refusal(gate, "inv1.1", attempt=2) == OLDER


def test_what_was_announced_before_the_gate_was_set_up_may_be_old_and_is_turned_away(gate):
    assert refusal(gate, "inv1.1", announced_at=NOW - timedelta(seconds=1)) == BEFORE_START
    through(gate, "inv1.1", attempt=2)


def test_attempts_are_forgotten_when_no_call_of_them_can_be_alive(clock):
    """Whatever the clock says meanwhile."""
    seconds = [0.0]
    gate = Gate(2, clock, lambda: seconds[0])
    through(gate, "inv1.1")
    clock.forward(3600)
    through(gate, "inv2.1")
    assert refusal(gate, "inv1.1") == OLDER
    seconds[0] = 2 * CALL_TIMEOUT.total_seconds() + 1
    through(gate, "inv2.1", attempt=2)
    assert list(gate._newest) == ["inv2.1"]


def test_a_place_is_free_again_after_a_failure(gate):
    for attempt in range(1, 6):
        with pytest.raises(Unknown), gate.passed("a", "inv1.1", attempt, NOW):
            raise Unknown("no answer")
    through(gate, "inv1.1", attempt=6)


@pytest.mark.parametrize("failure", [port.Unavailable("full"), port.OutcomeUnknown("full")])
def test_a_failure_of_the_vault_s_own_database_is_an_unknown_outcome(gate, failure):
    """The bank may have been called already: it is asked before anything more is sent."""
    with pytest.raises(Unknown), gate.passed("a", "inv1.1", 1, NOW):
        raise failure


def test_the_gate_reads_bank_reference_and_attempt_of_the_call(clock):
    gate, asked = Gate(1, clock), []

    class Adapter:
        def ProcessPayment(self, context, payment):
            asked.append(payment.reference)
            with pytest.raises(Unavailable, match=NO_PLACE):
                Gated(self, gate).ProcessPayment(context, payment_of("inv2.1"))
            return "done"

    context = Context.root(deadline=Deadline(NOW + CALL_TIMEOUT))
    assert Gated(Adapter(), gate).ProcessPayment(context, payment_of("inv1.1")) == "done"
    assert asked == ["inv1.1"]


class payment_of:  # noqa: N801 - stands for a struct of which two fields are read
    provider_id = "mock"

    def __init__(self, reference: str) -> None:
        self.reference = reference
        self.session = type("Session", (), {"attempt": 1})


def test_places_are_counted_by_name_and_nobody_waits():
    places, held, release = Places(1), threading.Event(), threading.Event()

    def hold() -> None:
        with places.one("a"):
            held.set()
            release.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(5)
    with pytest.raises(Unavailable), places.one("a"):
        pass
    with places.one("b"):
        pass
    release.set()
    thread.join()
    with places.one("a"):
        pass
