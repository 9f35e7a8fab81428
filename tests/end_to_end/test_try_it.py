"""From the reference's console a developer sends a request to the running sandbox and sees what comes back."""

import pytest

from tests.browsing import Reader, chromium
from tests.end_to_end.running import System

READS = {"v1": "getShops", "v2": "getShops", "v3": "listShops"}
SENT = ".responses-table.live-responses-table"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("version", READS)
def test_a_request_is_tried_with_the_demo_key_and_answered(version, browser, system: System):
    window = Reader(browser, system.url("DOCS"), viewport={"width": 1400, "height": 950})
    window.opens(f"/{version}/try/", "#console[data-ready=true]")
    row = window.page.locator(f".opblock[id$=-{READS[version]}]")
    row.locator(".opblock-summary-control").click()
    for field in row.locator("tr[data-param-name=X-Request-ID] input").all():
        field.fill("tried-1")
    row.locator("button.execute").click()
    row.locator(f"{SENT} tr.response .response-col_status").first.wait_for(timeout=20_000)
    assert row.locator(f"{SENT} tr.response .response-col_status").first.inner_text().strip().startswith("200")
    assert "TESTSHOP" in row.locator(SENT).inner_text()
    allowed = {system.url(f"GATEWAY_{version.upper()}")}
    assert {url[: len(next(iter(allowed)))] for url in window.elsewhere} == allowed
    assert window.complaints == []
    window.page.close()
