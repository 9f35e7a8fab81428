"""A house for each live version, built once; every test finds it as if nobody had been there."""

import pytest

from telemetry import log

from .house import House, versions


@pytest.fixture(scope="session")
def houses(tmp_path_factory):
    """Version name -> its house."""
    with log.written_to(lambda line: None):
        return {version.name: House(version, tmp_path_factory.mktemp(version.name)) for version in versions()}


@pytest.fixture(autouse=True)
def quiet_log():
    """What is logged goes nowhere."""
    with log.written_to(lambda line: None):
        yield


@pytest.fixture
def v1(houses):
    houses["v1"].reset()
    return houses["v1"]


@pytest.fixture
def v2(houses):
    houses["v2"].reset()
    return houses["v2"]
