"""The Thrift face of idempotent ids. A merchant's call binds keys, and draws from sequences, of its own party only."""

from processing import ids
from processing.domain.errors import InvalidRequest
from processing.services.access import require_owner, require_sequence
from processing.storage.port import Database
from rpc.context import Context
from rpc.protocol import ids as protocol

NAME_CHARS_MAX = 256


class IdsService:
    """Serves ids.Ids."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def Bind(self, context: Context, params: protocol.BindParams) -> protocol.Binding:
        key = self._key(context, params.key)
        if (params.id is None) == (params.sequence is None):
            raise InvalidRequest(["either an id or a sequence is needed"])
        if params.sequence is not None:
            require_sequence(context, params.sequence)
        wanted = ids.Wanted(
            features=params.features,
            id=params.id,
            sequence=params.sequence,
            sequence_from=1 if params.sequence_from is None else params.sequence_from,
            context=params.context or {},
        )
        return binding_to_thrift(ids.bind(self._database, key, wanted))

    def Get(self, context: Context, key: protocol.Key) -> protocol.Binding:
        wanted = self._key(context, key)
        with self._database.read() as tx:
            known = ids.find(tx, wanted)
        if known is None:
            raise protocol.BindingNotFound
        return binding_to_thrift(known)

    def Next(self, context: Context, sequence: str, sequence_from: int) -> str:
        require_sequence(context, sequence)
        with self._database.transaction() as tx:
            return str(ids.next_number(tx, sequence, sequence_from))

    def _key(self, context: Context, key: protocol.Key) -> ids.Key:
        require_owner(context, key.party_id)
        if not all(0 < len(part) <= NAME_CHARS_MAX for part in (key.operation, key.party_id, key.external_id)):
            raise InvalidRequest([f"every part of a key has 1 to {NAME_CHARS_MAX} characters"])
        return ids.Key(key.operation, key.party_id, key.external_id)


def binding_to_thrift(known: ids.Binding) -> protocol.Binding:
    return protocol.Binding(id=known.id, is_new=known.is_new, features=known.features, context=dict(known.context))
