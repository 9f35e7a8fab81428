"""X-Request-Deadline: until when the caller waits for an answer (contract section 3.2).

An RFC 3339 moment with any offset, or a time from now such as `500ms`, `1.5s`, `2m`. A moment that has passed is an
error, one beyond the longest allowed is silently brought back to it.
"""

import re
from datetime import datetime, timedelta

from rpc.deadlines import Deadline, whole_ms
from translator.errors import Problem
from translator.formats import parse_date_time

RELATIVE = re.compile(r"([0-9]+\.[0-9]+|[0-9]+)([a-z]+)")
UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000}


def deadline_of(text: str | None, now: datetime, default_ms: int, longest_ms: int) -> Deadline:
    """The request's deadline. Problem("invalidDeadline") for another form and for a moment that has passed."""
    if text is None:
        return Deadline.after_ms(default_ms, now)
    moment = _moment(text, now, longest_ms)
    if moment is None or moment <= now:
        raise Problem("invalidDeadline", "Invalid data in X-Request-Deadline header")
    return Deadline(whole_ms(min(moment, now + timedelta(milliseconds=longest_ms))))


def _moment(text: str, now: datetime, longest_ms: int) -> datetime | None:
    relative = RELATIVE.fullmatch(text)
    if relative is None:
        try:
            return parse_date_time(text)
        except ValueError:
            return None
    number, unit = relative.groups()
    if unit not in UNIT_MS:
        return None
    return now + timedelta(milliseconds=min(float(number) * UNIT_MS[unit], longest_ms))
