"""Which processes make up the platform, in the order in which they start."""

import sys
from dataclasses import dataclass

from settings import Settings
from settings.versions import served_versions


@dataclass(frozen=True, slots=True)
class Process:
    """One service: `module` and `arguments` after `python -m`; `port_setting` names the setting that moves its port."""

    name: str
    module: str
    host: str
    port: int
    port_setting: str
    arguments: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where it is reached from this machine."""
        return f"http://{reachable(self.host)}:{self.port}"

    @property
    def command(self) -> list[str]:
        """What is executed."""
        return [sys.executable, "-m", self.module, *self.arguments]


def stages(settings: Settings) -> list[list[Process]]:
    """Processes that may start together; each stage begins when the one before it is ready."""
    bank, processing, vault, workers = settings.mock_bank, settings.processing, settings.vault, settings.workers
    docs = settings.docs
    return [
        [
            Process("mock_bank", "processing.banks.mock", bank.host, bank.port, "mock_bank.port"),
            Process("processing", "processing", processing.host, processing.port, "processing.port"),
        ],
        [
            Process("vault", "processing.vault", vault.host, vault.port, "vault.port"),
            Process("workers", "processing.workers", workers.host, workers.port, "workers.port"),
        ],
        [*gateways(settings), Process("docs_site", "docs_site", docs.host, docs.port, "docs.port")],
    ]


def gateways(settings: Settings) -> list[Process]:
    """Two processes a version: payment resources apart, so that card numbers pass through nothing else."""
    host, found = settings.gateway.host, []
    for version in served_versions(settings):
        name, setting = f"capi_{version.name}", f"gateway.{version.name}"
        found += [
            Process(name, name, host, version.port, f"{setting}_port", ("--without", "Tokens")),
            Process(f"{name}_tokens", name, host, version.tokens_port, f"{setting}_tokens_port", ("--only", "Tokens")),
        ]
    return found


def reachable(host: str) -> str:
    """An address that means this machine, for a host that means all of its addresses; IPv6 in brackets."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{host}]" if ":" in host else host
