"""HTTP status and `woody.error-*` headers <-> failures: one table, read from both ends.

case                                                    status   woody.error-class
result, also of a oneway function                       200      none
declared exception, in the body                         200      Business Error (reason: its name)
the caller's fault: protocol, function, headers         4xx      Result Unexpected
the handler crashed                                     500      Result Unexpected
unavailable here, also a deadline over on arrival       503      Resource Unavailable
unknown here                                            504      Result Unknown
what the handler called in its turn failed              502      the class of that failure
"""

import re

from rpc.failures import BY_ERROR_CLASS, DEADLINE_REACHED, RpcFailure, Unavailable, Unexpected, Unknown

CONTENT_TYPE = "application/x-thrift"
ERROR_CLASS = "woody.error-class"
ERROR_REASON = "woody.error-reason"
REASON_CHARS_MAX = 200
BAD_GATEWAY = 502
STATUSES: dict[type[RpcFailure], int] = {Unexpected: 500, Unavailable: 503, Unknown: 504}
FAILURES: dict[int, type[RpcFailure]] = {503: Unavailable, 504: Unknown}


def status_of(failure: RpcFailure) -> int:
    """The status under which a server reports a failure of its handler."""
    return BAD_GATEWAY if failure.source == "external" else STATUSES[type(failure)]


def failure_of(status: int, error_class: str, reason: str) -> RpcFailure | None:
    """What a client makes of an answer's status and headers ("" where missing); None for 200."""
    if status == 200:
        return None
    made = FAILURES.get(status, Unexpected)
    if status == BAD_GATEWAY:
        made = BY_ERROR_CLASS.get(error_class.strip().lower(), Unexpected)
    return made(reason or f"status {status}", "external", is_impatience=reason == DEADLINE_REACHED)


def header_safe(reason: str) -> str:
    """A reason that fits a header line."""
    return re.sub(r"[^\x20-\x7e]", "?", reason).strip()[:REASON_CHARS_MAX]
