"""Invoices, payments, refunds and their history: domain <-> Thrift."""

from processing.domain import commands, public_changes, state, terms
from processing.domain.steps import Step, WakeAt
from processing.services.wire.mirror import arguments, mirror
from processing.services.wire.times import to_text
from rpc.protocol import domain, payment_processing

invoice_to_thrift = mirror(state.Invoice, domain.Invoice).to_thrift
payment_to_thrift = mirror(state.Payment, domain.Payment).to_thrift
refund_to_thrift = mirror(state.Refund, domain.Refund).to_thrift
chargeback_to_thrift = mirror(state.Chargeback, domain.Chargeback).to_thrift
terms_to_thrift = mirror(terms.PaymentTerms, payment_processing.PaymentTerms).to_thrift

create_invoice_arguments = arguments(commands.CreateInvoice, payment_processing.InvoiceParams)
start_payment_arguments = arguments(commands.StartPayment, payment_processing.PaymentParams)
capture_arguments = arguments(commands.CapturePayment, payment_processing.CaptureParams)
refund_arguments = arguments(commands.RefundPayment, payment_processing.RefundParams)
chargeback_arguments = arguments(commands.CreateChargeback, payment_processing.ChargebackParams)
scenario_to_domain = mirror(commands.RepairScenario, payment_processing.RepairScenario).to_domain

_change_to_thrift = mirror(public_changes.Change, payment_processing.InvoiceChange).to_thrift


def event_to_thrift(record, changes: list[public_changes.Change]) -> payment_processing.Event:
    """`record` is the stored one; `changes` what its events are in a merchant's words."""
    return payment_processing.Event(
        id=record.id,
        created_at=to_text(record.created_at),
        invoice_id=record.machine_id,
        sequence=record.sequence,
        changes=[_change_to_thrift(change) for change in changes],
        trace_id=record.trace_id,
    )


def machine_to_thrift(
    machine: state.Invoice,
    activity: str | None,
    step: Step | None,
    happened: list[payment_processing.Event],
) -> payment_processing.MachineState:
    """What an operator sees of a machine; a stopped one shows what it was about to do when it stopped."""
    said = {"id": machine.id, "sequence": happened[-1].sequence if happened else 0, "events": happened}
    if machine.stop is not None:
        said |= {
            "status": payment_processing.MachineStatus.STOPPED,
            "reason": machine.stop.reason,
            "stopped_at": to_text(machine.stop.at),
            "activity": machine.stop.activity,
        }
    else:
        said |= {"status": payment_processing.MachineStatus.WORKING, "activity": activity}
        said["timer"] = to_text(step.at) if isinstance(step, WakeAt) else None
    return payment_processing.MachineState(**said)
