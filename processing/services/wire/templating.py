"""Invoice templates: domain <-> Thrift."""

from processing.domain import commands, template
from processing.services.wire.mirror import arguments, mirror
from rpc.protocol import domain, payment_processing

template_to_thrift = mirror(template.InvoiceTemplate, domain.InvoiceTemplate).to_thrift
template_arguments = arguments(template.InvoiceTemplate, payment_processing.TemplateParams)
update_arguments = arguments(template.InvoiceTemplate, payment_processing.TemplateUpdate)
from_template_arguments = arguments(commands.CreateInvoice, payment_processing.InvoiceWithTemplateParams)
