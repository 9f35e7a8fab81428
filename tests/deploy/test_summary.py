"""What a newcomer reads first must work when it is copied."""

import json
import re
import shlex
from datetime import UTC, datetime

import jsonschema_rs
import pytest

from deploy.all_in_one import summary
from settings import load
from settings.versions import served_versions

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


VERSIONS = {version.name: version for version in served_versions(load({}))}
SCHEMAS = {"v1": "#/definitions/InvoiceParams", "v2": "#/definitions/InvoiceParams"}


def split(command):
    """A command as a shell would split it."""
    return shlex.split(command.replace("\\\n", " "))


@pytest.fixture(scope="module")
def words():
    """The printed command."""
    text = summary.text(load({"CAPI_GATEWAY_V3_PORT": "9083"}), "the.api.key", "TESTSHOP", NOW)
    return split(text[text.index("curl -i") : text.index("\n\nThe whole story")])


def headers(words):
    """Header name -> value."""
    pairs = [words[place + 1] for place, word in enumerate(words) if word == "-H"]
    return dict(pair.split(": ", 1) for pair in pairs)


def test_the_command_asks_the_newest_version_where_it_listens(words):
    assert words[:5] == ["curl", "-i", "-X", "POST", "http://127.0.0.1:9083/v3/invoices"]


def test_the_command_carries_the_headers_that_every_version_takes(words):
    found = headers(words)
    assert found["Authorization"] == "Bearer the.api.key"
    assert re.fullmatch(r"[a-z0-9-]{1,32}", found["X-Request-ID"])
    assert found["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("name", summary.FIRST_REQUESTS)
def test_the_body_is_an_invoice_that_the_version_accepts(name):
    words = split(summary.curl(load({}), VERSIONS[name], "the.api.key", "TESTSHOP", NOW))
    body = json.loads(words[words.index("-d") + 1])
    spec = json.loads(VERSIONS[name].spec.read_text())
    path = words[4].partition(VERSIONS[name].base_path)[2]
    assert spec["paths"][path]["post"]["operationId"] == "createInvoice"
    schema = {"$ref": SCHEMAS.get(name, "#/components/schemas/InvoiceParams"), **spec}
    jsonschema_rs.validate({key: schema[key] for key in ("$ref", "definitions", "components") if key in schema}, body)
    assert "2026-03-02T12:00:00Z" in body.values()
    assert any(str(value).endswith("TESTSHOP") for value in body.values())


def test_a_host_that_means_every_address_is_shown_as_one_that_can_be_called():
    settings = load({"CAPI_GATEWAY_HOST": "0.0.0.0"})
    assert "http://127.0.0.1:8082/v2" in summary.text(settings, "k", "S", NOW)
