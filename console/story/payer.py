"""The payer's browser in the demo: follows the redirect to the bank's page and presses Approve."""

import re
from html import unescape
from urllib.parse import urljoin

import requests

from console.story.merchant import TIMEOUT_S

_TEMPLATE_VARIABLES = re.compile(r"\{[^}]*\}")
_FORM = re.compile(r"<form\b[^>]*>(.*?)</form>", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE = r'{}\s*=\s*"([^"]*)"'


def approve_challenge(interaction: dict) -> str:
    """Plays the redirect of a UserInteraction; returns the address where the browser ended."""
    browser = requests.Session()
    page = _open(browser, interaction["request"])
    form = next(found for found in _FORM.finditer(page.text) if "approve" in found.group(0).lower())
    action = urljoin(page.url, unescape(_attribute(form.group(0), "action") or ""))
    landed = browser.post(action, data=_fields(form.group(1)), timeout=TIMEOUT_S)
    return landed.url


def _open(browser: requests.Session, request: dict) -> requests.Response:
    # RFC 6570: an expression whose variable has no value expands to nothing.
    url = _TEMPLATE_VARIABLES.sub("", request["uriTemplate"])
    if request["requestType"] == "BrowserPostRequest":
        form = {field["key"]: _TEMPLATE_VARIABLES.sub("", field["template"]) for field in request["form"]}
        return browser.post(url, data=form, timeout=TIMEOUT_S)
    return browser.get(url, timeout=TIMEOUT_S)


def _fields(form: str) -> dict[str, str]:
    inputs = re.findall(r"<input\b[^>]*>", form, re.IGNORECASE)
    buttons = [b for b in re.findall(r"<button\b[^>]*>", form, re.IGNORECASE) if "approve" in b.lower()]
    named = ((_attribute(tag, "name"), _attribute(tag, "value")) for tag in [*inputs, *buttons[:1]])
    return {name: unescape(value or "") for name, value in named if name}


def _attribute(tag: str, name: str) -> str | None:
    found = re.search(_ATTRIBUTE.format(name), tag, re.IGNORECASE)
    return found and found.group(1)
