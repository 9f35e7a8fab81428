"""The Thrift face of the endpoints of Standard Webhooks."""

from datetime import timedelta

from processing import parties
from processing.domain.errors import AccessDenied, InvalidRequest, RevisionMismatch
from processing.sealing import SealingKeys
from processing.services.access import require_owner
from processing.services.wire import webhook_endpoints as wire
from processing.storage.port import Database, Tx
from processing.webhooks import addresses, deliveries, endpoint_secrets, endpoints, public_events, replays
from processing.webhooks.endpoints import Endpoint
from rpc.context import Context
from rpc.protocol import webhook_endpoints as protocol
from settings.clock import Clock
from settings.sections import Webhooks

LISTED_MAX = 1000
OVERLAP_S_MAX = 604_800
SAMPLE_TYPE = "invoice.created"


class WebhookEndpointsService:
    """Serves webhook_endpoints.WebhookEndpoints. `rules` are the settings of the webhooks."""

    def __init__(self, database: Database, clock: Clock, rules: Webhooks, keys: SealingKeys) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules
        self._keys = keys

    def Create(self, context: Context, params: protocol.EndpointParams) -> protocol.Endpoint:
        require_owner(context, params.party_id)
        new = wire.new_endpoint(params)
        self._require_reachable(new.url)
        with self._database.transaction() as tx:
            known = endpoints.find(tx, new.id)
            if known is None:
                self._create(tx, new)
            elif known.party_id != new.party_id:
                raise AccessDenied
            return self._shown(tx, endpoints.find(tx, new.id), is_open=True)

    def Get(self, context: Context, endpoint_id: str) -> protocol.Endpoint:
        with self._database.read() as tx:
            return self._shown(tx, _of_caller(tx, context, endpoint_id))

    def GetList(self, context: Context, party_id: str, after: str | None, limit: int) -> list[protocol.Endpoint]:
        require_owner(context, party_id)
        _require_size(limit)
        with self._database.read() as tx:
            found = endpoints.of_party(tx, party_id, after, limit)
            waiting = endpoints.pending(tx, found)
            now = self._clock()
            return [
                wire.endpoint_to_thrift(each, endpoint_secrets.in_force(tx, each.hook_id, now), waiting)
                for each in found
            ]

    def Update(self, context: Context, endpoint_id: str, update: protocol.EndpointUpdate) -> protocol.Endpoint:
        if update.url is not None:
            self._require_reachable(update.url)
        with self._database.transaction() as tx:
            found = _to_change(tx, context, endpoint_id, update.if_revision)
            changed = wire.changed(found, update)
            if update.shop_id is not None:
                _require_shop(tx, found.party_id, changed.shop_id)
            endpoints.change(tx, changed)
            if changed.url != found.url or (changed.is_enabled and not found.is_enabled):
                endpoints.renewed(tx, changed, self._clock())
            return self._shown(tx, endpoints.find(tx, endpoint_id))

    def Delete(self, context: Context, endpoint_id: str, if_revision: int | None = None) -> None:
        with self._database.transaction() as tx:
            endpoints.delete(tx, _to_change(tx, context, endpoint_id, if_revision))

    def RotateSecret(self, context: Context, endpoint_id: str, overlap_s: int) -> protocol.Endpoint:
        if not 0 <= overlap_s <= OVERLAP_S_MAX:
            raise InvalidRequest([f"An overlap is between 0 and {OVERLAP_S_MAX} seconds"])
        with self._database.transaction() as tx:
            found = _to_change(tx, context, endpoint_id)
            endpoint_secrets.rotate(tx, found.hook_id, timedelta(seconds=overlap_s), self._keys, self._clock())
            endpoints.touch(tx, found)
            return self._shown(tx, endpoints.find(tx, endpoint_id), is_open=True)

    def Replay(self, context: Context, endpoint_id: str, scope: protocol.ReplayScope) -> int:
        wanted = wire.replay_scope(scope)
        with self._database.transaction() as tx:
            found = _enabled(tx, context, endpoint_id)
            return replays.replay(tx, found, wanted, self._clock())

    def Test(self, context: Context, endpoint_id: str, event_type: str | None = None) -> protocol.EndpointDelivery:
        said = event_type or SAMPLE_TYPE
        if said not in public_events.TYPES:
            raise InvalidRequest([f"There are no events of type {said}"])
        with self._database.transaction() as tx:
            found = _enabled(tx, context, endpoint_id)
            delivery_id = replays.sample(tx, found, said, context.trace_id, self._clock())
            return _deliveries(tx, found, delivery_id + 1, 1)[0]

    def GetDeliveries(
        self, context: Context, endpoint_id: str, before: int | None, limit: int
    ) -> list[protocol.EndpointDelivery]:
        _require_size(limit)
        with self._database.read() as tx:
            return _deliveries(tx, _of_caller(tx, context, endpoint_id), before, limit)

    def _create(self, tx: Tx, new: endpoints.NewEndpoint) -> None:
        if endpoints.is_taken(tx, new.id):
            raise InvalidRequest(["A deleted endpoint has this id"])
        if new.shop_id is not None:
            _require_shop(tx, new.party_id, new.shop_id)
        try:
            endpoints.create(tx, new, self._rules.endpoints_per_party_max, self._keys, self._clock())
        except endpoints.LimitExceeded:
            raise protocol.EndpointLimitExceeded from None

    def _require_reachable(self, url: str) -> None:
        try:
            addresses.parse(url, self._rules)
        except addresses.AddressRefused as refusal:
            raise InvalidRequest([str(refusal)]) from None

    def _shown(self, tx: Tx, endpoint: Endpoint, *, is_open: bool = False) -> protocol.Endpoint:
        """`is_open`: with the shared secrets, for the one who is to keep them."""
        sealed = endpoint_secrets.in_force(tx, endpoint.hook_id, self._clock())
        opened = {
            each.number: endpoint_secrets.opened(endpoint.hook_id, each, self._keys).shared
            for each in sealed
            if is_open
        }
        return wire.endpoint_to_thrift(endpoint, sealed, endpoints.pending(tx, [endpoint]), opened)


def _of_caller(tx: Tx, context: Context, endpoint_id: str, *, lock: bool = False) -> Endpoint:
    found = endpoints.find(tx, endpoint_id, lock=lock)
    if found is None:
        raise protocol.EndpointNotFound
    require_owner(context, found.party_id)
    return found


def _to_change(tx: Tx, context: Context, endpoint_id: str, if_revision: int | None = None) -> Endpoint:
    """Raises RevisionMismatch when it is not the one that its caller wants to change."""
    found = _of_caller(tx, context, endpoint_id, lock=True)
    if if_revision not in (None, found.revision):
        raise RevisionMismatch(found.revision)
    return found


def _enabled(tx: Tx, context: Context, endpoint_id: str) -> Endpoint:
    found = _of_caller(tx, context, endpoint_id, lock=True)
    if not found.is_enabled:
        raise protocol.EndpointDisabled
    return found


def _require_shop(tx: Tx, party_id: str, shop_id: str) -> None:
    if parties.find_shop(tx, party_id, shop_id) is None:
        raise protocol.EndpointShopNotFound


def _require_size(limit: int) -> None:
    if not 1 <= limit <= LISTED_MAX:
        raise InvalidRequest([f"A limit is between 1 and {LISTED_MAX}"])


def _deliveries(tx: Tx, endpoint: Endpoint, before: int | None, limit: int) -> list[protocol.EndpointDelivery]:
    found = deliveries.of_feed(tx, endpoint.hook_id, before, limit)
    return [wire.delivery_to_thrift(endpoint.id, delivery) for delivery in found]
