"""The services there are: one row each. Callers, servers and tests read these rows; nothing else names a path.

A row's name is the attribute of a bound client: `client.bind(context).invoicing.Create(params)`.
"""

from dataclasses import dataclass, field

from rpc.idl.runtime import Service
from rpc.protocol import (
    access_keys,
    bank_adapter,
    domain_config,
    idempotency,
    ids,
    ledger,
    party,
    party_events,
    payment_processing,
    search,
    usage,
    vault,
    webhook_endpoints,
    webhooks,
)
from rpc.retries import NEVER, READ, Retry

CALL_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Row:
    """`path`: URL path at the upstream; `upstream`: key of the client's `upstreams`.

    `timeout_ms`: time of a call whose context has no deadline. `retries`: function -> Retry; functions not named are
    never repeated. `breaker`: whether failures in a row open this service's circuit breaker. `quiet`: functions that
    are asked again and again for nothing new; their successes are logged as debug.
    """

    name: str
    service: Service
    path: str
    upstream: str
    timeout_ms: int = CALL_TIMEOUT_MS
    retries: dict[str, Retry] = field(default_factory=dict)
    breaker: bool = True
    quiet: frozenset[str] = frozenset()

    def retry(self, function: str) -> Retry:
        """How that function may be repeated."""
        return self.retries.get(function, NEVER)


def reads(*functions: str) -> dict[str, Retry]:
    """Functions that change nothing, or nothing more when they are executed twice."""
    return dict.fromkeys(functions, READ)


ALL: tuple[Row, ...] = (
    Row(
        "invoicing",
        payment_processing.Invoicing,
        "/v1/processing/invoicing",
        "processing",
        retries=reads(
            "Get",
            "GetEvents",
            "ComputeTerms",
            "GetPayments",
            "GetPayment",
            "GetRefunds",
            "GetRefund",
            "GetChargebacks",
            "GetChargeback",
            "GetMachine",
            "GetStopped",
        ),
    ),
    Row(
        "invoice_templating",
        payment_processing.InvoiceTemplating,
        "/v1/processing/invoice_templating",
        "processing",
        retries=reads("Get", "GetList", "ComputeTerms"),
    ),
    Row(
        "event_sink",
        payment_processing.EventSink,
        "/v1/processing/eventsink",
        "processing",
        retries=reads("GetEvents", "GetLastEventID"),
    ),
    Row(
        "party_management",
        party.PartyManagement,
        "/v1/processing/partymgmt",
        "processing",
        retries=reads("Get", "GetShops", "GetShop"),
    ),
    Row("ledger", ledger.Accounter, "/accounter", "processing", retries=reads("GetAccount", "GetPlan", "Verify")),
    Row(
        "domain_config",
        domain_config.Repository,
        "/v1/domain/repository",
        "processing",
        retries=reads("Checkout", "CheckoutObject", "CheckoutKind", "PullRange"),
    ),
    Row("webhooks", webhooks.WebhookManager, "/hook", "processing", retries=reads("GetList", "Get", "GetDeliveries")),
    Row(
        "webhook_endpoints",
        webhook_endpoints.WebhookEndpoints,
        "/v1/webhook_endpoints",
        "processing",
        retries=reads("Get", "GetList", "GetDeliveries"),
    ),
    Row(
        "party_events",
        party_events.PartyEvents,
        "/v1/party_events",
        "processing",
        retries=reads("GetRange", "Get"),
        quiet=frozenset({"GetRange"}),
    ),
    # Finish and Suspend take a repeat by the same attempt for the first; a repeated Begin would find its own lease.
    Row(
        "idempotency_keys",
        idempotency.IdempotencyKeys,
        "/v1/idempotency_keys",
        "processing",
        retries=reads("Finish", "Suspend", "Get"),
    ),
    Row("search", search.Search, "/v1/search", "processing", retries=reads("Invoices", "Payments", "Refunds")),
    # Bind answers a repeat with the binding that the first attempt made; Next only skips a number.
    Row("ids", ids.Ids, "/v1/ids", "processing", retries=reads("Bind", "Get", "Next")),
    Row(
        "access_keys",
        access_keys.AccessKeys,
        "/v1/access_keys",
        "processing",
        retries=reads("List", "GetRevocations", "ReadersBehind"),
        quiet=frozenset({"GetRevocations"}),
    ),
    # Counts may be too low, never too high: a report is not repeated here.
    Row(
        "usage",
        usage.Usage,
        "/v1/usage",
        "processing",
        retries=reads("Get"),
        breaker=False,
        quiet=frozenset({"Report"}),
    ),
    Row("bank_adapter_host", bank_adapter.ProviderProxyHost, "/v1/proxyhost/provider", "processing"),
    Row("vault", vault.Vault, "/v1/vault", "vault"),
    # Each adapter has its own path: `bound.at("bank_adapter", "/v1/proxy/<adapter>")`. A bank is never asked twice.
    Row("bank_adapter", bank_adapter.ProviderProxy, "/v1/proxy/mock", "vault", breaker=False),
)
BY_NAME: dict[str, Row] = {row.name: row for row in ALL}
