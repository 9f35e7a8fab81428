"""The changelog as a page and as an Atom feed (RFC 4287): one entry a section of a release."""

import hashlib
import re
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import NamedTuple

from docs_site.guides import to_html

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
RELEASE = re.compile(r"^## (.+)$", re.MULTILINE)
SECTION = re.compile(r"^### (.+)$", re.MULTILINE)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Entry(NamedTuple):
    """`release`: "2026-11-22" or "Unreleased"; `text`: Markdown."""

    release: str
    title: str
    text: str


def entries(text: str) -> list[Entry]:
    """In order of the file, newest first."""
    releases = RELEASE.split(text)[1:]
    found = []
    for release, body in zip(releases[::2], releases[1::2], strict=True):
        sections = SECTION.split(body)[1:]
        for title, words in zip(sections[::2], sections[1::2], strict=True):
            found.append(Entry(release.strip(), title.strip(), words.strip()))
    return found


def atom(address: str) -> str:
    """The feed of the site at `address`. An entry's time is its release's day; the file's own where it has none."""
    written = datetime.fromtimestamp(CHANGELOG.stat().st_mtime, UTC)
    rows = "".join(_row(entry, address, written) for entry in entries(CHANGELOG.read_text(encoding="utf-8")))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>Common API: changes</title><id>{escape(address)}changelog/</id>"
        f'<link href="{escape(address)}changelog/"/><link rel="self" href="{escape(address)}changelog.atom"/>'
        f"<author><name>Common API</name></author><updated>{written.isoformat()}</updated>{rows}</feed>\n"
    )


def _row(entry: Entry, address: str, written: datetime) -> str:
    day = DAY.search(entry.release)
    at = datetime.fromisoformat(day[0]).replace(tzinfo=UTC) if day else written
    name = hashlib.sha256("\n".join(entry).encode()).hexdigest()[:32]
    return (
        f"<entry><title>{escape(entry.release)}: {escape(entry.title)}</title><id>urn:capi:change:{name}</id>"
        f'<link href="{escape(address)}changelog/"/><updated>{at.isoformat()}</updated>'
        f'<content type="html">{escape(to_html(entry.text))}</content></entry>'
    )
