"""The Thrift face of parties and shops. A party sees and suspends its own; blocking and shops are the operator's."""

from typing import Any

from processing import parties
from processing.domain.errors import InvalidRequest
from processing.domain.references import checked_id
from processing.domain_config.configuration import Configuration
from processing.services.access import require_internal, require_owner
from processing.services.wire.party import party_to_thrift, shop_params_to_new_shop, shop_to_thrift
from processing.storage.port import Database
from rpc.context import Context
from rpc.protocol import domain, party
from settings.clock import Clock


class PartyManagementService:
    """Serves party.PartyManagement."""

    def __init__(self, database: Database, clock: Clock, configuration: Configuration) -> None:
        self._database = database
        self._clock = clock
        self._configuration = configuration

    # --------------------------------------------------------------- parties

    def Create(self, context: Context, party_id: str, params: party.PartyParams) -> domain.Party:
        require_owner(context, party_id)
        checked_id(party_id)
        return party_to_thrift(self._write(parties.create, party_id, params.contact_email, self._clock()))

    def Get(self, context: Context, party_id: str) -> domain.Party:
        require_owner(context, party_id)
        with self._database.read() as tx:
            return party_to_thrift(parties.get(tx, party_id))

    def Suspend(self, context: Context, party_id: str) -> None:
        require_owner(context, party_id)
        self._write(parties.suspend, party_id)

    def Activate(self, context: Context, party_id: str) -> None:
        require_owner(context, party_id)
        self._write(parties.activate, party_id)

    def Block(self, context: Context, party_id: str, reason: str) -> None:
        require_internal(context)
        self._write(parties.block, party_id, reason)

    def Unblock(self, context: Context, party_id: str, reason: str) -> None:
        require_internal(context)
        self._write(parties.unblock, party_id, reason)

    # ----------------------------------------------------------------- shops

    def CreateShop(self, context: Context, party_id: str, params: party.ShopParams) -> domain.Shop:
        require_internal(context)
        checked_id(params.id)
        new = shop_params_to_new_shop(params)
        self._require_known(new)
        return shop_to_thrift(self._write(parties.create_shop, party_id, new, self._clock()))

    def GetShops(self, context: Context, party_id: str) -> list[domain.Shop]:
        require_owner(context, party_id)
        with self._database.read() as tx:
            return [shop_to_thrift(shop) for shop in parties.shops(tx, party_id)]

    def GetShop(self, context: Context, party_id: str, shop_id: str) -> domain.Shop:
        require_owner(context, party_id)
        with self._database.read() as tx:
            return shop_to_thrift(parties.get_shop(tx, party_id, shop_id))

    def SuspendShop(self, context: Context, party_id: str, shop_id: str) -> None:
        require_owner(context, party_id)
        self._write(parties.suspend_shop, party_id, shop_id)

    def ActivateShop(self, context: Context, party_id: str, shop_id: str) -> None:
        require_owner(context, party_id)
        self._write(parties.activate_shop, party_id, shop_id)

    def BlockShop(self, context: Context, party_id: str, shop_id: str, reason: str) -> None:
        require_internal(context)
        self._write(parties.block_shop, party_id, shop_id, reason)

    def UnblockShop(self, context: Context, party_id: str, shop_id: str, reason: str) -> None:
        require_internal(context)
        self._write(parties.unblock_shop, party_id, shop_id, reason)

    def _write(self, function: Any, *arguments: Any) -> Any:
        with self._database.transaction() as tx:
            return function(tx, *arguments)

    def _require_known(self, new: parties.NewShop) -> None:
        """Raises InvalidRequest when the configuration lacks what the shop is made of."""
        known = self._configuration.head()
        wrong = []
        if new.currency not in known.currencies:
            wrong.append(f"currency {new.currency} is not configured")
        if new.category_id not in known.categories:
            wrong.append(f"category {new.category_id} is not configured")
        if new.contract_id not in known.all_terms:
            wrong.append(f"terms {new.contract_id} are not configured")
        if wrong:
            raise InvalidRequest(wrong)
