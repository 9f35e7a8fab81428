"""The documentation in a real browser: it renders without complaint, asks no other host, and everybody can use it."""

import pytest

DRAWN = "#reference[data-ready=true]"
CONSOLE = "#console[data-ready=true]"
CONSOLES_OWN = ("nested-interactive",)
"""swagger-ui puts a button into what is a button already; its keyboard works all the same."""

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1400, "height": 950}


def pages(site):
    """(path, what tells that the page has drawn itself)"""
    yield "/", None
    yield "/changelog/", None
    yield "/nothing/here/", None
    yield from ((f"/guides/{each.slug}/", None) for each in site.guides)
    for docs in site.versions:
        yield f"/{docs.name}/", DRAWN
        yield f"/{docs.name}/try/", CONSOLE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_renders_without_a_complaint_and_asks_no_other_host(site, reader, scheme):
    window = reader(viewport=DESK, color_scheme=scheme)
    for path, ready in pages(site):
        window.opens(path, ready)
        complaints = [said for said in window.complaints if path != "/nothing/here/" or "404" not in said]
        assert (path, complaints, window.elsewhere) == (path, [], [])
        window.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_guides_and_consoles_keep_nobody_out(site, reader, scheme):
    window = reader(viewport=DESK, color_scheme=scheme)
    for path, ready in pages(site):
        if ready != DRAWN:
            window.opens(path, ready)
            spared = CONSOLES_OWN if ready == CONSOLE else ()
            assert (path, window.accessibility_faults(spared)) == (path, [])


@pytest.mark.parametrize(("version", "scheme"), [("v2", "light"), ("v3", "dark")])
def test_a_reference_keeps_nobody_out(reader, version, scheme):
    window = reader(viewport=DESK, color_scheme=scheme)
    window.opens(f"/{version}/", DRAWN)
    assert window.accessibility_faults() == []


def test_no_page_is_wider_than_a_phone(site, reader):
    window = reader(viewport=PHONE)
    for path, ready in pages(site):
        if ready == CONSOLE:
            continue
        window.opens(path, ready)
        assert (path, window.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]) == (path, True)


def test_an_operation_is_found_by_its_name_with_the_keyboard_alone(site, reader):
    window = reader(viewport=DESK)
    window.opens("/")
    window.page.keyboard.press("/")
    window.page.keyboard.type("createInvoice")
    window.page.wait_for_selector("#found a")
    window.page.keyboard.press("ArrowDown")
    window.page.keyboard.press("Enter")
    window.page.wait_for_selector(DRAWN)
    assert window.page.url.endswith("/operation/createInvoice")
    assert window.page.url.startswith(f"{window.address}/{site.versions[-1].name}/")


def test_the_first_tab_leads_past_the_menu(reader):
    window = reader(viewport=DESK)
    window.opens("/guides/first-payment/")
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Enter")
    assert window.page.evaluate("document.activeElement.id") == "content"


def test_the_switch_between_versions_keeps_the_place(site, reader):
    window = reader(viewport=DESK)
    for old, new in zip(site.versions, site.versions[1:], strict=False):
        window.opens(f"/{old.name}/#tag/Payments/operation/createPayment", DRAWN)
        # Not `click`: that would first scroll the page about, and so leave the place.
        window.page.eval_on_selector(f"header a[data-version={new.name}]", "link => link.click()")
        window.page.wait_for_url(f"{window.address}/{new.name}/**/createPayment")
        window.page.wait_for_selector(DRAWN)
        assert "/operation/createPayment" in window.page.url


def test_a_reader_who_chose_dark_keeps_it_on_the_next_page(reader):
    window = reader(viewport=DESK, color_scheme="light")
    window.opens("/")
    window.page.click("#theme")
    window.opens("/guides/errors/")
    assert window.page.evaluate("document.documentElement.dataset.theme") == "dark"
