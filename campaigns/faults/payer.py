"""The payer's browser at the bank's 3-D Secure page. A page that does not come is loaded again, as people do."""

import re
from html import unescape
from typing import NamedTuple
from urllib.parse import urljoin

import requests

from campaigns.faults.client import UNDECIDED, Caller

VARIABLE = re.compile(r"\{[^}]*\}")
FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.IGNORECASE | re.DOTALL)
INPUT = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
ATTRIBUTE = r'\b{}\s*=\s*"([^"]*)"'
TIMEOUT_S = 8
RELOAD_S = 0.5


class Asked(NamedTuple):
    """Where a payer is sent. `number` differs from one wish of the bank to the next; `form`: None to follow a link."""

    number: int
    url: str
    form: dict[str, str] | None


def confirm(caller: Caller, asked: Asked) -> None:
    """From the redirect that the API asked for to the page where the payer ends. Raises client.OutOfTime."""
    page = load(caller, "GET" if asked.form is None else "POST", asked.url, asked.form)
    form = next((found for found in FORM.findall(page.text) if "approve" in found.lower()), None)
    if form is not None:
        action = urljoin(page.url, attribute(form, "action") or "")
        load(caller, "POST", action, {**fields_of(form), "answer": "approve"})


def load(caller: Caller, method: str, url: str, fields: dict[str, str] | None = None) -> requests.Response:
    """Follows redirects one by one, so that the hop that failed is the one that is tried again."""
    while True:
        try:
            page = requests.request(method, url, data=fields, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException:
            caller.sleep(RELOAD_S)
            continue
        if page.is_redirect:
            method, url, fields = "GET", urljoin(url, page.headers["location"]), None
        elif page.status_code in UNDECIDED:
            caller.sleep(RELOAD_S)
        else:
            return page


def fields_of(form: str) -> dict[str, str]:
    """The hidden fields of a form."""
    named = ((attribute(tag, "name"), attribute(tag, "value")) for tag in INPUT.findall(form))
    return {name: unescape(value or "") for name, value in named if name}


def attribute(tag: str, name: str) -> str | None:
    """Of the tag's opening, unescaped."""
    found = re.search(ATTRIBUTE.format(name), tag, re.IGNORECASE)
    return unescape(found.group(1)) if found else None
