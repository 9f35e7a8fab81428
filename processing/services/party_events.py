"""The Thrift face of the parties' feeds."""

from collections.abc import Sequence

from processing import party_events
from processing.domain.errors import InvalidRequest
from processing.party_events import PartyEvent, Query
from processing.services.access import require_owner
from processing.services.wire.times import to_text
from processing.storage.port import Database
from processing.webhooks import public_events
from rpc.context import Context
from rpc.protocol import party_events as protocol

READ_MAX = 1000


class PartyEventsService:
    """Serves party_events.PartyEvents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def GetRange(self, context: Context, query: protocol.EventQuery) -> protocol.EventPage:
        require_owner(context, query.party_id)
        if not 1 <= query.limit <= READ_MAX:
            raise InvalidRequest([f"A limit is between 1 and {READ_MAX}"])
        types = _types(query.event_types or ())
        wanted = Query(query.party_id, query.after, query.limit, query.shop_id, types)
        try:
            page = party_events.read(self._database, wanted)
        except party_events.Forgotten as forgotten:
            raise protocol.EventsForgotten(position=forgotten.position) from None
        return protocol.EventPage(
            events=[_to_thrift(event) for event in page.events], position=page.position, has_more=page.has_more
        )

    def Get(self, context: Context, party_id: str, event_id: int) -> protocol.StoredEvent:
        require_owner(context, party_id)
        found = party_events.find(self._database, party_id, event_id)
        if found is None:
            raise protocol.EventNotFound
        return _to_thrift(found)


def _types(wanted: Sequence[str]) -> Sequence[str]:
    """Those that are meant: also payment.* and * may be said. Raises InvalidRequest for types that there are not."""
    unknown = [said for said in wanted if not public_events.is_known(said)]
    if unknown:
        raise InvalidRequest([f"There are no events of type {said}" for said in unknown])
    return public_events.asked_for(wanted)


def _to_thrift(event: PartyEvent) -> protocol.StoredEvent:
    return protocol.StoredEvent(
        id=event.id,
        party_id=event.party_id,
        shop_id=event.shop_id,
        created_at=to_text(event.created_at),
        event_type=event.event_type,
        invoice_id=event.invoice_id,
        body=event.body,
        trace_id=event.trace_id,
    )
