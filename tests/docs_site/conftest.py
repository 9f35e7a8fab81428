"""The documentation as a reader meets it: served, and opened in the system's own Chromium."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from docs_site.site import Site, load_site
from settings import load
from tests.browsing import Reader, chromium
from tests.end_to_end.running import ROOT, free_ports

START_S_MAX = 30


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> Iterator[str]:
    """Where the documentation is served, as `make run` serves it."""
    [port] = free_ports(1)
    state = tmp_path_factory.mktemp("docs")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CAPI_")}
    environment = {**inherited, "CAPI_DOCS_PORT": str(port), "CAPI_STATE_DIRECTORY": str(state)}
    process = subprocess.Popen([sys.executable, "-m", "docs_site"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(url: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + START_S_MAX
    while True:
        try:
            if requests.get(f"{url}/ready", timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        assert process.poll() is None and time.monotonic() < end, "the documentation did not start"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def site() -> Site:
    return load_site(load({}))


@pytest.fixture(scope="module")
def browser():
    """Closed with the module: while it is open no other test of this process could run an event loop."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def reader(browser, address):
    windows = []

    def opened(**options) -> Reader:
        windows.append(Reader(browser, address, **options))
        return windows[-1]

    yield opened
    for window in windows:
        window.page.close()
