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


@pytest.fixture(scope="module")
def words():
    """The printed command as a shell would split it."""
    text = summary.text(load({"CAPI_GATEWAY_V2_PORT": "9082"}), "the.api.key", "TESTSHOP", NOW)
    command = text[text.index("curl -i") : text.index("\n\nThe whole story")]
    return shlex.split(command.replace("\\\n", " "))


def headers(words):
    """Header name -> value."""
    pairs = [words[place + 1] for place, word in enumerate(words) if word == "-H"]
    return dict(pair.split(": ", 1) for pair in pairs)


def test_the_command_asks_the_gateway_where_it_listens(words):
    assert words[:5] == ["curl", "-i", "-X", "POST", "http://127.0.0.1:9082/v2/processing/invoices"]


def test_the_command_carries_the_headers_that_v2_demands(words):
    found = headers(words)
    assert found["Authorization"] == "Bearer the.api.key"
    assert re.fullmatch(r"[a-z0-9-]{1,32}", found["X-Request-ID"])
    assert found["Content-Type"] == "application/json; charset=utf-8"


def test_the_body_is_an_invoice_that_v2_accepts(words):
    body = json.loads(words[words.index("-d") + 1])
    (v2,) = [version for version in served_versions(load({})) if version.name == "v2"]
    spec = json.loads(v2.spec.read_text())
    schema = {"$ref": "#/definitions/InvoiceParams", "definitions": spec["definitions"]}
    jsonschema_rs.validate(schema, body)
    assert body["dueDate"] == "2026-03-02T12:00:00Z"
    assert (body["shopID"], body["currency"], body["metadata"]) == ("TESTSHOP", "RUB", {})


def test_a_host_that_means_every_address_is_shown_as_one_that_can_be_called():
    settings = load({"CAPI_GATEWAY_HOST": "0.0.0.0"})
    assert "http://127.0.0.1:8082/v2" in summary.text(settings, "k", "S", NOW)
