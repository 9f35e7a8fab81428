"""What every operation of every version does, driven by the specs: no line here per operation.

Each answer is checked against the published spec on the way (`House.send`).
"""

import pytest

from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.protocol import base
from translator.spec import read_spec

from .house import EVERYTHING, NOW, versions
from .sample_answers import functions
from .sample_requests import sample_requests

ROWS = [
    (version.name, request.operation_id, request.body is not None)
    for version in versions()
    for request in sample_requests(read_spec(version.spec)).values()
]


def rows(chosen):
    return [pytest.param(*row[:2], id=f"{row[0]}-{row[1]}") for row in chosen]


every_operation = pytest.mark.parametrize(("version", "operation_id"), rows(ROWS))
every_operation_with_a_body = pytest.mark.parametrize(("version", "operation_id"), rows(row for row in ROWS if row[2]))


@pytest.fixture
def house(houses, version):
    houses[version].reset()
    return houses[version]


def is_cat(answer):
    return answer.headers["content-type"] == "text/plain; charset=utf-8" and b"\n" in answer.body


@every_operation
@pytest.mark.parametrize("is_full", [False, True], ids=["sparse", "full"])
def test_a_right_request_is_served(house, operation_id, is_full):
    house.reset(is_full)
    answer = house.send(house.requests[operation_id])
    assert 200 <= answer.status < 300, answer.body


@every_operation
def test_without_a_token_nobody_is_served(house, operation_id):
    answer = house.send(house.requests[operation_id], token=None)
    assert (answer.status, answer.body) == (401, b"")
    assert answer.headers["www-authenticate"] == ""
    assert house.backend.calls == []


@every_operation
@pytest.mark.parametrize("token", ["x", "a.b.c"], ids=["no jwt", "no json"])
def test_with_a_token_of_nobody_nobody_is_served(house, operation_id, token):
    answer = house.send(house.requests[operation_id], token=token)
    assert (answer.status, answer.body) == (401, b"")
    assert house.backend.calls == []


@every_operation
def test_a_token_without_the_role_moves_nothing(house, operation_id):
    answer = house.send(house.requests[operation_id], token=house.token_with([]))
    if house.served[operation_id].wanted is None:
        assert answer.status == 200
        return
    assert answer.status == denied_status(house, operation_id)
    assert house.backend.calls == []


@every_operation
def test_a_role_to_read_is_none_to_write_and_the_other_way_round(house, operation_id):
    wanted = house.served[operation_id].wanted
    other = "write" if wanted and wanted.is_read else "read"
    roles = [role for role in EVERYTHING if role.endswith(f":{other}")]
    answer = house.send(house.requests[operation_id], token=house.token_with(roles))
    if wanted is None:
        assert answer.status == 200
        return
    assert answer.status == denied_status(house, operation_id)
    assert house.backend.calls == []


@every_operation
def test_another_party_sees_nothing_and_moves_nothing(house, operation_id):
    for name, function in functions().items():
        if base.AccessDenied in function.throws:
            house.backend.on(name, base.AccessDenied())
    house.backend.calls.clear()
    answer = house.send(house.requests[operation_id])
    owned = [call for call in house.backend.calls if base.AccessDenied in functions()[call.name].throws]
    if not owned and house.backend.calls:
        assert answer.status < 300  # dictionaries and the vault know no owners
        return
    assert answer.status == denied_status(house, operation_id)
    assert answer.body == b"" or "message" in answer.json


def denied_status(house, operation_id):
    """Reads that document a 404 pretend that there is nothing; anything else is refused plainly."""
    served = house.served[operation_id]
    is_read = served.wanted.is_read if served.wanted else served.spec.method == "GET"
    return 404 if is_read and 404 in served.spec.answers else 401


@every_operation_with_a_body
@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"null", b'{"a":NaN}', b"\xff"])
def test_a_body_that_is_no_such_object_is_refused(house, operation_id, body):
    answer = house.send(house.requests[operation_id], body=body)
    assert answer.status == 400
    assert answer.json["code"] == "invalidRequest"
    assert house.backend.calls == []


@every_operation_with_a_body
def test_a_body_that_lacks_a_required_member_is_refused(house, operation_id):
    request = house.requests[operation_id]
    spec = house.served[operation_id].spec
    for member in request.body:
        body = {name: value for name, value in request.body.items() if name != member}
        if spec.body.schema.is_valid(body):
            continue
        answer = house.send(request.changed(body=body))
        assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
        assert member in answer.json["message"]
    assert house.backend.calls == []


@every_operation
@pytest.mark.parametrize("request_id", [None, "x" * 33, "a\u0001b"], ids=["missing", "too long", "control"])
def test_a_request_without_a_usable_id_is_refused(house, operation_id, request_id):
    request = house.requests[operation_id].changed(headers={"x-request-id": request_id or ""})
    answer = house.send(request)
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
    assert answer.json["message"].startswith("Request parameter: X-Request-ID, error type: ")
    assert house.backend.calls == []


@every_operation
@pytest.mark.parametrize("deadline", ["2026-03-01T11:59:59Z", "0ms", "soon", "15h"])
def test_a_deadline_that_has_passed_is_refused(house, operation_id, deadline):
    answer = house.send(house.requests[operation_id].changed(headers={"x-request-deadline": deadline}))
    assert (answer.status, answer.json["code"]) == (400, "invalidDeadline")
    assert house.backend.calls == []


@every_operation
@pytest.mark.parametrize(
    ("failure", "status"),
    [(Unavailable("down"), 503), (Unknown("cut"), 504), (Unexpected("broken"), 500)],
    ids=["unavailable", "unknown", "unexpected"],
)
def test_a_failure_of_the_platform_is_a_cat_of_its_class(house, operation_id, failure, status):
    house.backend.fail_everything(failure)
    answer = house.send(house.requests[operation_id])
    assert answer.status == status
    assert is_cat(answer)
    assert answer.headers["x-request-id"] == "req-1"


@every_operation
def test_the_platform_is_told_who_asks_and_until_when(house, operation_id):
    house.send(house.requests[operation_id].changed(headers={"x-request-deadline": "3s"}))
    assert house.backend.calls
    for call in house.backend.calls:
        assert call.context.meta["user-identity.id"] == "demo"
        assert call.context.meta["user-identity.realm"] == "external"
        assert call.context.deadline.remaining_ms(NOW) == 3000
        assert call.context.parent_id == "req-1"
