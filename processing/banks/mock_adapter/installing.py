"""Puts the adapter together from the settings and what the vault's process gives it."""

from processing.banks.mock_adapter.adapter import MockBankAdapter
from processing.banks.mock_adapter.callbacks import create_callbacks
from processing.banks.mock_adapter.connection import Connection, Keys
from processing.banks.protocol import Equipment, Installed, Proxy

NAME = "mock"


def install(equipment: Equipment) -> Installed:
    """The mock bank's adapter. Opens no connection yet."""
    settings = equipment.settings
    keys = Keys(settings.mock_bank.secret_file)
    bank = Connection(settings.upstreams()["mock_bank"], keys, settings.vault.bank_timeout_ms, equipment.clock)
    callback_url = f"{settings.vault_public_url()}/callbacks/{NAME}"
    adapter = MockBankAdapter(bank, equipment.cards, callback_url, equipment.clock)
    return Installed(NAME, Proxy(NAME, adapter), create_callbacks(equipment.host, keys, equipment.clock))
