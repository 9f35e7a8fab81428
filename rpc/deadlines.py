"""The moment by which an answer is worth having: a value that travels with every call and is never extended.

On the wire RFC 3339 in UTC with milliseconds and a `Z`: 2026-03-01T12:00:00.000Z.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import time_ns
from typing import NamedTuple

from settings.clock import Clock, system_clock

WIRE = re.compile(r"(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:[Zz]|[+-]00:00)", re.ASCII)
MICROSECOND = timedelta(microseconds=1)
MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MS, LAST_MS = ((end.replace(tzinfo=UTC) - EPOCH) // MILLISECOND for end in (datetime.min, datetime.max))


class Milliseconds(NamedTuple):
    """The field of a Deadline."""

    ms: int


class Deadline(Milliseconds):
    """`ms`: whole milliseconds since 1970; made of the aware time that it is, cut to them."""

    __slots__ = ()

    def __new__(cls, at: datetime) -> "Deadline":
        return at_ms(milliseconds(at))

    @classmethod
    def after_ms(cls, ms: float, now: datetime) -> "Deadline":
        """That many milliseconds from `now`, cut to whole ones. Raises OverflowError beyond the years 1 to 9999."""
        return at_ms(int(milliseconds(now) + ms))

    @classmethod
    def parse(cls, text: str) -> "Deadline":
        """From the wire form; also takes offsets +00:00 and -00:00. Raises ValueError for anything else."""
        match = WIRE.fullmatch(text)
        if match is None:
            raise ValueError("a deadline is an RFC 3339 time in UTC")
        thousandths = ((match[2] or "") + "000")[:3]
        return cls(datetime.fromisoformat(f"{match[1]}.{thousandths}+00:00"))

    @property
    def at(self) -> datetime:
        """The moment, aware, UTC."""
        return EPOCH + self.ms * MILLISECOND

    def remaining_ms(self, now: datetime) -> int:
        """Milliseconds left, 0 once it is reached."""
        left_us = self.left_us(microseconds(now))
        return left_us // 1000 if left_us > 0 else 0

    def reached(self, now: datetime) -> bool:
        """Whether nothing is worth starting any more."""
        return self.left_us(microseconds(now)) <= 0

    def left_us(self, now_us: int) -> int:
        """Microseconds left at a moment that is given in them, too; 0 or less once it is reached."""
        return self.ms * 1000 - now_us

    def to_wire(self) -> str:
        """2026-03-01T12:00:00.000Z"""
        return ms_on_wire(self.ms)


def microseconds(moment: datetime) -> int:
    """Those since 1970."""
    return (moment - EPOCH) // MICROSECOND


def in_microseconds(clock: Clock) -> Callable[[], int]:
    """A clock that tells them as `microseconds` does. The system's own tells them at once, in a fifth of the time."""
    return system_microseconds if clock is system_clock else lambda: microseconds(clock())


def system_microseconds() -> int:
    """Those since 1970 by the machine's own time."""
    return time_ns() // 1000


def milliseconds(moment: datetime) -> int:
    """Whole ones since 1970."""
    return (moment - EPOCH) // MILLISECOND


@lru_cache(maxsize=64)
def at_ms(ms: int) -> Deadline:
    """So many milliseconds after 1970, remembered: the requests of one turn are looked at within one millisecond."""
    if not FIRST_MS <= ms <= LAST_MS:
        raise OverflowError("a deadline is a moment of the years 1 to 9999")
    return tuple.__new__(Deadline, (ms,))


@lru_cache(maxsize=64)
def ms_on_wire(ms: int) -> str:
    """The wire form, remembered alike: 0.3 us, where a time formatted anew takes 1.0."""
    second, ms = divmod(ms, 1000)
    return f"{second_on_wire(second)}.{ms:03d}Z"


@lru_cache(maxsize=64)
def second_on_wire(second: int) -> str:
    """The second's part of the wire form: calls of one second mostly end within one second, too."""
    return (EPOCH + second * SECOND).isoformat()[:19]
