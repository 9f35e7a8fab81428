"""`python -m docs_site.build DIRECTORY`: the same pages as files, for any web server.

Every address that a page of the site links to is asked for once and written down; a link that leads nowhere fails the
build with its name.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from flask import Flask

from docs_site.app import HERE, create_app
from docs_site.site import Site, load_site
from settings import SettingsError, load

LINK = re.compile(r'(?:href|src|data-spec)="([^"]+)"')
UNLINKED = ("/", "/llms.txt", "/search.json", "/robots.txt", "/.well-known/security.txt")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m docs_site.build",
        description="Writes the documentation as static files.",
        epilog="Addresses of the gateways come from the settings: CAPI_DOCS_API_URL=https://api.example.org",
    )
    parser.add_argument("directory", type=Path, help="made when missing; files in it are overwritten")
    asked = parser.parse_args(arguments)
    try:
        settings = load()
        site = load_site(settings)
    except (SettingsError, OSError, ValueError) as refusal:
        print(f"docs_site: {refusal}", file=sys.stderr)
        return 1
    written, dead = build(create_app(site, settings.docs.security_contact), site, asked.directory)
    for page, link in dead:
        print(f"{page} links to {link}, which is not there", file=sys.stderr)
    print(f"{written} files in {asked.directory}")
    return 1 if dead else 0


def build(app: Flask, site: Site, directory: Path) -> tuple[int, list[tuple[str, str]]]:
    """Number of pages written; (page, link) of links that lead nowhere."""
    client = app.test_client()
    waiting = [(path, path) for path in UNLINKED]
    seen, dead = set(UNLINKED), []
    while waiting:
        page, path = waiting.pop()
        answer = client.get(path)
        if answer.status_code != 200:
            dead.append((page, path))
            continue
        write(directory, path, answer.data)
        if answer.mimetype == "text/html":
            for link in links(answer.get_data(as_text=True), path):
                if link not in seen:
                    seen.add(link)
                    waiting.append((path, link))
    shutil.copytree(HERE / "static", directory / "static", dirs_exist_ok=True)
    return len(seen) - len(dead), dead


def links(html: str, page: str) -> list[str]:
    """Paths within the site that a page refers to, without what stands behind `#` and `?`."""
    found = [urlsplit(urljoin(page, link)) for link in LINK.findall(html) if not link.startswith(("mailto:", "data:"))]
    return [each.path for each in found if not each.netloc and each.path]


def write(directory: Path, path: str, data: bytes) -> None:
    """A page whose address ends with a slash is that directory's index.html."""
    file = directory / (path.lstrip("/") + ("index.html" if path.endswith("/") else ""))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
