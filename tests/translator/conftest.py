"""Fixtures of the translator's tests; what they are made of stands in gateway_kit."""

import pytest
from gateway_kit import House

from telemetry import log


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def log_lines():
    """The lines written during the test, as bytes."""
    lines: list[bytes] = []
    with log.written_to(lines.append):
        yield lines


@pytest.fixture(autouse=True)
def quiet_log(request):
    """Lines of tests that do not look at them go nowhere."""
    if "log_lines" in request.fixturenames:
        yield
        return
    with log.written_to(lambda line: None):
        yield
