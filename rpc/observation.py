"""One log line and one measurement a call, at both ends. Never the arguments."""

from collections.abc import Callable, Mapping
from typing import Any

from rpc.failures import RpcFailure, Unavailable, Unexpected, Unknown
from rpc.services import ALL
from telemetry import log, metrics

CALLS = metrics.histogram(
    "capi_rpc_call_seconds", "Calls by side, service, function and outcome", ("side", "service", "function", "outcome")
)
_known: dict[tuple[str, str, str, str], tuple[Any, str, str]] = {}
"""Of a kind of call: its measurements, the level of its line, the level when it took more than one attempt."""


OK, BUSINESS, UNEXPECTED, CANCELLED = "ok", "business", "unexpected", "cancelled"
QUIET = {(row.service.name, function) for row in ALL for function in row.quiet}
EVENTS = {"client": "rpc.client", "server": "rpc.server"}
OUTCOMES: dict[type[RpcFailure], str] = {Unavailable: "unavailable", Unknown: "unknown", Unexpected: UNEXPECTED}


def level_of(side: str, service: str, function: str, outcome: str, attempts: int) -> str:
    """A call that did at once what it should is told by the end that did it: the caller's line would say it again."""
    if outcome == OK and ((side == "client" and attempts == 1) or (service, function) in QUIET):
        return "debug"
    return "info" if outcome in (OK, BUSINESS) else "warning"


def observe(
    side: str,
    service: str,
    function: str,
    outcome: str,
    seconds: float,
    fields: Callable[[], Mapping[str, Any]],
    attempts: int = 1,
) -> None:
    """`side`: "client" or "server"; `outcome`: one of the words above; `fields`: asked when there is a log line."""
    key = (side, service, function, outcome)
    known = _known.get(key)
    if known is None:
        known = _known[key] = (CALLS.labels(*key), level_of(*key, 1), level_of(*key, 2))
    child, level, level_of_repeated = known
    child.observe(seconds)
    if attempts > 1:
        level = level_of_repeated
    if not log.is_told(level):
        return
    line = {"service": service, "function": function, "outcome": outcome, "duration_ms": round(seconds * 1000, 3)}
    for name, value in fields().items():
        if value is not None:
            line[name] = value
    log.told(level, EVENTS[side], line)
