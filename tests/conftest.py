"""Fixtures for every test: the databases (tests/postgres/fixtures.py), and a log that no test before has changed."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from telemetry import log
from tests.postgres.fixtures import *  # noqa: F403


@pytest.fixture(autouse=True)
def usual_log():
    """Commands quieten the log of their process; in a test they share it with everybody."""
    log.configure("tests")


class ByFile(LoadScopeScheduling):
    """A file stays on one worker; so do all tests that start a system: two at a time would fight for the machine."""

    def _split_scope(self, nodeid: str) -> str:
        return "system" if nodeid.startswith(("tests/end_to_end/", "tests/campaigns/")) else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """How `make test` spreads the suite over the cores."""
    return ByFile(config, log)
