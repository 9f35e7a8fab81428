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


def has_parameter(name, parameter):
    """Whether a version's callers speak of it in the way of the first versions."""
    spec = next(version.spec for version in versions() if version.name == name)
    return parameter in read_spec(spec).get("parameters", {})


every_operation = pytest.mark.parametrize(("version", "operation_id"), rows(ROWS))
every_operation_with_deadlines = pytest.mark.parametrize(
    ("version", "operation_id"), rows(row for row in ROWS if has_parameter(row[0], "deadline"))
)
every_operation_that_wants_a_request_id = pytest.mark.parametrize(
    ("version", "operation_id"), rows(row for row in ROWS if has_parameter(row[0], "requestID"))
)
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
    assert house.overrides.is_unauthorized(answer)
    assert answer.headers["www-authenticate"] == house.overrides.CHALLENGE
    assert house.backend.calls == []


@every_operation
@pytest.mark.parametrize("token", ["x", "a.b.c"], ids=["no jwt", "no json"])
def test_with_a_token_of_nobody_nobody_is_served(house, operation_id, token):
    answer = house.send(house.requests[operation_id], token=token)
    assert house.overrides.is_unauthorized(answer)
    assert house.backend.calls == []


@every_operation
def test_a_token_without_the_role_moves_nothing(house, operation_id):
    answer = house.send(house.requests[operation_id], token=house.token_with([]))
    if house.served[operation_id].wanted is None:
        assert answer.status == 200
        return
    assert answer.status == house.overrides.denied_status(house.served[operation_id])
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
    assert answer.status == house.overrides.denied_status(house.served[operation_id])
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
    assert answer.status == house.overrides.foreign_status(house.served[operation_id])
    assert house.overrides.is_refusal(answer)


@every_operation_with_a_body
@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"null", b'{"a":NaN}', b"\xff"])
def test_a_body_that_is_no_such_object_is_refused(house, operation_id, body):
    answer = house.send(house.requests[operation_id], body=body)
    assert (answer.status, answer.json["code"]) == (400, house.overrides.INVALID_REQUEST)
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
        assert (answer.status, answer.json["code"]) == (400, house.overrides.INVALID_REQUEST)
        assert house.overrides.names(answer, member)
    assert house.backend.calls == []


@every_operation_that_wants_a_request_id
@pytest.mark.parametrize("request_id", [None, "x" * 33, "a\u0001b"], ids=["missing", "too long", "control"])
def test_a_request_without_a_usable_id_is_refused(house, operation_id, request_id):
    request = house.requests[operation_id].changed(headers={"x-request-id": request_id or ""})
    answer = house.send(request)
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
    assert answer.json["message"].startswith("Request parameter: X-Request-ID, error type: ")
    assert house.backend.calls == []


@every_operation_with_deadlines
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
    assert answer.headers["x-request-id"] == "req-1"
    if house.overrides.is_answered_otherwise(house.served[operation_id], status, answer):
        return
    assert answer.status == status
    assert is_cat(answer)


@every_operation
def test_the_platform_is_told_who_asks(house, operation_id):
    house.send(house.requests[operation_id])
    assert house.backend.calls
    for call in house.backend.calls:
        assert call.context.meta["user-identity.id"] == "demo"
        assert call.context.meta["user-identity.realm"] == "external"
        assert call.context.parent_id == "req-1"


@every_operation_with_deadlines
def test_the_platform_is_told_until_when(house, operation_id):
    house.send(house.requests[operation_id].changed(headers={"x-request-deadline": "3s"}))
    assert house.backend.calls
    assert {call.context.deadline.remaining_ms(NOW) for call in house.backend.calls} == {3000}
