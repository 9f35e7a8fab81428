"""What the answers of a deprecated version or operation say of it: headers whose bytes are made once, at the start.

    Deprecation: @1795305600                         RFC 9745: the moment from which, a structured date (RFC 9651)
    Sunset: Wed, 31 Dec 2031 00:00:00 GMT            RFC 8594: the moment after which it may be gone, where one is set
    Link: <...>; rel="deprecation", <...>; rel="sunset", <...>; rel="successor-version"      RFC 8288

A day of specs/versions.toml begins at midnight UTC.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from settings.versions import Farewell
from translator.response_headers import Header

NOTHING: tuple[Header, ...] = ()


def headers_of(farewell: Farewell | None) -> tuple[Header, ...]:
    """The headers that tell of a farewell; empty for what is not deprecated."""
    if farewell is None:
        return NOTHING
    told = [(b"deprecation", b"@%d" % int(_midnight(farewell.deprecated).timestamp()))]
    if farewell.sunset is not None:
        told.append((b"sunset", format_datetime(_midnight(farewell.sunset), usegmt=True).encode()))
    links = b", ".join(_links(farewell))
    return (*told, (b"link", links)) if links else tuple(told)


def linked(farewell: Farewell | None, docs_url: str) -> Farewell | None:
    """The same, with a link that begins with a slash understood as a page of the documentation."""
    if farewell is None or farewell.link is None or not farewell.link.startswith("/"):
        return farewell
    return replace(farewell, link=docs_url + farewell.link)


def _links(farewell: Farewell) -> Iterable[bytes]:
    if farewell.link is not None:
        page = farewell.link.encode("ascii")
        yield b'<%b>; rel="deprecation"; type="text/html"' % page
        if farewell.sunset is not None:
            yield b'<%b>; rel="sunset"; type="text/html"' % page
    if farewell.successor is not None:
        yield b'<%b>; rel="successor-version"' % farewell.successor.encode("ascii")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
