"""What every database behind the port must do. A new implementation is tested by three lines:

from tests.processing.storage.conformance import *  # noqa: F403

@pytest.fixture
def open_database(...): return lambda: MyDatabase(...)   # each call: the same migrated database, empty at first
"""

from collections.abc import Callable, Iterator

import pytest

from processing.storage.port import Database
from tests.processing.storage.event_rules import *  # noqa: F403
from tests.processing.storage.job_rules import *  # noqa: F403
from tests.processing.storage.transaction_rules import *  # noqa: F403


@pytest.fixture
def database(open_database: Callable[[], Database]) -> Iterator[Database]:
    opened = open_database()
    yield opened
    opened.close()


@pytest.fixture
def other(open_database: Callable[[], Database]) -> Iterator[Database]:
    """The same database, as another process has it."""
    opened = open_database()
    yield opened
    opened.close()
