"""The Thrift face that bank adapters call: somebody came back, a bank states something, a payer disputes."""

from processing.domain import commands, errors, references, state
from processing.effects import Effects, suspended_under
from processing.machine import Machines
from processing.services.access import require_internal
from processing.services.facts import FactsReader
from processing.services.wire import adapter as wire
from processing.session_tags import machine_of
from rpc import failures
from rpc.context import Context
from rpc.protocol import bank_adapter


class ProviderHostService:
    """Serves bank_adapter.ProviderProxyHost. Internal realm only."""

    def __init__(self, machines: Machines, facts: FactsReader, effects: Effects) -> None:
        self._machines = machines
        self._facts = facts
        self._effects = effects

    def ProcessPaymentCallback(self, context: Context, tag: str, callback: bytes) -> bytes:
        require_internal(context)
        with self._machines.database.read() as tx:
            machine_id = machine_of(tx, tag)
        if machine_id is None:
            raise errors.SessionNotFound
        begun = self._machines.execute(machine_id, commands.BeginCallback(tag=tag), context.trace_id).state
        try:
            answered, command = self._effects.handle_callback(tag, callback, begun, context.trace_id)
        except failures.RpcFailure as failure:
            self._note(context, begun, tag, failure)
            raise
        self._machines.execute(machine_id, command, context.trace_id)
        return answered.response

    def NotifyPayment(self, context: Context, statement: bank_adapter.BankStatement) -> None:
        require_internal(context)
        machine_id = self._machine_of(statement.reference)
        self._machines.execute(machine_id, wire.statement_to_domain(statement), context.trace_id)

    def OpenChargeback(self, context: Context, notice: bank_adapter.ChargebackNotice) -> None:
        """The machine numbers the chargeback: of two notices at once each gets a number of its own."""
        require_internal(context)
        machine_id = self._machine_of(notice.reference)
        payment_id, _, _ = references.operation_of(notice.reference)
        machine = self._machines.get(machine_id)
        try:
            facts = self._facts.for_money(machine, payment_id, None)
            command = commands.CreateChargeback(payment_id=payment_id, facts=facts, **wire.notice_arguments(notice))
            self._machines.execute(machine_id, command, context.trace_id)
        except errors.PaymentNotFound:
            raise errors.SessionNotFound from None
        except errors.InvalidPaymentStatus as refusal:
            raise errors.InvalidRequest([f"the payment is {refusal.status.value}"]) from None
        except errors.PaymentAmountExceeded as refusal:
            raise errors.InvalidRequest([f"no more than {refusal.maximum.amount} is left of the payment"]) from None

    def _machine_of(self, reference: str) -> str:
        """Raises SessionNotFound for a reference that is not one of a machine here."""
        try:
            references.operation_of(reference)
        except ValueError:
            raise errors.SessionNotFound from None
        machine_id = references.invoice_of(reference)
        if self._machines.load(machine_id).state is None:
            raise errors.SessionNotFound
        return machine_id

    def _note(self, context: Context, begun: state.Invoice, tag: str, failure: failures.RpcFailure) -> None:
        """The callback's call failed: the session is called again, or the machine stops at an answer nobody foresaw."""
        payment, refund = suspended_under(begun, tag)
        named = {"payment_id": payment.id, "refund_id": refund.id if refund else None}
        if isinstance(failure, failures.Unexpected):
            command = commands.StopMachine(reason=f"callback: {failure}", **named)
        else:
            session = refund.session if refund else payment.session
            command = commands.SessionCallFailed(
                attempt=session.attempt,
                is_unknown=isinstance(failure, failures.Unknown),
                reason=failure.reason,
                **named,
            )
        self._machines.execute(begun.id, command, context.trace_id)
