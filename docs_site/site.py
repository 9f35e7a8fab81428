"""What the documentation is about: the served versions with their specs, where to reach them, and the guides."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from docs_site.guides import Guide, read_guides
from docs_site.operations import Operation, operations
from settings import Settings
from settings.versions import Version, served_versions

PROBLEM_TYPE = "application/problem+json"
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared, not bound


@dataclass(frozen=True)
class VersionDocs:
    """A version with its spec. `url`: where its gateway is; `cards_url`: the one that takes card numbers."""

    version: Version
    spec: Mapping[str, Any]
    url: str
    cards_url: str

    @property
    def name(self) -> str:
        return self.version.name

    @cached_property
    def answers_problems(self) -> bool:
        """Whether its errors are problems of RFC 9457."""
        return PROBLEM_TYPE in json.dumps(self.spec.get("components", {}).get("responses", {}))

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(operations(self.spec))


@dataclass(frozen=True)
class Site:
    """Everything pages are made of; `versions` oldest first."""

    versions: tuple[VersionDocs, ...]
    guides: tuple[Guide, ...]
    demo_key_file: Path

    @property
    def api_key(self) -> str:
        """The sandbox's demo key, asked for each time: the first start makes it after this process. "" elsewhere."""
        try:
            return self.demo_key_file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""

    @property
    def latest(self) -> VersionDocs:
        """The version that a newcomer should use: the youngest that is live."""
        return [each for each in self.versions if each.version.status == "live"][-1]

    def version(self, name: str) -> VersionDocs | None:
        return next((each for each in self.versions if each.name == name), None)

    def guide(self, slug: str) -> Guide | None:
        return next((each for each in self.guides if each.slug == slug), None)


def load_site(settings: Settings) -> Site:
    """Reads versions, specs and guides. Raises SettingsError, OSError, ValueError for a guide that is out of shape."""
    versions = tuple(_version_docs(settings, each) for each in served_versions(settings))
    return Site(versions, read_guides(), settings.docs.demo_key_file)


def _version_docs(settings: Settings, version: Version) -> VersionDocs:
    spec = json.loads(version.spec.read_text(encoding="utf-8"))
    if settings.docs.api_url:
        return VersionDocs(version, spec, settings.docs.api_url, settings.docs.api_url)
    host = ANY_ADDRESS.get(settings.gateway.host, settings.gateway.host)
    return VersionDocs(version, spec, f"http://{host}:{version.port}", f"http://{host}:{version.tokens_port}")
