"""When a failed call may be made again."""

import pytest

from rpc.calling import Request, Response
from rpc.client import BlockingClient
from rpc.context import Context
from rpc.deadlines import Deadline
from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.retries import NEVER, READ, Budget, Retry
from rpc.services import ALL, BY_NAME
from tests.rpc.kit import NOON

FAR = Deadline.after_ms(60_000, NOON)
RETRY = Retry(attempts_max=4, after=(Unavailable,), wait_ms_first=10, wait_ms_max=25)


def longest(_lowest, highest):
    return highest


def test_the_default_is_never():
    for failure in (Unavailable("x"), Unknown("x"), Unexpected("x")):
        assert NEVER.wait_ms(failure, 1, FAR, NOON) is None


def test_only_the_failures_that_the_row_names_allow_another_attempt():
    assert RETRY.wait_ms(Unavailable("x"), 1, FAR, NOON) is not None
    assert RETRY.wait_ms(Unknown("x"), 1, FAR, NOON) is None
    assert READ.wait_ms(Unknown("x"), 1, FAR, NOON) is not None
    assert READ.wait_ms(Unexpected("x"), 1, FAR, NOON) is None


def test_waits_double_up_to_their_maximum():
    waits = [RETRY.wait_ms(Unavailable("x"), attempts, FAR, NOON, longest) for attempts in (1, 2, 3, 4)]
    assert waits == [10, 20, 25, None]


def test_waits_are_drawn_from_zero_on():
    drawn = []
    RETRY.wait_ms(Unavailable("x"), 2, FAR, NOON, lambda lowest, highest: drawn.append((lowest, highest)) or 0)
    assert drawn == [(0, 20)]


@pytest.mark.parametrize(("left_ms", "gives_up"), [(11, False), (10, True), (0, True)])
def test_no_wait_reaches_the_deadline(left_ms, gives_up):
    wait = RETRY.wait_ms(Unavailable("x"), 1, Deadline.after_ms(left_ms, NOON), NOON, longest)
    assert (wait is None) is gives_up


# ---------------------------------------------------------------------- rows


def test_rows_have_names_paths_and_services_of_their_own():
    for part in ("name", "path"):
        assert len({getattr(row, part) for row in ALL}) == len(ALL)
    assert len({row.service.name for row in ALL}) == len(ALL)
    assert all(BY_NAME[row.name] is row for row in ALL)


def test_every_service_of_the_idl_has_a_row():
    from rpc import protocol
    from rpc.idl.finding import services_in

    defined = {service.name for module in protocol.MODULES.values() for service in services_in(module)}
    assert defined == {row.service.name for row in ALL}


def test_retries_name_functions_that_exist():
    for row in ALL:
        assert set(row.retries) <= set(row.service.functions)


def test_what_moves_money_or_makes_something_is_never_repeated_by_the_transport():
    repeated = {function for row in ALL for function in row.retries}
    makers = {"Create", "CreateWithTemplate", "StartPayment", "CapturePayment", "CancelPayment", "RefundPayment"}
    assert not repeated & (makers | {"Hold", "CommitPlan", "RollbackPlan", "Commit", "Tokenize", "ProcessPayment"})


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_upstream_that_fails_every_call_sees_no_more_than_a_fifth_more_of_them():
    """Each caller would like to repeat twice; a thousand calls in ten seconds."""
    seconds = Seconds()
    budget, seen = Budget(percent_max=20, per_s_min=0, clock=seconds), 0
    for _ in range(1000):
        budget.earn()
        seen += 1 + budget.spend() + budget.spend()
        seconds.now += 0.01
    assert 1100 < seen <= 1200


def test_where_there_are_few_calls_some_may_always_be_repeated():
    seconds = Seconds()
    budget = Budget(percent_max=20, per_s_min=3, clock=seconds)
    repeated = 0
    for _ in range(20):
        budget.earn()
        repeated += budget.spend() + budget.spend()
        seconds.now += 1
    assert repeated == 40


def test_what_was_not_repeated_in_good_times_does_not_add_up_to_a_storm():
    seconds = Seconds()
    budget = Budget(percent_max=20, per_s_min=3, clock=seconds)
    for _ in range(100_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(1000)) == 30


def test_all_services_of_an_upstream_share_its_budget_and_no_other_has_part_in_it():
    client = BlockingClient({"processing": "http://127.0.0.1:1", "vault": "http://127.0.0.1:2"})
    budgets = {name: client.core.target(name).budget for name in ("invoicing", "search", "vault")}
    assert budgets["invoicing"] is budgets["search"]
    assert budgets["vault"] is not budgets["search"]


def test_reads_of_an_upstream_that_is_away_stay_within_its_budget():
    client = BlockingClient(
        {"processing": "http://127.0.0.1:1"}, breaker_failures_max=0, transport=(away := Away()),
        new_budget=lambda: Budget(percent_max=20, per_s_min=0, clock=Seconds()),
    )  # fmt: skip
    invoicing = client.bind(Context.root()).invoicing
    for _ in range(50):
        with pytest.raises(Unavailable):
            invoicing.Get("inv1")
    assert 50 < away.asked <= 60


class Away:
    """A transport that reaches nobody."""

    asked = 0

    def send(self, request: Request) -> Response:
        self.asked += 1
        raise Unavailable("no connection")

    def close(self) -> None:
        """Nothing is open."""
