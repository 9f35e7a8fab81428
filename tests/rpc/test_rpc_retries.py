"""When a failed call may be made again."""

import pytest

from rpc.deadlines import Deadline
from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.retries import NEVER, READ, Retry
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
