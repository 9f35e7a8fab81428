"""A whole system of one's own to try things on: started as a person starts it, on free ports, then thrown away."""

import contextlib
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.keys import MERCHANT_ROLES, issued
from console.operator_client import bound_to
from console.seed import CATEGORY, CONTRACT, CURRENCY
from rpc.protocol import domain, party
from settings import Settings, load
from tests.end_to_end.merchant import Api
from tests.end_to_end.running import System, environment_for, start

STOP_S_MAX = 30
Before = Callable[[dict[str, str]], object]


@dataclass
class Ground:
    """`api`: the demo party's hands. `settings`: as the system's processes read them."""

    system: System
    settings: Settings
    api: Api

    def port(self, name: str) -> int:
        """The port of one of the system's processes: GATEWAY_V2, GATEWAY_V2_TOKENS, PROCESSING, VAULT, ..."""
        return int(self.system.environment[f"CAPI_{name}_PORT"])

    def platform(self) -> Any:
        """The platform as its operator reaches it; good for one command's length."""
        return bound_to(self.settings)

    def merchant(self, party_id: str) -> Api:
        """Another party, with a shop and a key of its own."""
        platform, shop_id = self.platform(), f"SHOP-{party_id}"
        platform.party_management.Create(party_id, party.PartyParams(contact_email="other@example.com"))
        shop = party.ShopParams(
            id=shop_id,
            currency=CURRENCY,
            category_id=CATEGORY,
            location=domain.ShopLocation(url="https://other.example.com"),
            details=domain.ShopDetails(name="Another shop"),
            contract_id=CONTRACT,
        )
        platform.party_management.CreateShop(party_id, shop)
        token, _ = issued(self.settings, platform, party_id, MERCHANT_ROLES, name="campaign")
        return Api(self.api.api_url, self.api.tokens_url, token, shop_id)


@contextlib.contextmanager
def ground(before: Before = lambda environment: None, **environment: str) -> Iterator[Ground]:
    """Starts a system in a directory of its own; stops it and removes everything at the end.

    `environment`: settings that differ, as CAPI_<SECTION>_<KEY>. `before` is shown all of them before the start.
    """
    with tempfile.TemporaryDirectory(prefix="capi-ground-", ignore_cleanup_errors=True) as directory:
        chosen = environment_for(Path(directory) / "state")
        before(chosen)
        system = start({**chosen, **environment})
        try:
            api = Api(
                f"{system.url('GATEWAY_V2')}/v2", f"{system.url('GATEWAY_V2_TOKENS')}/v2", system.api_key, "TESTSHOP"
            )
            yield Ground(system, load(system.environment), api)
        finally:
            if system.process.poll() is None:
                system.process.send_signal(signal.SIGINT)
                system.process.wait(STOP_S_MAX)
