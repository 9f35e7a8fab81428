"""One log line and one measurement a call, at both ends. Never the arguments."""

from collections.abc import Mapping
from typing import Any

from rpc.failures import RpcFailure, Unavailable, Unexpected, Unknown
from rpc.services import ALL
from telemetry import log, metrics

CALLS = metrics.histogram(
    "capi_rpc_call_seconds", "Calls by side, service, function and outcome", ("side", "service", "function", "outcome")
)
Kind = tuple[str, str, str, str]
"""Of a call: the side, "client" or "server", service, function, and the outcome, one of the words below."""

_known: dict[Kind, tuple[Any, str, str]] = {}
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


def observe(kind: Kind, seconds: float, attempts: int = 1) -> str | None:
    """Measures a call; the level of the line that `tell` is to write of it, None where none is written."""
    known = _known.get(kind)
    if known is None:
        known = _known[kind] = (CALLS.labels(*kind), level_of(*kind, 1), level_of(*kind, 2))
    child, level, level_of_repeated = known
    child.observe(seconds)
    if attempts > 1:
        level = level_of_repeated
    return level if log.is_told(level) else None


def tell(level: str, kind: Kind, seconds: float, fields: Mapping[str, Any]) -> None:
    """Writes a call's line; of `fields` those that are not None."""
    side, service, function, outcome = kind
    line = {"service": service, "function": function, "outcome": outcome, "duration_ms": round(seconds * 1000, 3)}
    line.update((name, value) for name, value in fields.items() if value is not None)
    log.told(level, EVENTS[side], line)
