"""Invoice templates: domain <-> Thrift."""

from processing.domain import commands, template
from processing.domain.errors import InvalidRequest
from processing.services.wire.mirror import arguments, mirror
from rpc.protocol import domain, payment_processing

template_to_thrift = mirror(template.InvoiceTemplate, domain.InvoiceTemplate).to_thrift
template_arguments = arguments(template.InvoiceTemplate, payment_processing.TemplateParams)
update_arguments = arguments(template.InvoiceTemplate, payment_processing.TemplateUpdate)
from_template_arguments = arguments(commands.CreateInvoice, payment_processing.InvoiceWithTemplateParams)


def cleared_arguments(update: payment_processing.TemplateUpdate) -> dict[str, None]:
    """Fields that the template has no longer. Raises InvalidRequest for one that is not known here."""
    names = {number: payment_processing.TemplateField.name_of(number) for number in update.cleared or ()}
    if None in names.values():
        raise InvalidRequest(
            [f"TemplateField {sorted(number for number in names if names[number] is None)} is not known"]
        )
    return {name.lower(): None for name in names.values()}
