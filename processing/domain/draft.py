"""The events of one decision as they are made: each is applied at once, so that the next one builds on it."""

from collections.abc import Callable
from datetime import datetime

from processing.domain.events import Event
from processing.domain.state import Invoice, Payment, payment_of


class Unforeseen(Exception):
    """An answer that no rule knows: the machine stops, and whatever the decision had made so far is dropped."""

    def __init__(self, reason: str, payment_id: str | None = None, refund_id: str | None = None):
        super().__init__(reason)
        self.reason = reason
        self.ids = {"payment_id": payment_id, "refund_id": refund_id}


class Draft:
    """`state` is the machine after `events`; `now` is the moment of the decision."""

    def __init__(self, state: Invoice, now: datetime, apply: Callable[[Invoice, Event], Invoice]):
        self.state = state
        self.now = now
        self.events: list[Event] = []
        self._apply = apply

    def add(self, event: Event) -> None:
        self.state = self._apply(self.state, event)
        self.events.append(event)

    def payment(self, payment_id: str) -> Payment:
        """Raises PaymentNotFound."""
        return payment_of(self.state, payment_id)
