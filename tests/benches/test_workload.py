"""The canonical workload is what it says: within the contract, and the same work for every server that is installed."""

import http.client
import json
import sys

import pytest

from benches.load import is_whole
from benches.servers import KINDS, Place, Running, environment, free_port, prepared_state, started
from benches.upstream import FOUND, MADE
from benches.workload import CREATE, INVALID, INVOICE, READ, REQUEST_ID, SPEC, issue_token, rendered, thrift_invoice
from capi_v2.shapes.invoice import invoice_to_json
from translator.spec import compile_operations, read_spec

OPERATIONS = {one.operation_id: one for one in compile_operations(read_spec(SPEC))}


def test_the_order_is_valid_and_the_invalid_one_is_not():
    schema = OPERATIONS["createInvoice"].body.schema
    assert schema.is_valid(CREATE.json)
    assert not schema.is_valid(INVALID.json)


@pytest.mark.parametrize(
    ("operation", "status", "body"), [("createInvoice", 201, MADE), ("getInvoiceByID", 200, FOUND)]
)
def test_the_fixed_answers_are_answers_of_the_contract(operation, status, body):
    assert OPERATIONS[operation].answers[status].is_valid(json.loads(body))


def test_the_platform_says_the_same_invoice_in_thrift_and_in_json():
    assert invoice_to_json(thrift_invoice()) == INVOICE


def test_a_request_is_sent_whole_with_its_id_once():
    sent = rendered(CREATE, "token")
    head, _, body = sent.partition(b"\r\n\r\n")
    assert sent.count(REQUEST_ID) == 1
    assert json.loads(body) == CREATE.json
    assert f"content-length: {len(body)}".encode() in head


def test_an_answer_is_whole_with_its_last_byte():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    assert [is_whole(answer[:size]) for size in (10, len(answer) - 1, len(answer))] == [False, False, True]
    assert is_whole(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """The fixed platform, and a place whose state holds our keys."""
    state = tmp_path_factory.mktemp("benches") / "state"
    token = issue_token(prepared_state(state))
    port = free_port()
    upstream = Running("upstream", [sys.executable, "-m", "benches.upstream", str(port)], {}, port, 0, state / "up.log")
    yield Place(free_port(), port, state), token
    upstream.stop()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.is_proxy], ids=lambda kind: kind.name)
def test_every_installed_server_gives_the_same_answers(kind, platform):
    if reason := kind.missing():
        pytest.skip(reason)
    place, token = platform
    place = Place(free_port(), place.upstream, place.state)
    assert "PLATFORM" in environment(kind, place) or kind.name == "ours"
    server = started(kind, place, 0)
    try:
        made = asked(place.port, CREATE, token)
        found = asked(place.port, READ, token)
        refusals = [asked(place.port, INVALID, token), asked(place.port, READ, "x.y.z"), asked(place.port, READ, None)]
    finally:
        server.stop()
    assert (made[0], made[1]["invoice"]) == (201, INVOICE)
    assert found == (200, INVOICE)
    assert [status for status, _ in refusals][:2] == [400, 401]
    assert refusals[2][0] in (400, 401)


def asked(port, request, token):
    """Status and decoded body."""
    headers = {"accept": "application/json", "x-request-id": REQUEST_ID.decode()}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    if request.json is not None:
        headers["content-type"] = "application/json; charset=utf-8"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(request.method, request.path, request.body or None, headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body.startswith(b"{") else None
    finally:
        connection.close()
