"""X-Request-Deadline: until when the caller waits for an answer (contract section 3.2).

An RFC 3339 moment with any offset, or a time from now such as `500ms`, `1.5s`, `2m`. A moment that has passed is an
error, one beyond the longest allowed is silently brought back to it.
"""

import re
from datetime import datetime, timedelta

from rpc.deadlines import Deadline
from translator.errors import Problem
from translator.formats import parse_date_time

RELATIVE = re.compile(r"([0-9]+\.[0-9]+|[0-9]+)([a-z]+)")
MILLISECOND = timedelta(milliseconds=1)
UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000}


def deadline_of(text: str, now: datetime, default_ms: int, longest_ms: int) -> Deadline:
    """The request's deadline. Problem("invalidDeadline") for another form and for a moment that has passed."""
    left = left_ms(text, now)
    if left is None or left <= 0:
        raise Problem("invalidDeadline", "Invalid data in X-Request-Deadline header")
    return Deadline.after_ms(min(left, longest_ms), now)


def left_ms(text: str, now: datetime) -> float | None:
    """Milliseconds until the deadline, none or fewer when it has passed; None for a text that is none."""
    relative = RELATIVE.fullmatch(text)
    if relative is not None:
        number, unit = relative.groups()
        return float(number) * UNIT_MS[unit] if unit in UNIT_MS else None
    try:
        return (parse_date_time(text) - now) / MILLISECOND
    except ValueError:
        return None
