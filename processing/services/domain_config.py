"""The Thrift face of the versioned configuration. Everybody may read; commits are the operator's."""

from collections.abc import Iterator
from contextlib import contextmanager

from processing.domain_config import repository
from processing.domain_config.objects import ConfigObject, Ref
from processing.services.access import is_internal
from processing.services.wire import domain_config as wire
from processing.storage.port import Database, Tx
from rpc.context import Context
from rpc.failures import Unexpected
from rpc.protocol import domain_config
from settings.clock import Clock

COMMITS_AT_ONCE_MAX = 1000


class RepositoryService:
    """Serves domain_config.Repository."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def Commit(self, context: Context, base_version: int, commit: domain_config.Commit) -> int:
        if not is_internal(context):
            raise Unexpected("the configuration is changed by the operator only")
        with answered(), self._database.transaction() as tx:
            return repository.commit(tx, base_version, wire.commit_to_ours(commit), self._clock())

    def Checkout(self, context: Context, version: domain_config.VersionRef) -> domain_config.Snapshot:
        with answered(), self._database.read() as tx:
            number = resolved(tx, version)
            found = repository.checkout(tx, number)
        objects = [
            ConfigObject(Ref(kind, object_id), data)
            for kind, by_id in found.items()
            for object_id, data in by_id.items()
        ]
        return domain_config.Snapshot(version=number, objects=[wire.object_to_thrift(item) for item in objects])

    def CheckoutObject(
        self, context: Context, version: domain_config.VersionRef, ref: domain_config.ObjectRef
    ) -> domain_config.DomainObject:
        with answered(), self._database.read() as tx:
            return wire.object_to_thrift(repository.checkout_object(tx, resolved(tx, version), wire.ref_to_ours(ref)))

    def CheckoutKind(
        self, context: Context, version: domain_config.VersionRef, kind: int
    ) -> list[domain_config.DomainObject]:
        with answered(), self._database.read() as tx:
            found = repository.checkout_kind(tx, resolved(tx, version), wire.kind_to_ours(kind))
        return [wire.object_to_thrift(item) for item in found]

    def PullRange(self, context: Context, after: int, limit: int) -> list[domain_config.CommitRecord]:
        with answered(), self._database.read() as tx:
            found = repository.pull(tx, after, max(0, min(limit, COMMITS_AT_ONCE_MAX)))
        return [wire.record_to_thrift(record) for record in found]


def resolved(tx: Tx, wanted: domain_config.VersionRef) -> int:
    """The number that is meant; the newest version for `head`."""
    return repository.head(tx) if wanted.which() == "head" else wanted.version


@contextmanager
def answered() -> Iterator[None]:
    """The repository's refusals as the protocol's."""
    try:
        yield
    except repository.VersionNotFound:
        raise domain_config.VersionNotFound from None
    except repository.ObjectNotFound:
        raise domain_config.ObjectNotFound from None
    except repository.Obsolete as refusal:
        raise domain_config.ObsoleteCommitVersion(latest=refusal.latest) from None
    except repository.OperationConflict as refusal:
        raise domain_config.OperationConflict(reason=refusal.reason, ref=wire.ref_to_thrift(refusal.ref)) from None
    except repository.OperationInvalid as refusal:
        raise domain_config.OperationInvalid(errors=refusal.errors) from None
