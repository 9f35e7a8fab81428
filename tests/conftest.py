"""Fixtures for every test: the databases (tests/postgres/fixtures.py), and a log that no test before has changed."""

import pytest

from telemetry import log
from tests.postgres.fixtures import *  # noqa: F403


@pytest.fixture(autouse=True)
def usual_log():
    """Commands quieten the log of their process; in a test they share it with everybody."""
    log.configure("tests")
