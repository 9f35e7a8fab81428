"""The bridge from a machine's wishes to the banks: one call of an adapter, and what its outcome is as a command.

Every call was announced by an event before it is made (BeginSessionCall). What becomes of it is one of four: an answer;
surely not done; perhaps done; an answer outside the protocol, which stops the machine until an operator looks at it.
"""

from datetime import timedelta
from typing import Any

from processing.banks.gate import BEFORE_START, UNDER_WAY
from processing.domain import commands, state
from processing.domain.session import CALL_TIMEOUT
from processing.domain.steps import RunSession
from processing.places import Places
from processing.services.wire.adapter import payment_context, result_to_domain
from processing.storage import port as storage
from rpc.context import Context
from rpc.deadlines import Deadline
from rpc.failures import RpcFailure, Unavailable, Unknown
from rpc.protocol import bank_adapter, base
from rpc.signature import STALE

INTERNAL = {"user-identity.id": "processing", "user-identity.realm": "internal"}
ADAPTER_PATH = "/v1/proxy/"
CALL_TIMEOUT_MS = CALL_TIMEOUT // timedelta(milliseconds=1)
OF_OUR_OWN = frozenset((STALE, BEFORE_START, UNDER_WAY))
"""Reasons of refusals at our own doors: clocks differ, the adapters were started anew, an attempt of a lost lease."""
CALLBACKS_PER_BANK = 4
"""Callbacks of one bank that are with its adapter at a time: one that hangs leaves threads to the others."""


class NotNow(storage.Unavailable):
    """Surely not done, and no trouble of the bank's: another attempt will be made, and nothing is noted against it."""


class Effects:
    """`rpc` is a blocking client; `bind(context).at(...)` reaches the adapter that the payment's route names."""

    def __init__(self, rpc: Any) -> None:
        self._rpc = rpc
        self._callbacks = Places(CALLBACKS_PER_BANK)

    def run_session(self, step: RunSession, machine: state.Invoice, trace_id: str) -> commands.Command:
        """The adapter's answer to the session that the step names. `machine` is as BeginSessionCall left it.

        Raises NotNow where the call did not get as far as the adapter for a reason that says nothing of the bank.
        """
        payment, refund = session_owner(machine, step.payment_id, step.refund_id)
        session = refund.session if refund else payment.session
        named = {"payment_id": payment.id, "refund_id": refund.id if refund else None}
        try:
            adapter = self._adapter(payment, session, trace_id)
            result = adapter.ProcessPayment(payment_context(machine, payment, refund))
            return commands.SessionAnswered(attempt=session.attempt, result=result_to_domain(result), **named)
        except (Unavailable, Unknown) as failure:
            if failure.reason in OF_OUR_OWN:
                raise NotNow(failure.reason) from failure
            is_unknown = isinstance(failure, Unknown)
            is_ours = not is_unknown and failure.status is None
            return commands.SessionCallFailed(
                attempt=session.attempt, is_unknown=is_unknown, reason=failure.reason, is_ours=is_ours, **named
            )
        except (RpcFailure, base.InvalidRequest) as failure:
            return commands.StopMachine(reason=f"{step.target} session: {failure}", **named)

    def handle_callback(
        self, tag: str, callback: bytes, machine: state.Invoice, trace_id: str
    ) -> tuple[bank_adapter.CallbackResult, commands.CallbackAnswered]:
        """The adapter's answer to whoever came back under `tag`. Raises the RpcFailure of the call."""
        payment, refund = suspended_under(machine, tag)
        session = refund.session if refund else payment.session
        adapter = self._adapter(payment, session, trace_id)
        with self._callbacks.one(payment.route.provider):
            answered = adapter.HandlePaymentCallback(callback, payment_context(machine, payment, refund))
        result = None if answered.result is None else result_to_domain(answered.result)
        return answered, commands.CallbackAnswered(tag=tag, attempt=session.attempt, result=result)

    def _adapter(self, payment: state.Payment, session: state.Session, trace_id: str) -> Any:
        """Called under a deadline that counts from the announcement: the machine makes no other call before it."""
        deadline = Deadline.after_ms(CALL_TIMEOUT_MS, session.begun_at)
        context = Context.root(trace_id=trace_id, deadline=deadline, meta=INTERNAL)
        return self._rpc.bind(context).at("bank_adapter", ADAPTER_PATH + payment.route.adapter)


def session_owner(
    machine: state.Invoice, payment_id: str, refund_id: str | None
) -> tuple[state.Payment, state.Refund | None]:
    """The payment, and its refund when the session is the refund's."""
    payment = next(payment for payment in machine.payments if payment.id == payment_id)
    if refund_id is None:
        return payment, None
    return payment, next(refund for refund in payment.refunds if refund.id == refund_id)


def suspended_under(machine: state.Invoice, tag: str) -> tuple[state.Payment, state.Refund | None]:
    """Whose session waits under the tag."""
    for payment in machine.payments:
        for owner in (payment, *payment.refunds):
            session = owner.session
            if session is not None and session.suspension is not None and session.suspension.tag == tag:
                return payment, None if owner is payment else owner
    raise LookupError(tag)
