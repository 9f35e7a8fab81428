"""The types of the settings: a frozen dataclass per section of `default.toml`, a field per key.

Meaning, unit and consequence of a key stand beside its default in `default.toml`, not here.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class State:
    directory: Path


@dataclass(frozen=True, slots=True)
class Gateway:
    host: str
    v1_port: int
    v1_tokens_port: int
    v2_port: int
    v2_tokens_port: int
    v3_port: int
    v3_tokens_port: int
    workers: int
    body_bytes_max: int
    body_read_timeout_ms: int
    json_depth_max: int
    request_deadline_ms_max: int
    request_deadline_default_ms: int
    requests_in_flight_max: int
    party_requests_per_s_max: int
    reads_per_s_max: int
    writes_per_s_max: int
    money_requests_per_s_max: int
    searches_per_s_max: int
    token_cache_entries_max: int
    token_cache_s: int
    cats_directory: Path
    cors_origin: str
    ip_address_header: str
    response_check: bool
    response_check_one_in: int


@dataclass(frozen=True, slots=True)
class Tokens:
    signing_key_file: Path
    payers_key_file: Path
    verification_directory: Path
    invoice_access_token_lifetime_s: int
    payment_tool_token_key_file: Path
    payment_tool_token_lifetime_s: int


@dataclass(frozen=True, slots=True)
class Processing:
    host: str
    port: int
    url: str
    database: Path
    database_url: str
    database_connections_max: int
    threads: int
    payment_deadline_s: int
    database_busy_timeout_ms: int
    database_statement_timeout_ms: int
    usage_kept_days: int


@dataclass(frozen=True, slots=True)
class Vault:
    host: str
    port: int
    url: str
    public_url: str
    database: Path
    key_file: Path
    wallet_key_file: Path
    card_session_lifetime_s: int
    threads: int
    bank_calls_max: int
    bank_timeout_ms: int


@dataclass(frozen=True, slots=True)
class Workers:
    host: str
    port: int
    poll_interval_ms: int
    timer_threads: int
    bank_threads: int
    delivery_threads: int
    lease_s: int
    claim_items_max: int


@dataclass(frozen=True, slots=True)
class MockBank:
    host: str
    port: int
    url: str
    database: Path
    secret_file: Path
    slow_answer_ms: int


@dataclass(frozen=True, slots=True)
class Webhooks:
    loopback_allowed: bool
    http_allowed: bool
    timeout_ms: int
    answer_bytes_max: int
    retry_delays_s: tuple[int, ...]
    hooks_per_shop_max: int
    hooks_per_party_max: int
    key_file: Path
    endpoint_retry_delays_s: tuple[int, ...]
    endpoint_retry_jitter_percent: int
    endpoint_retry_after_s_max: int
    endpoints_per_party_max: int
    events_kept_days: int
    deliveries_kept_days: int


@dataclass(frozen=True, slots=True)
class Idempotency:
    key_file: Path
    kept_days: int


@dataclass(frozen=True, slots=True)
class Rpc:
    secret_file: Path
    signatures: bool
    signature_age_s_max: int
    connect_timeout_ms: int
    connections_max: int
    body_bytes_max: int
    string_bytes_max: int
    container_items_max: int
    breaker_failures_max: int
    breaker_open_ms: int
    breaker_board_file: Path
    retry_percent_max: int
    retries_per_s_min: int


@dataclass(frozen=True, slots=True)
class Logging:
    level: str
    field_chars_max: int


@dataclass(frozen=True, slots=True)
class Serving:
    graceful_timeout_s: int
    header_timeout_s: int
    body_timeout_s: int
    keepalive_s: int
    request_line_bytes_max: int
    header_fields_max: int
    header_field_bytes_max: int
    connections_max: int


@dataclass(frozen=True, slots=True)
class Docs:
    host: str
    port: int
    url: str
    api_url: str
    demo_key_file: Path
    security_contact: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections. `upstreams()` tells an rpc client where the internal services are."""

    state: State
    gateway: Gateway
    tokens: Tokens
    processing: Processing
    vault: Vault
    workers: Workers
    mock_bank: MockBank
    webhooks: Webhooks
    idempotency: Idempotency
    rpc: Rpc
    logging: Logging
    docs: Docs
    serving: Serving

    def upstreams(self) -> dict[str, str]:
        """Base URL of processing, vault and mock_bank, each without a closing slash."""
        return {name: base_url(getattr(self, name)) for name in ("processing", "vault", "mock_bank")}

    def vault_public_url(self) -> str:
        """Base URL of the vault as banks and payers' browsers reach it, without a closing slash."""
        return self.vault.public_url.rstrip("/") or base_url(self.vault)

    def docs_url(self) -> str:
        """Base URL of the documentation as readers reach it, without a closing slash."""
        return base_url(self.docs)


def base_url(section: Processing | Vault | MockBank | Docs) -> str:
    """The section's `url`, or http with its host and port where `url` is empty; without a closing slash."""
    return section.url.rstrip("/") or f"http://{section.host}:{section.port}"
