"""The operations of v3, a module a tag; the functions are named as the operationIds in snake case."""

from capi_v3.operations import (
    dictionaries,
    events,
    idempotency_keys,
    invoices,
    payment_links,
    payments,
    refunds,
    shops,
    tokens,
    webhooks,
)

MODULES = (
    invoices,
    payments,
    refunds,
    tokens,
    payment_links,
    shops,
    webhooks,
    events,
    idempotency_keys,
    dictionaries,
)
