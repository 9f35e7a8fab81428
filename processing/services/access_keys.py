"""The Thrift face of the register of API keys. Internal realm only."""

from processing import access_keys
from processing.domain.errors import InvalidRequest
from processing.services.access import require_internal
from processing.services.wire.times import from_text, to_text
from processing.storage.port import Database
from rpc.context import Context
from rpc.protocol import access_keys as protocol
from settings.clock import Clock


class AccessKeysService:
    """Serves access_keys.AccessKeys."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def Register(self, context: Context, key: protocol.AccessKey) -> None:
        """Again with the same content: no effect."""
        require_internal(context)
        new = key_from_thrift(key)
        with self._database.transaction() as tx:
            if not access_keys.register(tx, new) and access_keys.find(tx, new.id)._replace(revoked_at=None) != new:
                raise InvalidRequest(["another key has this id"])

    def List(self, context: Context, party_id: str) -> list[protocol.AccessKey]:
        require_internal(context)
        with self._database.read() as tx:
            return [key_to_thrift(key) for key in access_keys.keys_of(tx, party_id)]

    def Revoke(self, context: Context, key_id: str) -> int:
        require_internal(context)
        with self._database.transaction() as tx:
            return access_keys.revoke(tx, key_id, self._clock())

    def GetRevocations(self, context: Context, after: int, reader: str) -> list[protocol.Revocation]:
        require_internal(context)
        found = access_keys.revocations(self._database, after, reader, self._clock())
        return [protocol.Revocation(number=each.number, key_id=each.key_id) for each in found]

    def ReadersBehind(self, context: Context, number: int) -> list[str]:
        require_internal(context)
        with self._database.read() as tx:
            return access_keys.readers_behind(tx, number, self._clock())


def key_from_thrift(key: protocol.AccessKey) -> access_keys.AccessKey:
    return access_keys.AccessKey(
        id=key.id,
        party_id=key.party_id,
        roles=tuple(key.roles),
        issued_at=from_text(key.issued_at),
        expires_at=None if key.expires_at is None else from_text(key.expires_at),
        name=key.name,
    )


def key_to_thrift(key: access_keys.AccessKey) -> protocol.AccessKey:
    return protocol.AccessKey(
        id=key.id,
        party_id=key.party_id,
        roles=list(key.roles),
        issued_at=to_text(key.issued_at),
        expires_at=None if key.expires_at is None else to_text(key.expires_at),
        name=key.name,
        revoked_at=None if key.revoked_at is None else to_text(key.revoked_at),
    )
