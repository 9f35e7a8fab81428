"""The Thrift face of the usage counts. Gateways report; an operator reads all of it, a party its own part."""

from processing import usage
from processing.domain.errors import InvalidRequest
from processing.services.access import require_internal, require_owner
from processing.services.wire.times import from_text, to_text
from processing.storage.moments import EPOCH
from processing.storage.port import Database
from rpc.context import Context
from rpc.protocol import usage as protocol

NAME_CHARS_MAX = 256


class UsageService:
    """Serves usage.Usage."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def Report(self, context: Context, rows: list[protocol.UsageRow]) -> None:
        require_internal(context)
        told = [row_from_thrift(row) for row in rows]
        with self._database.transaction() as tx:
            usage.add(tx, told)

    def Get(self, context: Context, query: protocol.UsageQuery) -> list[protocol.UsageRow]:
        require_owner(context, query.party_id or "")
        since = EPOCH if query.since is None else from_text(query.since)
        with self._database.read() as tx:
            return [row_to_thrift(row) for row in usage.used(tx, query.version or "", query.party_id or "", since)]


def row_from_thrift(row: protocol.UsageRow) -> usage.Used:
    """Raises InvalidRequest for a count below 1 and for names that no table should hold."""
    if row.count < 1:
        raise InvalidRequest(["a count is above 0"])
    if not all(0 < len(name) <= NAME_CHARS_MAX for name in (row.version, row.operation, row.party_id)):
        raise InvalidRequest([f"every name has 1 to {NAME_CHARS_MAX} characters"])
    return usage.Used(row.version, row.operation, row.party_id, row.count, from_text(row.last_at))


def row_to_thrift(row: usage.Used) -> protocol.UsageRow:
    return protocol.UsageRow(
        version=row.version,
        operation=row.operation,
        party_id=row.party_id,
        count=row.count,
        last_at=to_text(row.last_at),
    )
