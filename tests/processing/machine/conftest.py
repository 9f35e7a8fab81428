"""What the tests of machines share: an empty platform."""

from pathlib import Path

import pytest

from tests.processing.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)
