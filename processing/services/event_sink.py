"""The Thrift face of the order of everything: what happened on the whole platform, for readers inside it."""

from processing.domain import errors
from processing.machine import Machines
from processing.services.access import require_internal
from processing.services.history import EVENTS_MAX, events_to_thrift, limit_of
from processing.storage import events
from rpc.context import Context
from rpc.protocol import payment_processing


class EventSinkService:
    """Serves payment_processing.EventSink."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    def GetEvents(self, context: Context, wanted: payment_processing.EventRange) -> list[payment_processing.Event]:
        require_internal(context)
        limit = min(limit_of(wanted), EVENTS_MAX)
        after = wanted.after or 0
        with self._machines.database.read() as tx:
            records = events.feed(tx, after, limit)
            if after and events.record(tx, after) is None:
                raise errors.EventNotFound
            return events_to_thrift(records)

    def GetLastEventID(self, context: Context) -> int:
        require_internal(context)
        with self._machines.database.read() as tx:
            newest = events.last_id(tx)
        if newest is None:
            raise errors.NoLastEvent
        return newest
