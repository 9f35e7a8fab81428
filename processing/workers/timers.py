"""Queue `machine`: does what a machine wants next, until it wants nothing now.

A session's call is announced by an event, then made, then its outcome is a command; the job stays leased all the while,
so no other worker acts on the machine. What the bank answered outside its protocol, what we cannot read, and work that
crashes again and again, stop the machine: an operator looks at it.

A worker that dies in a call leaves the machine to the next one when its lease runs out; that one announces a further
attempt. One that only slept finds its lease gone and writes nothing, and the gate before the banks turns away a call of
an attempt that is not the newest (processing.banks.gate).
"""

from datetime import timedelta
from typing import Protocol

from processing.changes import is_due
from processing.domain import invoice
from processing.domain.commands import BeginSessionCall, Command, StopMachine, TimerFired
from processing.domain.errors import DomainError, InvoiceNotFound, MachineStopped, StepObsolete
from processing.domain.state import Invoice
from processing.domain.steps import RunSession
from processing.machine import QUEUE, Lease, LeaseLost, Machines, Outcome
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
        """`length` of the lease under which a machine is worked on; the loop makes it longer while work goes on."""
        self._machines = machines
        self._effects = effects
        self._length = length

    def queue(self, threads: int, bank_threads: int | None = None) -> Queue:
        """The queue as the loop wants it; of one bank's machines it works on `bank_threads` at a time at most."""
        return Queue(
            QUEUE,
            self.handle,
            threads,
            self._length,
            ahead=threads,
            lane_threads=bank_threads,
            on_quarantine=self.give_up,
        )

    def handle(self, claim: jobs.Claim) -> Result:
        """Does every step that is due now. Raises LeaseLost when the machine was given to another worker meanwhile."""
        lease = Lease(claim, self._length)
        try:
            outcome = Outcome(self._machines.get(claim.key), None)
            for number in range(1, STEPS_MAX + 1):
                outcome = self._step(claim, lease, outcome, announces=number < STEPS_MAX)
                if outcome.is_released:
                    return SETTLED
        except InvoiceNotFound:
            return DONE
        self._machines.release(lease)
        return SETTLED

    def _step(self, claim: jobs.Claim, lease: Lease, so_far: Outcome, *, announces: bool) -> Outcome:
        """One step; a call of a bank that was announced with the step before is made."""
        machine, now = so_far.state, self._machines.now()
        step = so_far.begun or invoice.next_step(machine, now)
        try:
            if so_far.begun is None and not is_due(step, now):
                return self._machines.settle(machine.id, lease)
            if isinstance(step, RunSession):
                return self._run_session(claim, lease, step, so_far, announces=announces)
            return self._machines.execute(machine.id, TimerFired(), claim.trace_id, lease, announces=announces)
        except (StepObsolete, MachineStopped):
            return self._machines.settle(machine.id, lease)

    def _run_session(
        self, claim: jobs.Claim, lease: Lease, step: RunSession, so_far: Outcome, *, announces: bool
    ) -> Outcome:
        begun = so_far
        if so_far.begun is None:
            announcement = BeginSessionCall(payment_id=step.payment_id, refund_id=step.refund_id)
            begun = self._machines.execute(claim.key, announcement, claim.trace_id, lease)
        try:
            answer = self._effects.run_session(step, begun.state, claim.trace_id)
            outcome = self._machines.execute(claim.key, answer, claim.trace_id, lease, announces=announces)
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
