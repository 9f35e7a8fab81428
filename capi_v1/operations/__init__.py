"""Every operation of v1: one module a tag of the contract, one function an operationId. This list is all there is."""

from capi_v1.operations import (
    categories,
    invoice_templates,
    invoices,
    parties,
    payments,
    search,
    shops,
    tokens,
    webhooks,
)

MODULES = (invoices, invoice_templates, payments, tokens, webhooks, shops, parties, search, categories)
