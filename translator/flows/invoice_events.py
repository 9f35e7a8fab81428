"""Reading an invoice's log for a version that shows only some of its events."""

from collections.abc import Callable
from typing import Any, TypeVar

from rpc.protocol import payment_processing

Public = TypeVar("Public")
PAGE_EVENTS_MIN, PAGE_EVENTS_MAX = 20, 100


async def public_events(
    rpc: Any,
    invoice_id: str,
    after: int | None,
    limit: int,
    public_form: Callable[[payment_processing.Event], Public | None],
) -> list[Public]:
    """Up to `limit` public forms of events after that id; reads on until there are so many or the log ends.

    `public_form` gives None for an event without one. Raises payment_processing.InvoiceNotFound, EventNotFound.
    """
    found: list[Public] = []
    asked = max(PAGE_EVENTS_MIN, min(limit, PAGE_EVENTS_MAX))
    while len(found) < limit:
        page = await rpc.invoicing.GetEvents(invoice_id, payment_processing.EventRange(after=after, limit=asked))
        found += [form for event in page if (form := public_form(event)) is not None]
        if len(page) < asked:
            break
        after = page[-1].id
    return found[:limit]
