"""Guides: Markdown files in pages/, in the order of pages/order.toml; fenced blocks named `generated` are filled in.

A guide's first line is its title, its first paragraph its summary. A block

    ```generated
    test-cards
    ```

gives way to what docs_site.generated makes of the code's own tables: a guide cannot say otherwise than the code.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

PAGES = Path(__file__).with_name("pages")
GENERATED = re.compile(r"^```generated\n(.*?)\n```$", re.MULTILINE)
REACHABLE = (
    ("<pre>", '<pre tabindex="0">'),
    ("<table>", '<div class="scroll" tabindex="0"><table>'),
    ("</table>", "</table></div>"),
)
"""What may be wider than the page can be scrolled with the keyboard (WCAG 2.1.1)."""

HEADING = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Guide:
    """`slug` is its address, `section` its heading in the menu, `text` the Markdown as it was written."""

    slug: str
    section: str
    title: str
    summary: str
    text: str


def read_guides(directory: Path = PAGES) -> tuple[Guide, ...]:
    """The guides in order. Raises ValueError for a file that no section names, or that begins without a title."""
    sections = tomllib.loads((directory / "order.toml").read_text(encoding="utf-8"))["section"]
    named = [(section["title"], slug) for section in sections for slug in section["guides"]]
    unnamed = {path.stem for path in directory.glob("*.md")} - {slug for _, slug in named}
    if unnamed:
        raise ValueError(f"no section of {directory / 'order.toml'} names the guides {', '.join(sorted(unnamed))}")
    return tuple(_guide(slug, section, (directory / f"{slug}.md").read_text("utf-8")) for section, slug in named)


def _guide(slug: str, section: str, text: str) -> Guide:
    parts = text.split("\n\n", 2)
    if not text.startswith("# ") or len(parts) < 2:
        raise ValueError(f"the guide {slug} does not begin with a title and a summary")
    return Guide(slug, section, parts[0][2:].strip(), " ".join(parts[1].split()), text)


def with_generated(text: str, make: Mapping[str, Callable[[], str]]) -> str:
    """The Markdown with every generated block filled in. KeyError for a name that nobody makes."""
    return GENERATED.sub(lambda block: make[block[1].strip()](), text)


def to_html(text: str) -> str:
    """Markdown -> HTML; headings get ids to link to. HTML inside (drawings) is let through: every text is our own."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = markdown.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(inline.content))
    html = markdown.renderer.render(tokens, markdown.options, {})
    for plain, reachable in REACHABLE:
        html = html.replace(plain, reachable)
    return html


def anchor(heading: str) -> str:
    """`Holds and captures` -> `holds-and-captures`"""
    return HEADING.sub("-", heading.lower()).strip("-")
