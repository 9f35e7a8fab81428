"""One log line and one measurement a call, at both ends. Never the arguments."""

from typing import Any

from rpc.failures import RpcFailure, Unavailable, Unexpected, Unknown
from rpc.services import ALL
from telemetry import log, metrics

CALLS = metrics.histogram(
    "capi_rpc_call_seconds", "Calls by side, service, function and outcome", ("side", "service", "function", "outcome")
)
_children: dict[tuple[str, str, str, str], Any] = {}

OK, BUSINESS, UNEXPECTED, CANCELLED = "ok", "business", "unexpected", "cancelled"
QUIET = {(row.service.name, function) for row in ALL for function in row.quiet}
OUTCOMES: dict[type[RpcFailure], str] = {Unavailable: "unavailable", Unknown: "unknown", Unexpected: UNEXPECTED}


def observe(side: str, service: str, function: str, outcome: str, seconds: float, **fields: Any) -> None:
    """`side`: "client" or "server"; `outcome`: one of the words above; `fields` go to the log line only."""
    key = (side, service, function, outcome)
    child = _children.get(key)
    if child is None:
        child = _children[key] = CALLS.labels(*key)
    child.observe(seconds)
    write = log.info if outcome in (OK, BUSINESS) else log.warning
    if outcome == OK and (service, function) in QUIET:
        write = log.debug
    told = {name: value for name, value in fields.items() if value is not None}
    write(
        f"rpc.{side}",
        service=service,
        function=function,
        outcome=outcome,
        duration_ms=round(seconds * 1000, 3),
        **told,
    )
