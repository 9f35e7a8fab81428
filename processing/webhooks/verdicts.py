"""What an attempt to deliver came to, in words that every kind of hook shares."""

import enum
from typing import NamedTuple


class Outcome(enum.Enum):
    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    """The receiver wants nothing any more."""


class Verdict(NamedTuple):
    """`error`: why it is not delivered, for people. `hold_s`: for so long the receiver wants nothing at all."""

    outcome: Outcome
    error: str | None = None
    hold_s: int | None = None
