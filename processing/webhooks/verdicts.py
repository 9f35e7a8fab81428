"""What an attempt to deliver came to, in words that every kind of hook shares."""

import enum
from datetime import datetime
from typing import NamedTuple

from processing.webhooks.deliveries import Attempt
from processing.webhooks.lines import Message


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


class Attempted(NamedTuple):
    """An attempt and what came of it. `held_until`: the receiver wants nothing till then."""

    message: Message
    attempt: Attempt
    verdict: Verdict
    ended_at: datetime
    held_until: datetime | None = None

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.verdict.outcome is Outcome.DELIVERED
