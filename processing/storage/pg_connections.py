"""Connections to PostgreSQL: how one is made, and a bounded number of them to share between threads.

A connection that the server has ended (restart, failover) is noticed before it is given out, so that a restart costs
only the transactions that were under way.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from processing.storage.pg_statements import Link
from processing.storage.port import Unavailable

CONNECT_TIMEOUT_S = 5
APPLICATION = "capi"
ABANDONED_MS = 60_000
"""A transaction whose process has stopped in the middle of it is ended by the server after so long."""


def connect(url: str, *, busy_timeout_ms: int = 5000, statement_timeout_ms: int = 0) -> psycopg.Connection[Any]:
    """A connection on which only explicit BEGINs open transactions. Raises Unavailable."""
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            cursor_factory=psycopg.RawCursor,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name=APPLICATION,
        )
        connection.execute(
            f"SET lock_timeout = {busy_timeout_ms:d}; SET statement_timeout = {statement_timeout_ms:d};"
            f"SET idle_in_transaction_session_timeout = {ABANDONED_MS:d}; SET client_min_messages = warning;"
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    except psycopg.Error as failure:
        raise Unavailable(f"PostgreSQL: {failure}") from failure
    return connection


def without_password(url: str) -> str:
    """The connection string without its password, in either of its forms."""
    return make_conninfo(**{word: value for word, value in conninfo_to_dict(url).items() if word != "password"})


class Connections:
    """At most `limit` at a time; made when they are needed, kept while they are good."""

    def __init__(self, url: str, limit: int, busy_timeout_ms: int, statement_timeout_ms: int) -> None:
        self._url = url
        self._timeouts = {"busy_timeout_ms": busy_timeout_ms, "statement_timeout_ms": statement_timeout_ms}
        self._wait_s = busy_timeout_ms / 1000
        self._room = threading.BoundedSemaphore(limit)
        self._idle: list[Link] = []
        self._is_closed = False

    @contextmanager
    def one(self) -> Iterator[Link]:
        """A connection for this block alone. Raises Unavailable: all are busy, or the server is away."""
        if not self._room.acquire(timeout=self._wait_s):
            raise Unavailable("every connection to the database is busy")
        try:
            link = self._good_one()
            try:
                yield link
            finally:
                self._take_back(link)
        finally:
            self._room.release()

    def _good_one(self) -> Link:
        while True:
            try:
                link = self._idle.pop()
            except IndexError:
                return Link(connect(self._url, **self._timeouts))
            if link.is_quiet():
                return link
            with suppress(psycopg.Error):
                link.connection.close()

    def _take_back(self, link: Link) -> None:
        connection = link.connection
        if connection.closed:
            return
        if self._is_closed or connection.pgconn.transaction_status != TransactionStatus.IDLE:
            connection.close()
        else:
            self._idle.append(link)

    def close(self) -> None:
        """Closes those that nobody uses; the others follow when they come back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().connection.close()
        self._is_closed = False
