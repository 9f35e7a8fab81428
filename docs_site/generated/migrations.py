"""From each version to the next: which operation took which one's place, and what the comparison of their specs finds.

The pairs and the notes are written by hand in pages/migrations.toml; a pair that no spec knows stops the page.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from docs_site.operations import Operation
from docs_site.site import Site, VersionDocs

NOTES = Path(__file__).parents[1] / "pages" / "migrations.toml"
NO_TWIN = "(none)"


def markdown(site: Site) -> str:
    """A section for each pair of neighbours, youngest first."""
    pairs = list(zip(site.versions, site.versions[1:], strict=False))
    return "\n\n".join(_section(old, new) for old, new in reversed(pairs))


def twins(old: VersionDocs, new: VersionDocs) -> Mapping[str, str | None]:
    """operationId of the old version -> that of the new one; None where the new version has no such thing.

    Operations keep their name unless the notes say otherwise. KeyError for a note about operations that do not exist.
    """
    named = notes(old, new)
    known = {each.operation_id for each in new.operations}
    wrong = [f"{name} -> {twin}" for name, twin in named.items() if twin and twin not in known]
    wrong += sorted(set(named) - {each.operation_id for each in old.operations})
    if wrong:
        raise KeyError(f"{NOTES} pairs operations that do not exist: {', '.join(wrong)}")
    own = {each.operation_id: each.operation_id if each.operation_id in known else None for each in old.operations}
    return {**own, **{name: twin or None for name, twin in named.items()}}


def notes(old: VersionDocs, new: VersionDocs) -> Mapping[str, str]:
    """Pairs of operations written by hand; "" = the new version has no such call."""
    return _notes(old, new).get("operations", {})


def _section(old: VersionDocs, new: VersionDocs) -> str:
    places = {each.operation_id: each for each in new.operations}
    rows = [
        f"| {_place(old, each)} | {_place(new, places[twin]) if twin else NO_TWIN} |"
        for each in old.operations
        for twin in [twins(old, new)[each.operation_id]]
    ]
    fresh = sorted(set(places) - set(twins(old, new).values()))
    notes = "\n".join(f"- {note}" for note in _notes(old, new).get("notes", ()))
    table = "\n".join([f"| {old.name} | {new.name} |", "| --- | --- |", *rows])
    more = f"\n\nNew in {new.name}: {', '.join(f'`{name}`' for name in fresh)}." if fresh else ""
    return f"## From {old.name} to {new.name}\n\n{notes}\n\n{table}{more}"


def _place(docs: VersionDocs, operation: Operation) -> str:
    return f"`{operation.method} {docs.version.base_path}{operation.path}`"


def _notes(old: VersionDocs, new: VersionDocs) -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(NOTES.read_text(encoding="utf-8")).get(f"{old.name}-{new.name}", {})
