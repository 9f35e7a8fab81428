"""Calls are counted by party and operation, told to the platform now and then, and never twice."""

import asyncio

import pytest
from gateway_kit import START

from rpc.failures import Unavailable, Unknown
from translator import usage
from translator.usage import UsageCounts


class Register:
    """What was told; `troubles` are raised first, one a report."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.reports: list[list[tuple[str, str, str, int, str]]] = []

    async def __call__(self, rows: list) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.reports.append([(r.version, r.operation, r.party_id, r.count, r.last_at) for r in rows])


def counts_of(register: Register) -> UsageCounts:
    return UsageCounts("v9", register, lambda: START)


def test_calls_are_told_by_party_and_operation_with_the_version_and_the_time():
    register = Register()
    counts = counts_of(register)
    for party, operation in (("a", "getThing"), ("a", "getThing"), ("b", "getThing"), ("a", "makeThing")):
        counts.count(party, operation)
    asyncio.run(counts.report())
    at = "2026-03-01T12:00:00.000Z"
    assert register.reports == [
        [("v9", "getThing", "a", 2, at), ("v9", "getThing", "b", 1, at), ("v9", "makeThing", "a", 1, at)]
    ]


def test_what_was_told_is_not_told_again_and_silence_makes_no_call():
    register = Register()
    counts = counts_of(register)
    counts.count("a", "getThing")
    asyncio.run(counts.report())
    asyncio.run(counts.report())
    assert len(register.reports) == 1


def test_counts_that_surely_did_not_arrive_go_with_the_next_report():
    register = Register(Unavailable("refused"))
    counts = counts_of(register)
    counts.count("a", "getThing")
    asyncio.run(counts.report())
    counts.count("a", "getThing")
    asyncio.run(counts.report())
    assert [row[3] for row in register.reports[0]] == [2]


@pytest.mark.parametrize("trouble", [Unknown("no answer"), ValueError("a fault of ours")])
def test_counts_that_perhaps_arrived_are_not_told_twice(trouble: Exception):
    register = Register(trouble)
    counts = counts_of(register)
    counts.count("a", "getThing")
    asyncio.run(counts.report())
    asyncio.run(counts.report())
    assert register.reports == []


def test_a_silent_platform_does_not_let_counts_grow_without_end(monkeypatch):
    monkeypatch.setattr(usage, "KEYS_MAX", 3)
    register = Register()
    counts = counts_of(register)
    for party in "abcde":
        counts.count(party, "getThing")
    asyncio.run(counts.report())
    assert [row[2] for row in register.reports[0]] == ["a", "b", "c"]


def test_a_long_report_is_told_in_parts(monkeypatch):
    monkeypatch.setattr(usage, "ROWS_AT_ONCE_MAX", 2)
    register = Register()
    counts = counts_of(register)
    for party in "abc":
        counts.count(party, "getThing")
    asyncio.run(counts.report())
    assert [len(report) for report in register.reports] == [2, 1]
