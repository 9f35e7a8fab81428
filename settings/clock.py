"""Time as an argument: whoever needs the hour takes a `Clock`, so that tests decide what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

Clock = Callable[[], datetime]
"""Returns an aware datetime in UTC."""


system_clock: Clock = partial(datetime.now, UTC)
"""The machine's own time, aware, UTC."""
