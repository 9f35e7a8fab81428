"""A real browser for tests: the system's own Chromium, and one reader's window in it."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(__file__).parent / "docs_site" / "vendored" / "axe.min.js"


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """The browser. Without one on this machine the tests that need it are left out, and say so."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser on this machine ({', '.join(BROWSERS)}): pages were not looked at in one")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


class Reader:
    """One reader's window; `complaints` are errors on the console, `elsewhere` requests to any other host."""

    def __init__(self, browser, address: str, **options) -> None:
        self.address = address
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.page = browser.new_page(**options)
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.note(request.url))

    def note(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.elsewhere.append(url)

    def opens(self, path: str, ready: str | None = None) -> None:
        """Goes there and waits for what the page draws itself."""
        self.page.goto(self.address + path)
        if ready:
            self.page.wait_for_selector(ready, timeout=30_000)

    def accessibility_faults(self, spared: tuple[str, ...] = ()) -> list[str]:
        """What axe-core finds that keeps people out: `rule: first element`; but for the rules in `spared`."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:160]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical") and each["id"] not in spared
        ]
