"""Queue `machine`: does what a machine wants next, until it wants nothing now.

A session's call is announced by an event, then made, then its outcome is a command; the job stays leased all the while,
so no other worker acts on the machine. What the bank answered outside its protocol, what we cannot read, and work that
crashes again and again, stop the machine: an operator looks at it.

A worker that dies in a call leaves the machine to the next one when its lease runs out. Lease, CALL_TIMEOUT and
CALL_PATIENCE all count from the announcement: the machine rests for the longer of lease and patience, and by then the
dead one's call is over.
"""

from datetime import timedelta
from typing import Protocol

from processing.domain import invoice
from processing.domain.commands import BeginSessionCall, Command, StopMachine, TimerFired
from processing.domain.errors import DomainError, InvoiceNotFound, MachineStopped, StepObsolete
from processing.domain.session import CALL_TIMEOUT
from processing.domain.state import Invoice
from processing.domain.steps import RunSession
from processing.machine import QUEUE, Lease, LeaseLost, Machines, Outcome, due
from processing.storage import jobs
from processing.storage.port import OutcomeUnknown, Unavailable
from processing.workers.loop import DONE, SETTLED, Queue, Result
from telemetry import log

STEPS_MAX = 50
"""Steps done under one claim; a machine that wants more waits for its turn again."""


class Effects(Protocol):
    """What calls the banks; `processing.effects.Effects`."""

    def run_session(self, step: RunSession, machine: Invoice, trace_id: str) -> Command:
        """The outcome of the session's call as a command."""


class Timers:
    """The handler of the queue."""

    def __init__(self, machines: Machines, effects: Effects, length: timedelta) -> None:
        """Raises ValueError for a lease that a call could outlast."""
        if length <= CALL_TIMEOUT:
            raise ValueError(f"workers.lease_s is too short: a bank's call may last {CALL_TIMEOUT.seconds} s")
        self._machines = machines
        self._effects = effects
        self._length = length

    def queue(self, threads: int) -> Queue:
        """The queue as the loop wants it."""
        return Queue(QUEUE, self.handle, threads, self._length, ahead=threads, on_quarantine=self.give_up)

    def handle(self, claim: jobs.Claim) -> Result:
        """Does every step that is due now. Raises LeaseLost when the machine was given to another worker meanwhile."""
        lease = Lease(claim, self._length)
        try:
            outcome = Outcome(self._machines.get(claim.key), None)
            for _ in range(STEPS_MAX):
                outcome = self._step(claim, lease, outcome.state)
                if outcome.is_released:
                    return SETTLED
        except InvoiceNotFound:
            return DONE
        self._machines.release(lease)
        return SETTLED

    def _step(self, claim: jobs.Claim, lease: Lease, machine: Invoice) -> Outcome:
        now = self._machines.now()
        step = invoice.next_step(machine, now)
        moment = due(step, now)
        try:
            if moment is None or moment > now:
                return self._machines.settle(machine.id, lease)
            if isinstance(step, RunSession):
                return self._run_session(claim, lease, step)
            return self._machines.execute(machine.id, TimerFired(), claim.trace_id, lease)
        except (StepObsolete, MachineStopped):
            return self._machines.settle(machine.id, lease)

    def _run_session(self, claim: jobs.Claim, lease: Lease, step: RunSession) -> Outcome:
        announced = BeginSessionCall(payment_id=step.payment_id, refund_id=step.refund_id)
        begun = self._machines.execute(claim.key, announced, claim.trace_id, lease)
        try:
            answer = self._effects.run_session(step, begun.state, claim.trace_id)
            outcome = self._machines.execute(claim.key, answer, claim.trace_id, lease)
        except (LeaseLost, StepObsolete, MachineStopped, Unavailable, OutcomeUnknown):
            raise
        except Exception as failure:
            log.error("machine.answer_refused", exc_info=True, machine=claim.key)
            return self._stop(claim, lease, f"{type(failure).__name__}: {failure}", step)
        if isinstance(answer, StopMachine):
            log.error("machine.stopped", machine=claim.key, reason=answer.reason)
        return outcome

    def _stop(self, claim: jobs.Claim, lease: Lease, reason: str, step: RunSession | None) -> Outcome:
        named = {"payment_id": step.payment_id, "refund_id": step.refund_id} if step else {}
        outcome = self._machines.execute(claim.key, StopMachine(reason=reason, **named), claim.trace_id, lease)
        log.error("machine.stopped", machine=claim.key, reason=reason)
        return outcome

    def give_up(self, claim: jobs.Claim, error: str) -> bool:
        """Stops a machine whose work crashed too often; False when even that is refused."""
        try:
            self._stop(claim, Lease(claim, self._length), error, None)
        except DomainError as refusal:
            log.error("machine.stop_refused", machine=claim.key, reason=str(refusal))
            return False
        return True
