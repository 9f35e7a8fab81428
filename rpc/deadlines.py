"""The moment by which an answer is worth having: a value that travels with every call and is never extended.

On the wire RFC 3339 in UTC with milliseconds and a `Z`: 2026-03-01T12:00:00.000Z.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

WIRE = re.compile(r"(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:[Zz]|[+-]00:00)", re.ASCII)
MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Deadline(msgspec.Struct, frozen=True, order=True):
    """`at`: aware, UTC, whole milliseconds."""

    at: datetime

    @classmethod
    def after_ms(cls, ms: int, now: datetime) -> "Deadline":
        """That many milliseconds from `now`."""
        return at_ms(milliseconds(now) + ms)

    @classmethod
    def parse(cls, text: str) -> "Deadline":
        """From the wire form; also takes offsets +00:00 and -00:00. Raises ValueError for anything else."""
        match = WIRE.fullmatch(text)
        if match is None:
            raise ValueError("a deadline is an RFC 3339 time in UTC")
        thousandths = ((match[2] or "") + "000")[:3]
        return cls(datetime.fromisoformat(f"{match[1]}.{thousandths}+00:00"))

    def remaining_ms(self, now: datetime) -> int:
        """Milliseconds left, 0 once it is reached."""
        left_ms = (self.at - now) // MILLISECOND
        return left_ms if left_ms > 0 else 0

    def reached(self, now: datetime) -> bool:
        """Whether nothing is worth starting any more."""
        return now >= self.at

    def to_wire(self) -> str:
        """2026-03-01T12:00:00.000Z"""
        return ms_on_wire(milliseconds(self.at))


def milliseconds(moment: datetime) -> int:
    """Whole ones since 1970."""
    return (moment - EPOCH) // MILLISECOND


@lru_cache(maxsize=64)
def at_ms(ms: int) -> Deadline:
    """So many milliseconds after 1970, remembered: the requests of one turn are looked at within one millisecond."""
    return Deadline(EPOCH + ms * MILLISECOND)


@lru_cache(maxsize=64)
def ms_on_wire(ms: int) -> str:
    """The wire form, remembered alike: 0.3 us, where a time formatted anew takes 1.0."""
    second, ms = divmod(ms, 1000)
    return f"{second_on_wire(second)}.{ms:03d}Z"


@lru_cache(maxsize=64)
def second_on_wire(second: int) -> str:
    """The second's part of the wire form: calls of one second mostly end within one second, too."""
    return (EPOCH + second * SECOND).isoformat()[:19]
