"""The Thrift face of the webhooks."""

from processing import parties
from processing.domain.errors import InvalidRequest
from processing.sealing import SealingKeys
from processing.services.access import require_owner
from processing.services.wire import webhooks as wire
from processing.storage.port import Database
from processing.webhooks import addresses, deliveries, hooks, signing
from rpc.context import Context
from rpc.protocol import webhooks
from settings.clock import Clock
from settings.sections import Webhooks


class WebhookService:
    """Serves webhooks.WebhookManager. `limits` are the settings of the webhooks."""

    def __init__(self, database: Database, clock: Clock, limits: Webhooks, keys: SealingKeys) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits
        self._keys = keys

    def GetList(self, context: Context, party_id: str) -> list[webhooks.Webhook]:
        require_owner(context, party_id)
        with self._database.read() as tx:
            return [wire.hook_to_thrift(hook) for hook in hooks.of_party(tx, party_id)]

    def Get(self, context: Context, webhook_id: int) -> webhooks.Webhook:
        return wire.hook_to_thrift(self._of_caller(context, webhook_id))

    def Create(self, context: Context, params: webhooks.WebhookParams) -> webhooks.Webhook:
        require_owner(context, params.party_id)
        new = wire.new_hook(params)
        try:
            addresses.parse(new.url, self._limits)
        except addresses.AddressRefused as refusal:
            raise InvalidRequest([str(refusal)]) from None
        try:
            return wire.hook_to_thrift(self._create(new))
        except hooks.LimitExceeded:
            raise webhooks.LimitExceeded from None

    def Delete(self, context: Context, webhook_id: int) -> None:
        self._of_caller(context, webhook_id)
        with self._database.transaction() as tx:
            hooks.lock(tx, webhook_id)
            deliveries.drop_waiting(tx, webhook_id)
            hooks.delete(tx, webhook_id)

    def GetDeliveries(self, context: Context, webhook_id: int, limit: int) -> list[webhooks.Delivery]:
        self._of_caller(context, webhook_id)
        with self._database.read() as tx:
            return [wire.delivery_to_thrift(delivery) for delivery in deliveries.listed(tx, webhook_id, limit)]

    def Resend(self, context: Context, webhook_id: int, invoice_id: str) -> int:
        self._of_caller(context, webhook_id)
        with self._database.transaction() as tx:
            hooks.lock(tx, webhook_id)
            if hooks.find(tx, webhook_id) is None:
                raise webhooks.WebhookNotFound
            hooks.set_enabled(tx, webhook_id, True)
            return deliveries.resend(tx, webhook_id, invoice_id, self._clock())

    def _create(self, new: hooks.NewHook) -> hooks.Hook:
        """The pair is made outside the transaction, for it takes long, and only when there seems to be room."""
        with self._database.read() as tx:
            if new.shop_id is not None and parties.find_shop(tx, new.party_id, new.shop_id) is None:
                raise webhooks.ShopNotFound
            hooks.require_room(tx, new.party_id, new.shop_id, self._limits)
        pair = signing.make_pair()
        with self._database.transaction() as tx:
            hooks.require_room(tx, new.party_id, new.shop_id, self._limits)
            return hooks.create(tx, new, pair, self._keys, self._clock())

    def _of_caller(self, context: Context, webhook_id: int) -> hooks.Hook:
        with self._database.read() as tx:
            found = hooks.find(tx, webhook_id)
        if found is None:
            raise webhooks.WebhookNotFound
        require_owner(context, found.party_id)
        return found
