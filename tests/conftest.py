"""Fixtures for every test: the databases, see tests/postgres/fixtures.py."""

from tests.postgres.fixtures import *  # noqa: F403
