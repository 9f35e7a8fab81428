"""Time as an argument: whoever needs the hour takes a `Clock`, so that tests decide what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns an aware datetime in UTC."""


def system_clock() -> datetime:
    """The machine's own time, aware, UTC."""
    return datetime.now(UTC)
