"""The events feed: query parameters -> EventQuery; a page of events in their own bytes."""

import re
from datetime import datetime

import orjson

from capi_v3.shapes.absent import Json, if_present, without_absent
from capi_v3.shapes.ids import EVENT, event_id_to_thrift, shop_id_to_thrift
from capi_v3.shapes.timestamps import moment_to_thrift
from rpc.protocol import party_events
from translator.errors import Problem

TYPE = re.compile(r"\*|[a-z]+\.(\*|[A-Za-z]+)")


def event_query_to_thrift(
    party_id: str, limit: int, *, after: str | None, shop_id: str | None, types: list[str] | None
) -> party_events.EventQuery:
    return party_events.EventQuery(
        party_id=party_id,
        after=if_present(after, event_id_to_thrift),
        limit=limit,
        shop_id=if_present(shop_id, shop_id_to_thrift),
        event_types=if_present(types, lambda each: [event_type_to_thrift(one) for one in each]),
    )


def event_type_to_thrift(text: str) -> str:
    """Raises Problem: what no type can be called is not repeated in the answer, since it may be a card number."""
    if not TYPE.fullmatch(text):
        raise Problem("unprocessable", "There are no events of this type", 422)
    return text


def event_page_to_json(page: party_events.EventPage, now: datetime) -> Json:
    """`nextCursor` is there also when nothing follows yet: whoever polls goes on after it."""
    return without_absent(
        {
            "object": "list",
            "data": [orjson.Fragment(event.body) for event in page.events],
            "hasMore": page.has_more,
            "nextCursor": if_present(page.position, lambda position: f"{EVENT}{position}"),
            "asOf": moment_to_thrift(now),
        }
    )
