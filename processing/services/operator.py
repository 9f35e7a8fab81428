"""The operator's calls on machines: chargebacks, inspection, repair. Internal realm only."""

from typing import Any

from processing.domain import commands, invoice, state
from processing.machine import Machines
from processing.services.access import require_internal
from processing.services.facts import FactsReader
from processing.services.history import machine_events
from processing.services.wire import invoicing as wire
from rpc.context import Context
from rpc.protocol import domain, payment_processing

EVERYTHING = 2**31 - 1


class OperatorCalls:
    """Mixed into InvoicingService, which has the machines and the facts."""

    _machines: Machines
    _facts: FactsReader

    def CreateChargeback(
        self, context: Context, invoice_id: str, payment_id: str, params: payment_processing.ChargebackParams
    ) -> domain.Chargeback:
        require_internal(context)
        machine = self._machines.get(invoice_id)
        said = wire.chargeback_arguments(params)
        facts = self._facts.for_money(machine, payment_id, None)
        command = commands.CreateChargeback(payment_id=payment_id, facts=facts, **said)
        after = self._machines.execute(invoice_id, command, context.trace_id).state
        return wire.chargeback_to_thrift(state.chargeback_of(state.payment_of(after, payment_id), params.id))

    def AcceptChargeback(self, context: Context, invoice_id: str, payment_id: str, chargeback_id: str) -> None:
        self._decide(context, invoice_id, commands.AcceptChargeback, payment_id, chargeback_id)

    def RejectChargeback(self, context: Context, invoice_id: str, payment_id: str, chargeback_id: str) -> None:
        self._decide(context, invoice_id, commands.RejectChargeback, payment_id, chargeback_id)

    def ReopenChargeback(self, context: Context, invoice_id: str, payment_id: str, chargeback_id: str) -> None:
        self._decide(context, invoice_id, commands.ReopenChargeback, payment_id, chargeback_id)

    def CancelChargeback(self, context: Context, invoice_id: str, payment_id: str, chargeback_id: str) -> None:
        self._decide(context, invoice_id, commands.CancelChargeback, payment_id, chargeback_id)

    def GetMachine(self, context: Context, invoice_id: str) -> payment_processing.MachineState:
        require_internal(context)
        return self._inspected(invoice_id)

    def GetStopped(self, context: Context, limit: int) -> list[payment_processing.MachineState]:
        require_internal(context)
        return [self._inspected(machine_id) for machine_id in self._machines.stopped(limit)]

    def Repair(
        self, context: Context, invoice_id: str, scenario: payment_processing.RepairScenario, operator_note: str
    ) -> None:
        require_internal(context)
        command = commands.Repair(scenario=wire.scenario_to_domain(scenario), operator_note=operator_note)
        self._machines.execute(invoice_id, command, context.trace_id)

    def _decide(self, context: Context, invoice_id: str, verdict: Any, payment_id: str, chargeback_id: str) -> None:
        require_internal(context)
        command = verdict(payment_id=payment_id, chargeback_id=chargeback_id)
        self._machines.execute(invoice_id, command, context.trace_id)

    def _inspected(self, invoice_id: str) -> payment_processing.MachineState:
        machine = self._machines.get(invoice_id)
        with self._machines.database.read() as tx:
            happened = machine_events(tx, invoice_id, payment_processing.EventRange(limit=EVERYTHING))
        return wire.machine_to_thrift(
            machine, invoice.activity(machine), invoice.next_step(machine, self._machines.clock()), happened
        )
