"""What a machine wants next."""

from datetime import datetime

from processing.domain.statuses import Target
from processing.domain.values import Value


class RunSession(Value, tag="run_session"):
    """Call the bank's adapter now: BeginSessionCall, then the call, then SessionAnswered or SessionCallFailed.

    `attempt` is the number that the call will have; `reference` our own name of the operation at the bank.
    """

    payment_id: str
    target: Target
    attempt: int
    reference: str
    refund_id: str | None = None


class WakeAt(Value, tag="wake_at"):
    """Nothing to do before `at`. At that moment: TimerFired, then ask for the next step again."""

    at: datetime


Step = RunSession | WakeAt
