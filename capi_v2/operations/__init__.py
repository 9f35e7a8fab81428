"""Every operation of v2: one module a tag of the contract, one function an operationId. This list is all there is."""

from capi_v2.operations import (
    categories,
    countries,
    invoice_templates,
    invoices,
    parties,
    payments,
    search,
    shops,
    tokens,
    trade_blocs,
    webhooks,
)

MODULES = (
    invoices,
    invoice_templates,
    payments,
    tokens,
    webhooks,
    shops,
    parties,
    search,
    categories,
    countries,
    trade_blocs,
)
