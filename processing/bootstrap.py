"""The composition root: the real parts are default arguments, tests pass their own.

    platform = build(load())
    app = rpc_app(services(platform), ...)        # python -m processing
    Loop(platform.database, platform.clock, queues(platform))   # python -m processing.workers

Nothing else in processing/ makes its own database, clock or client.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from processing import party_events, session_tags
from processing.domain_config.configuration import Configuration
from processing.domain_config.seeding import seed
from processing.effects import Effects
from processing.idempotency_keys import IdempotencyKeys
from processing.machine import Machines, Projection
from processing.sealing import SealingKeys, load_or_create
from processing.search import projection as search_rows
from processing.services.access_keys import AccessKeysService
from processing.services.domain_config import RepositoryService
from processing.services.event_sink import EventSinkService
from processing.services.facts import FactsReader
from processing.services.idempotency_keys import IdempotencyKeysService
from processing.services.ids import IdsService
from processing.services.invoicing import InvoicingService
from processing.services.ledger import AccounterService
from processing.services.party import PartyManagementService
from processing.services.party_events import PartyEventsService
from processing.services.provider_host import ProviderHostService
from processing.services.search import SearchService
from processing.services.templating import TemplatingService
from processing.services.usage import UsageService
from processing.services.webhook_endpoints import WebhookEndpointsService
from processing.services.webhooks import WebhookService
from processing.services.wire.refusals import answering
from processing.storage.migrations import migrate
from processing.storage.port import Database
from processing.storage.postgres import PostgresDatabase
from processing.storage.sqlite import SqliteDatabase
from processing.webhooks import fanout
from processing.webhooks.delivery import Delivering
from processing.webhooks.sender import Sender
from processing.workers import outbox
from processing.workers.housekeeping import Housekeeping
from processing.workers.loop import Queue
from processing.workers.outbox import Outbox
from processing.workers.timers import Timers
from rpc.client import BlockingClient, options_of
from rpc.idl.runtime import Service
from rpc.services import BY_NAME
from settings import Settings
from settings.clock import Clock, system_clock

PROJECTIONS: tuple[Projection, ...] = (
    session_tags.project,
    search_rows.project,
    party_events.project,
    outbox.stage,
)
"""What is written with every change of a machine, in this order."""


@dataclass(frozen=True, slots=True)
class Platform:
    """The parts, shared by all threads of the process. `rpc` is a blocking client."""

    settings: Settings
    clock: Clock
    database: Database
    rpc: Any
    configuration: Configuration
    machines: Machines
    facts: FactsReader
    effects: Effects
    hook_keys: SealingKeys


def build(
    settings: Settings, *, clock: Clock = system_clock, database: Database | None = None, rpc: Any = None
) -> Platform:
    """The platform upon its database, which is brought up to date and, when it is new, given its first configuration.

    Raises storage Unavailable, MigrationError; ValueError or OSError when the secret of internal calls cannot be read.
    """
    database = database or open_database(settings)
    migrate(database, clock())
    seed(database, clock())
    configuration = Configuration(database)
    machines = Machines(database, clock, PROJECTIONS)
    rpc = rpc or BlockingClient(**options_of(settings), caller="processing", clock=clock)
    return Platform(
        settings=settings,
        clock=clock,
        database=database,
        rpc=rpc,
        configuration=configuration,
        machines=machines,
        facts=FactsReader(machines, configuration),
        effects=Effects(rpc),
        hook_keys=load_or_create(settings.webhooks.key_file),
    )


def open_database(settings: Settings) -> Database:
    """The database that the settings name; nothing is connected yet."""
    section = settings.processing
    if section.database_url:
        return PostgresDatabase(
            section.database_url,
            connections_max=section.database_connections_max,
            busy_timeout_ms=section.database_busy_timeout_ms,
            statement_timeout_ms=section.database_statement_timeout_ms,
        )
    return SqliteDatabase(section.database, busy_timeout_ms=section.database_busy_timeout_ms)


def handlers(platform: Platform) -> dict[str, Any]:
    """Name of a row in rpc/services.py -> what serves it."""
    database, clock, machines, facts = platform.database, platform.clock, platform.machines, platform.facts
    templating = TemplatingService(machines, facts)
    payment_deadline = timedelta(seconds=platform.settings.processing.payment_deadline_s)
    return {
        "invoicing": InvoicingService(machines, facts, templating, payment_deadline),
        "invoice_templating": templating,
        "event_sink": EventSinkService(machines),
        "bank_adapter_host": ProviderHostService(machines, facts, platform.effects),
        "party_management": PartyManagementService(database, clock, platform.configuration),
        "ledger": AccounterService(database, clock),
        "domain_config": RepositoryService(database, clock),
        "ids": IdsService(database),
        "idempotency_keys": IdempotencyKeysService(idempotency_keys_of(platform), clock),
        "access_keys": AccessKeysService(database, clock),
        "party_events": PartyEventsService(database),
        "search": SearchService(database),
        "usage": UsageService(database),
        "webhook_endpoints": WebhookEndpointsService(database, clock, platform.settings.webhooks, platform.hook_keys),
        "webhooks": WebhookService(database, clock, platform.settings.webhooks, platform.hook_keys),
    }


def idempotency_keys_of(platform: Platform) -> IdempotencyKeys:
    """The merchants' own keys, their answers sealed with a secret of their own."""
    section = platform.settings.idempotency
    return IdempotencyKeys(platform.database, load_or_create(section.key_file), timedelta(days=section.kept_days))


def services(platform: Platform) -> dict[str, tuple[Service, Any]]:
    """URL path -> IDL service and handler, as rpc.server takes them."""
    made = handlers(platform)
    return {BY_NAME[name].path: (BY_NAME[name].service, answering(handler)) for name, handler in made.items()}


def queues(platform: Platform) -> tuple[Queue, ...]:
    """Everything that the workers do."""
    section, rules = platform.settings.workers, platform.settings.webhooks
    database, lease = platform.database, timedelta(seconds=section.lease_s)
    delivering = Delivering(database, platform.clock, rules, platform.hook_keys, Sender(rules).post)
    housekeeping = Housekeeping(database, platform.clock, platform.settings)
    housekeeping.begin()
    return (
        Timers(platform.machines, platform.effects, lease).queue(section.timer_threads, section.bank_threads),
        Outbox(database, fanout.spread).queue(lease),
        delivering.queue(section.delivery_threads, lease),
        housekeeping.queue(lease),
    )


def is_ready(platform: Platform) -> dict[str, bool]:
    """The checks of /ready: the database answers and has a configuration."""
    return {"database": platform.configuration.head().version > 0}
