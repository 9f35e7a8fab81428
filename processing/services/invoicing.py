"""The Thrift face of the machines. Thin: who asks, what the decision needs from outside, the command, the answer.

Every function reads the machine first and checks whose it is; refusals are domain errors (see wire/refusals).
"""

from datetime import timedelta
from functools import partial
from typing import Any

from processing import ids
from processing.domain import commands, errors, state, terms
from processing.domain.predicates import Circumstances
from processing.machine import Machines
from processing.services.access import require_owner
from processing.services.facts import FactsReader
from processing.services.history import machine_events
from processing.services.operator import OperatorCalls
from processing.services.templating import TemplatingService
from processing.services.wire import invoicing as wire
from processing.storage.port import Unavailable
from rpc.context import Context
from rpc.protocol import domain, payment_processing

PAYMENT_NUMBERS = "payments/{invoice}/{party}"
"""The sequence of an invoice's payment ids, as the versions name it."""

NUMBERS_TRIED_MAX = 10


class InvoicingService(OperatorCalls):
    """Serves payment_processing.Invoicing; the operator's calls stand in operator.py."""

    def __init__(
        self, machines: Machines, facts: FactsReader, templating: TemplatingService, payment_deadline: timedelta
    ) -> None:
        """`payment_deadline`: of a payment that names none."""
        self._machines = machines
        self._facts = facts
        self._templating = templating
        self._payment_deadline = payment_deadline

    # ------------------------------------------------------------- invoices

    def Create(self, context: Context, params: payment_processing.InvoiceParams) -> domain.Invoice:
        require_owner(context, params.party_id)
        said = wire.create_invoice_arguments(params)
        facts = self._facts.for_invoice(params.party_id, params.shop_id, said.get("allocation"))
        command = commands.CreateInvoice(owner_id=params.party_id, facts=facts, **said)
        return wire.invoice_to_thrift(self._created(context, command))

    def CreateWithTemplate(
        self, context: Context, params: payment_processing.InvoiceWithTemplateParams
    ) -> domain.Invoice:
        """A repeat finds its invoice even when the template has changed since."""
        made = self._machines.load(params.id).state
        if made is None:
            made = self._created(context, self._templating.draft_invoice(context, params))
        require_owner(context, made.owner_id)
        return wire.invoice_to_thrift(made)

    def Get(self, context: Context, invoice_id: str) -> domain.Invoice:
        return wire.invoice_to_thrift(self._of_caller(context, invoice_id))

    def GetEvents(
        self, context: Context, invoice_id: str, wanted: payment_processing.EventRange
    ) -> list[payment_processing.Event]:
        self._of_caller(context, invoice_id)
        with self._machines.database.read() as tx:
            return machine_events(tx, invoice_id, wanted)

    def ComputeTerms(self, context: Context, invoice_id: str) -> payment_processing.PaymentTerms:
        machine = self._of_caller(context, invoice_id)
        facts = self._facts.for_shop(machine.owner_id, machine.shop_id, machine.domain_revision)
        about = Circumstances(
            party_id=machine.owner_id,
            shop_id=machine.shop_id,
            category_id=facts.shop.category_id,
            currency=machine.cost.currency,
            cost=machine.cost,
        )
        return wire.terms_to_thrift(terms.compute(facts.terms, about))

    def Fulfill(self, context: Context, invoice_id: str, reason: str) -> None:
        machine = self._of_caller(context, invoice_id)
        self._execute(context, machine, commands.Fulfill(reason=reason, facts=self._shop_facts(machine)))

    def Rescind(self, context: Context, invoice_id: str, reason: str) -> None:
        machine = self._of_caller(context, invoice_id)
        self._execute(context, machine, commands.Rescind(reason=reason, facts=self._shop_facts(machine)))

    # ------------------------------------------------------------- payments

    def StartPayment(
        self, context: Context, invoice_id: str, params: payment_processing.PaymentParams
    ) -> domain.Payment:
        """What may have changed since the machine was last seen here, a stop too, is noticed by the command."""
        machine = self._machines.seen(invoice_id)
        require_owner(context, machine.owner_id)
        said = {
            "processing_deadline": self._machines.now() + self._payment_deadline,
            **wire.start_payment_arguments(params),
        }
        facts = self._facts.for_payment(machine, said["payer"])
        if params.id is None:
            return wire.payment_to_thrift(self._numbered_payment(context, machine, {**said, "facts": facts}))
        after = self._execute(context, machine, commands.StartPayment(facts=facts, **said))
        return wire.payment_to_thrift(state.payment_of(after, params.id))

    def _numbered_payment(self, context: Context, machine: state.Invoice, said: dict[str, Any]) -> state.Payment:
        """A payment under the next number of the sequence from which ids with an external id are drawn as well; the
        number is taken in the transaction that begins the payment. The first payment's is nearly always 1: the sequence
        is asked only where that is taken."""
        sequence = PAYMENT_NUMBERS.format(invoice=machine.id, party=machine.owner_id)
        for attempt in range(NUMBERS_TRIED_MAX):
            is_guess = attempt == 0 and not machine.payments
            number = 1 if is_guess else ids.following(self._machines.database, sequence)
            command = commands.StartPayment(id=str(number), **said)
            take = partial(ids.take, sequence=sequence, number=number)
            try:
                outcome = self._machines.execute(machine.id, command, context.trace_id, alongside=take)
            except ids.NumberTaken:
                continue
            if outcome.record is not None:
                return state.payment_of(outcome.state, command.id)
            # The number names another payment by now, and whoever comes without an id of its own does not repeat it.
        raise Unavailable("payments of this invoice are being begun too fast")

    def GetPayments(self, context: Context, invoice_id: str) -> list[domain.Payment]:
        return [wire.payment_to_thrift(payment) for payment in self._of_caller(context, invoice_id).payments]

    def GetPayment(self, context: Context, invoice_id: str, payment_id: str) -> domain.Payment:
        return wire.payment_to_thrift(state.payment_of(self._of_caller(context, invoice_id), payment_id))

    def CapturePayment(
        self, context: Context, invoice_id: str, payment_id: str, params: payment_processing.CaptureParams
    ) -> None:
        machine = self._of_caller(context, invoice_id)
        said = wire.capture_arguments(params)
        facts = self._facts.for_money(machine, payment_id, said.get("allocation"))
        self._execute(context, machine, commands.CapturePayment(payment_id=payment_id, facts=facts, **said))

    def CancelPayment(self, context: Context, invoice_id: str, payment_id: str, reason: str) -> None:
        machine = self._of_caller(context, invoice_id)
        command = commands.CancelPayment(payment_id=payment_id, reason=reason, facts=self._shop_facts(machine))
        self._execute(context, machine, command)

    # -------------------------------------------------------------- refunds

    def RefundPayment(
        self, context: Context, invoice_id: str, payment_id: str, params: payment_processing.RefundParams
    ) -> domain.Refund:
        machine = self._of_caller(context, invoice_id)
        said = wire.refund_arguments(params)
        facts = self._facts.for_money(machine, payment_id, said.get("allocation"))
        command = commands.RefundPayment(payment_id=payment_id, facts=facts, **said)
        after = self._execute(context, machine, command)
        return wire.refund_to_thrift(state.refund_of(state.payment_of(after, payment_id), params.id))

    def GetRefunds(self, context: Context, invoice_id: str, payment_id: str) -> list[domain.Refund]:
        payment = state.payment_of(self._of_caller(context, invoice_id), payment_id)
        return [wire.refund_to_thrift(refund) for refund in payment.refunds]

    def GetRefund(self, context: Context, invoice_id: str, payment_id: str, refund_id: str) -> domain.Refund:
        payment = state.payment_of(self._of_caller(context, invoice_id), payment_id)
        return wire.refund_to_thrift(state.refund_of(payment, refund_id))

    # ---------------------------------------------------------- chargebacks

    def GetChargebacks(self, context: Context, invoice_id: str, payment_id: str) -> list[domain.Chargeback]:
        payment = state.payment_of(self._of_caller(context, invoice_id), payment_id)
        return [wire.chargeback_to_thrift(chargeback) for chargeback in payment.chargebacks]

    def GetChargeback(
        self, context: Context, invoice_id: str, payment_id: str, chargeback_id: str
    ) -> domain.Chargeback:
        payment = state.payment_of(self._of_caller(context, invoice_id), payment_id)
        return wire.chargeback_to_thrift(state.chargeback_of(payment, chargeback_id))

    # --------------------------------------------------------------- shared

    def _created(self, context: Context, command: commands.CreateInvoice) -> state.Invoice:
        made = self._machines.create(command, context.trace_id).state
        require_owner(context, made.owner_id)
        _require_working(made)
        return made

    def _of_caller(self, context: Context, invoice_id: str) -> state.Invoice:
        machine = self._machines.get(invoice_id)
        require_owner(context, machine.owner_id)
        _require_working(machine)
        return machine

    def _execute(self, context: Context, machine: state.Invoice, command: Any) -> state.Invoice:
        return self._machines.execute(machine.id, command, context.trace_id).state

    def _shop_facts(self, machine: state.Invoice) -> Any:
        return self._facts.for_shop(machine.owner_id, machine.shop_id, machine.domain_revision)


def _require_working(machine: state.Invoice) -> None:
    if machine.stop is not None:
        raise errors.MachineStopped(machine.stop.reason)
