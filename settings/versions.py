"""The live versions of the public API, from specs/versions.toml, with the ports an operator may have moved."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from settings.loading import CHECKOUT, SettingsError
from settings.sections import Settings

VERSIONS_FILE = CHECKOUT / "specs" / "versions.toml"
LIVE, DEPRECATED, RETIRED = "live", "deprecated", "retired"
STATUSES = (LIVE, DEPRECATED, RETIRED)


class Inconsistent(ValueError):
    """A table that contradicts itself; the text says how."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """From when something is deprecated, until when it stays (None: no end is set), where to read, what follows it.

    `link`: address of a page, a path of the documentation where it begins with a slash; `successor`: address of what
    takes its place, a path of the same host where it begins with a slash.
    """

    deprecated: date
    sunset: date | None = None
    link: str | None = None
    successor: str | None = None

    def __post_init__(self) -> None:
        if self.sunset is not None and self.sunset < self.deprecated:
            raise Inconsistent(f"its sunset {self.sunset} is before its deprecation {self.deprecated}")


@dataclass(frozen=True, slots=True)
class Version:
    """One table of specs/versions.toml; `spec` is absolute. `port` and `tokens_port` are the ones in force.

    `operations`: operationId -> farewell of that operation alone.
    """

    name: str
    base_path: str
    spec: Path
    port: int
    tokens_port: int
    status: str
    released: date
    deprecated: date | None = None
    sunset: date | None = None
    link: str | None = None
    successor: str | None = None
    operations: Mapping[str, Farewell] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise Inconsistent(f"status {self.status!r} is none of {', '.join(STATUSES)}")
        if self.status == DEPRECATED and self.deprecated is None:
            raise Inconsistent("it is deprecated and does not say from which day")
        if self.status == LIVE and (self.deprecated or self.sunset):
            raise Inconsistent("it is live and has a day of deprecation or sunset")
        _ = self.farewell  # refuses a sunset before the deprecation

    @property
    def farewell(self) -> Farewell | None:
        """Of the version as a whole; None while it is live."""
        return self.deprecated and Farewell(self.deprecated, self.sunset, self.link, self.successor)

    def farewell_of(self, operation_id: str) -> Farewell | None:
        """Of one operation: its own, else the version's."""
        return self.operations.get(operation_id) or self.farewell


def served_versions(settings: Settings, file: Path = VERSIONS_FILE) -> tuple[Version, ...]:
    """Every version that is not retired, oldest first. Raises SettingsError when the file cannot be used."""
    return tuple(each for each in known_versions(settings, file) if each.status != RETIRED)


def known_versions(settings: Settings, file: Path = VERSIONS_FILE) -> tuple[Version, ...]:
    """Every version of the file, oldest first, retired ones too. Raises SettingsError as served_versions does."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        versions = [in_force(name, table, file, settings) for name, table in tables.items()]
    except (OSError, tomllib.TOMLDecodeError, TypeError, KeyError, Inconsistent) as error:
        raise SettingsError(f"The list of versions {file} cannot be used: {error}.") from error
    return tuple(sorted(versions, key=lambda each: (each.released, each.name)))


def in_force(name: str, table: dict, file: Path, settings: Settings) -> Version:
    """A table with the ports of [gateway] where those are set."""
    gateway = settings.gateway
    read = {
        "port": getattr(gateway, f"{name}_port", 0) or table["port"],
        "tokens_port": getattr(gateway, f"{name}_tokens_port", 0) or table["tokens_port"],
        "operations": {each: Farewell(**said) for each, said in table.get("operations", {}).items()},
        "spec": file.parent / table["spec"],
    }
    try:
        return Version(name=name, **{**table, **read})
    except Inconsistent as contradiction:
        raise Inconsistent(f"of {name}, {contradiction}") from contradiction
