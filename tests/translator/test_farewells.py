"""A deprecated version or operation says so in every answer, in the headers of RFC 9745, RFC 8594 and RFC 8288."""

from datetime import date

from settings.versions import Farewell
from translator.farewells import headers_of, linked

DAY = date(2026, 11, 22)


def test_what_is_not_deprecated_says_nothing():
    assert headers_of(None) == ()


def test_a_deprecation_without_an_end_names_its_day_only():
    assert headers_of(Farewell(DAY)) == ((b"deprecation", b"@1795305600"),)


def test_an_end_that_is_set_is_a_date_of_http():
    assert headers_of(Farewell(DAY, date(2031, 12, 31)))[1] == (b"sunset", b"Wed, 31 Dec 2031 00:00:00 GMT")


def test_links_lead_to_the_page_about_it_and_to_what_follows():
    farewell = Farewell(DAY, date(2031, 12, 31), "https://docs.example.com/v1", "/v2")
    assert headers_of(farewell)[2] == (
        b"link",
        b'<https://docs.example.com/v1>; rel="deprecation"; type="text/html", '
        b'<https://docs.example.com/v1>; rel="sunset"; type="text/html", '
        b'</v2>; rel="successor-version"',
    )


def test_a_link_that_begins_with_a_slash_leads_into_the_documentation():
    within, elsewhere = Farewell(DAY, link="/guides/versions/"), Farewell(DAY, link="https://example.org/")
    assert linked(within, "https://docs.example.com").link == "https://docs.example.com/guides/versions/"
    assert linked(elsewhere, "https://docs.example.com") == elsewhere
    assert linked(None, "https://docs.example.com") is None


def test_nobody_is_linked_to_a_sunset_that_is_not_set():
    assert headers_of(Farewell(DAY, None, "/docs"))[1] == (b"link", b'</docs>; rel="deprecation"; type="text/html"')
