"""The live versions of the public API, from specs/versions.toml, with the ports an operator may have moved."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from settings.loading import CHECKOUT, SettingsError
from settings.sections import Settings

VERSIONS_FILE = CHECKOUT / "specs" / "versions.toml"
RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Version:
    """One table of specs/versions.toml; `spec` is absolute. `port` and `tokens_port` are the ones in force."""

    name: str
    base_path: str
    spec: Path
    port: int
    tokens_port: int
    status: str
    released: date
    deprecated: date | None = None
    sunset: date | None = None


def served_versions(settings: Settings, file: Path = VERSIONS_FILE) -> tuple[Version, ...]:
    """Every version that is not retired, oldest first. Raises SettingsError when the file cannot be used."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        versions = [in_force(name, table, file, settings) for name, table in tables.items()]
    except (OSError, tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise SettingsError(f"The list of versions {file} cannot be used: {error}.") from error
    return tuple(sorted((each for each in versions if each.status != RETIRED), key=lambda each: each.released))


def in_force(name: str, table: dict, file: Path, settings: Settings) -> Version:
    """A table with the ports of [gateway] where those are set."""
    gateway = settings.gateway
    ports = {
        "port": getattr(gateway, f"{name}_port", 0) or table["port"],
        "tokens_port": getattr(gateway, f"{name}_tokens_port", 0) or table["tokens_port"],
    }
    return Version(name=name, **{**table, **ports, "spec": file.parent / table["spec"]})
