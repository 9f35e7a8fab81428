"""What a bank's adapter may answer, in the words of specs/thrift/bank_adapter.thrift."""

from datetime import datetime, timedelta

from processing.domain.failure import Failure
from processing.domain.interaction import UserInteraction
from processing.domain.money import Cash
from processing.domain.statuses import TimeoutBehaviour
from processing.domain.values import Value

WAIT_MIN = timedelta(seconds=1)


class TransactionInfo(Value):
    """What the bank calls the payment. The id, once known, never changes; the rest may become known later."""

    id: str
    timestamp: datetime | None = None
    rrn: str | None = None
    approval_code: str | None = None
    extra: dict[str, str] | None = None


class Timer(Value):
    """Exactly one of the two is set."""

    timeout_s: int | None = None
    deadline: datetime | None = None


class Success(Value, tag="success"):
    """`changed_cost`: the bank approved another amount than was asked. `is_captured`: it took the money with it."""

    changed_cost: Cash | None = None
    is_captured: bool = False


FinishStatus = Success | Failure


class Finish(Value, tag="finish"):
    """The target is reached, or the bank said no."""

    status: FinishStatus


class Sleep(Value, tag="sleep"):
    """Call again after the timer."""

    timer: Timer
    user_interaction: UserInteraction | None = None


class Suspend(Value, tag="suspend"):
    """Somebody will come back under `tag`. Without `timeout_failure` a timeout that fails is an operation timeout."""

    tag: str
    timeout: Timer
    timeout_behaviour: TimeoutBehaviour
    user_interaction: UserInteraction | None = None
    timeout_failure: Failure | None = None


Intent = Finish | Sleep | Suspend


class ProxyResult(Value):
    intent: Intent
    next_state: bytes | None = None
    transaction: TransactionInfo | None = None


def moment(timer: Timer, now: datetime) -> datetime:
    """When the timer rings, for one that was set now; never so soon that an adapter would be called in a loop."""
    wanted = timer.deadline or now + timedelta(seconds=timer.timeout_s or 0)
    return max(wanted, now + WAIT_MIN)
