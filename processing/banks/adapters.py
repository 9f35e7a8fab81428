"""The table of contents of our adapters. A new bank is a folder beside this file and a line in `INSTALLERS`."""

from collections.abc import Callable

from processing.banks.mock_adapter.installing import install as mock
from processing.banks.protocol import Equipment, Installed

INSTALLERS: tuple[Callable[[Equipment], Installed], ...] = (mock,)


def install_all(equipment: Equipment) -> tuple[Installed, ...]:
    """Every adapter, ready to be served by the vault's process.

    For each: its Thrift face at `/v1/proxy/<name>` (bank_adapter.ProviderProxy), callbacks below `/callbacks/<name>/`.
    """
    return tuple(install(equipment) for install in INSTALLERS)
