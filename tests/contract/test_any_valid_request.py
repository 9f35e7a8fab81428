"""Whatever the spec lets through, a version understands: it asks the platform, or refuses in the contract's form."""

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from translator.spec import read_spec

from . import any_request
from .house import versions
from .sample_requests import sample_requests

SPECS = {version.name: read_spec(version.spec) for version in versions()}
EVERY = [
    pytest.param(version, operation_id, id=f"{version}-{operation_id}")
    for version, spec in SPECS.items()
    for operation_id, request in sample_requests(spec).items()
    if request.body is not None or request.query
]


@cache
def strategy(house, operation_id):
    return any_request.requests(SPECS[house.version.name], house.requests[operation_id])


@pytest.mark.parametrize(("version", "operation_id"), EVERY)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_spec_lets_through_never_breaks_a_version(houses, version, operation_id, data):
    house = houses[version]
    house.reset(is_full=True)
    request = data.draw(strategy(house, operation_id))
    spec = house.served[operation_id].spec
    if spec.body is not None and not spec.body.schema.is_valid(request.body):
        pytest.fail(f"the strategy is wrong: {spec.body.schema.explain(request.body)}")
    answer = house.send(request)
    assert answer.status < 500, answer
    assert not (answer.status == 400 and "Request parameter" in answer.json["message"]), answer.body
