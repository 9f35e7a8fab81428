"""The Thrift face of invoice templates, and the making of invoices from them."""

import msgspec

from processing import templates
from processing.domain import commands, template, terms
from processing.domain.errors import InvalidRequest
from processing.domain.predicates import Circumstances
from processing.domain.standing import require_operable
from processing.domain.values import Content
from processing.machine import Machines
from processing.services.access import require_owner
from processing.services.facts import FactsReader
from processing.services.wire import invoicing as invoicing_wire
from processing.services.wire import templating as wire
from rpc.context import Context
from rpc.protocol import domain, payment_processing

LISTED_MAX = 1000
NO_CONTENT = Content(type="application/json", data=b"{}")


class TemplatingService:
    """Serves payment_processing.InvoiceTemplating."""

    def __init__(self, machines: Machines, facts: FactsReader) -> None:
        self._machines = machines
        self._facts = facts

    def Create(self, context: Context, params: payment_processing.TemplateParams) -> domain.InvoiceTemplate:
        require_owner(context, params.party_id)
        require_operable(self._facts.for_shop(params.party_id, params.shop_id).shop)
        wanted = template.InvoiceTemplate(
            owner_id=params.party_id, created_at=self._machines.clock(), **wire.template_arguments(params)
        )
        template.check(wanted.details, wanted.lifetime)
        with self._machines.database.transaction() as tx:
            made = templates.create(tx, wanted)
        require_owner(context, made.owner_id)
        return wire.template_to_thrift(made)

    def Get(self, context: Context, template_id: str) -> domain.InvoiceTemplate:
        return wire.template_to_thrift(self._of_caller(context, template_id))

    def GetList(
        self, context: Context, party_id: str, shop_id: str | None, after: str | None, limit: int
    ) -> list[domain.InvoiceTemplate]:
        require_owner(context, party_id)
        if not 1 <= limit <= LISTED_MAX:
            raise InvalidRequest([f"A limit is between 1 and {LISTED_MAX}"])
        with self._machines.database.read() as tx:
            found = templates.of_party(tx, party_id, shop_id, after, limit)
        return [wire.template_to_thrift(template) for template in found]

    def Update(
        self, context: Context, template_id: str, update: payment_processing.TemplateUpdate
    ) -> domain.InvoiceTemplate:
        self._operable(context, template_id)
        with self._machines.database.transaction() as tx:
            found = templates.get(tx, template_id, lock=True)
            template.require_revision(found, update.if_revision)
            said = {**wire.cleared_arguments(update), **wire.update_arguments(update)}
            changed = msgspec.structs.replace(found, revision=found.revision + 1, **said)
            template.check(changed.details, changed.lifetime)
            templates.update(tx, changed)
        return wire.template_to_thrift(changed)

    def Delete(self, context: Context, template_id: str, if_revision: int | None = None) -> None:
        self._operable(context, template_id)
        with self._machines.database.transaction() as tx:
            template.require_revision(templates.get(tx, template_id, lock=True), if_revision)
            templates.remove(tx, template_id)

    def ComputeTerms(self, context: Context, template_id: str) -> payment_processing.PaymentTerms:
        found = self._of_caller(context, template_id)
        facts = self._facts.for_shop(found.owner_id, found.shop_id)
        about = Circumstances(
            party_id=found.owner_id,
            shop_id=found.shop_id,
            category_id=facts.shop.category_id,
            currency=facts.shop.currency,
        )
        return invoicing_wire.terms_to_thrift(terms.compute(facts.terms, about))

    def draft_invoice(
        self, context: Context, params: payment_processing.InvoiceWithTemplateParams
    ) -> commands.CreateInvoice:
        """The command that makes an invoice from a template. Raises InvoiceTermsViolated and what Get raises."""
        found = self._of_caller(context, params.template_id)
        drafted = template.draft(found, params.amount, params.currency, self._machines.clock())
        said = {
            **wire.from_template_arguments(params),
            "amount": drafted.cost.amount,
            "currency": drafted.cost.currency,
        }
        return commands.CreateInvoice(
            owner_id=found.owner_id,
            shop_id=found.shop_id,
            details=drafted.details,
            due=drafted.due,
            facts=self._facts.for_shop(found.owner_id, found.shop_id),
            **{"context": found.context or NO_CONTENT, **said},
        )

    def _of_caller(self, context: Context, template_id: str) -> template.InvoiceTemplate:
        with self._machines.database.read() as tx:
            found = templates.get(tx, template_id)
        require_owner(context, found.owner_id)
        return found

    def _operable(self, context: Context, template_id: str) -> template.InvoiceTemplate:
        found = self._of_caller(context, template_id)
        require_operable(self._facts.for_shop(found.owner_id, found.shop_id).shop)
        return found
