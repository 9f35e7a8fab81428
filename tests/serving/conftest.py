"""Servers for the tests of this folder."""

import pytest

from tests.serving.wire import Served


@pytest.fixture(scope="module")
def served():
    """One server for the tests of a module."""
    server = Served()
    yield server
    server.stop()


@pytest.fixture
def start():
    """Starts servers of a test's own."""
    started = []

    def make(*arguments, **environment):
        started.append(Served(*arguments, **environment))
        return started[-1]

    yield make
    for server in started:
        if server.process.poll() is None:
            server.stop()
