"""The card-data environment put together: the vault's service, the banks' adapters, and where banks call back.

Only calls signed with the platform's secret reach the services; callbacks come from banks and payers and are checked by
their adapters.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from processing.banks.adapters import install_all
from processing.banks.gate import Gate, Gated
from processing.banks.protocol import Equipment, Installed
from processing.storage import together
from processing.storage.migrations import migrate
from processing.storage.sqlite import SqliteDatabase
from processing.vault import MIGRATIONS, keys, wallets
from processing.vault.reader import CardReader
from processing.vault.service import VaultService
from rpc.client import BlockingClient, options_of
from rpc.protocol import bank_adapter, vault
from rpc.server import rpc_app
from rpc.services import BY_NAME
from serving.probes import with_probes
from settings import Settings
from settings.clock import Clock, system_clock
from telemetry import log

PURGE_EVERY_S = 60.0
CALLBACKS = "/callbacks/"
ADAPTERS = "/v1/proxy/"


def create_app(settings: Settings, clock: Clock = system_clock) -> Any:
    """The ASGI app of the process. Makes the database and the key files at the first start."""
    database = SqliteDatabase(settings.vault.database, erases=True)
    migrate(database, clock(), MIGRATIONS)
    card_keys = keys.load_or_create(settings.vault.key_file)
    lifetime = timedelta(seconds=settings.vault.card_session_lifetime_s)
    wallet_key = wallets.load_or_create_key(settings.vault.wallet_key_file)
    writes = together.of_anything(database)
    service = VaultService(writes, card_keys, wallet_key, clock, lifetime)
    options = options_of(settings)
    platform = BlockingClient(**options, caller="vault", clock=clock)
    cards = CardReader(database, writes, card_keys, clock)
    equipment = Equipment(settings, cards, clock, lambda context: platform.bind(context).bank_adapter_host)
    installed = install_all(equipment)
    services = {BY_NAME["vault"].path: (vault.Vault, service)}
    gate = Gate(settings.vault.bank_calls_max, clock)
    services |= {ADAPTERS + bank.name: (bank_adapter.ProviderProxy, Gated(bank.proxy, gate)) for bank in installed}
    calls = rpc_app(
        services,
        secret=options["secret"],
        threads=settings.vault.threads,
        clock=clock,
        limits=options["limits"],
        signature_age_s_max=settings.rpc.signature_age_s_max,
    )

    def purge() -> None:
        cards.forget_expired_cvvs()
        database.empty_log()

    served = purging(split(calls, installed), purge)
    return with_probes(served, "vault", lambda: {"database": is_open(database)})


def purging(app: Any, purge: Callable[[], None], every_s: float = PURGE_EVERY_S) -> Any:
    """`app`; while it lives, `purge` removes the CVVs whose time is up, and what the database's log keeps of them.

    Its way for requests of our own server (`direct` of serving.exchange) is kept.
    """

    async def purge_always() -> None:
        while True:
            try:
                await asyncio.to_thread(purge)
            except Exception:
                log.error("vault.purge_failed", exc_info=True)
            await asyncio.sleep(every_s)

    async def living(scope: dict, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        task = asyncio.create_task(purge_always())
        try:
            await app(scope, receive, send)
        finally:
            task.cancel()

    living.direct = getattr(app, "direct", None)
    return living


def split(calls: Any, installed: tuple[Installed, ...]) -> Any:
    """Callbacks to their adapters, everything else to the services."""
    callbacks: Mapping[str, Any] = {bank.name: bank.callbacks for bank in installed if bank.callbacks}

    async def app(scope: dict, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(CALLBACKS):
            name = scope["path"].removeprefix(CALLBACKS).partition("/")[0]
            if name in callbacks:
                await callbacks[name](scope, receive, send)
                return
        await calls(scope, receive, send)

    def direct(exchange: Any) -> Any:
        return None if exchange.path.startswith(CALLBACKS) else calls.direct(exchange)

    app.direct = direct
    return app


def is_open(database: SqliteDatabase) -> bool:
    """Whether the vault's tables can be read."""
    with database.read() as tx:
        return tx.execute("SELECT COUNT(*) FROM card_sessions").one() is not None
