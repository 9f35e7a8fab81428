"""Shelves of rows, and clients of a service that searches in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rpc.client import BlockingClient
from tests.processing.search.searches import filled, served, with_refunds
from tests.processing.search.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def own_client(shelf: Shelf) -> Iterator[BlockingClient]:
    with served(shelf) as made:
        yield made


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingClient]:
    """Searches in `filled`, and so may only read."""
    shelf = Shelf(tmp_path_factory.mktemp("search"))
    filled(shelf)
    with served(shelf) as made:
        yield made


@pytest.fixture(scope="module")
def refund_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingClient]:
    shelf = Shelf(tmp_path_factory.mktemp("search"))
    with_refunds(shelf)
    with served(shelf) as made:
        yield made
