"""Puts the adapter together from the settings and what the vault's process gives it."""

from processing.banks.mock_adapter.adapter import MockBankAdapter
from processing.banks.mock_adapter.callbacks import create_callbacks
from processing.banks.mock_adapter.connection import Connection, Keys
from processing.banks.protocol import Equipment, Installed, Proxy
from rpc.breaker import Breaker

NAME = "mock"


def install(equipment: Equipment) -> Installed:
    """The mock bank's adapter. Opens no connection yet."""
    settings = equipment.settings
    keys = Keys(settings.mock_bank.secret_file)
    rules = settings.rpc
    breaker = Breaker(rules.breaker_failures_max, rules.breaker_open_ms) if rules.breaker_failures_max else None
    url, timeout_ms = settings.upstreams()["mock_bank"], settings.vault.bank_timeout_ms
    bank = Connection(url, keys, timeout_ms, equipment.clock, breaker)
    callback_url = f"{settings.vault_public_url()}/callbacks/{NAME}"
    adapter = MockBankAdapter(bank, equipment.cards, callback_url, equipment.clock)
    return Installed(NAME, Proxy(NAME, adapter), create_callbacks(equipment.host, keys, equipment.clock))
