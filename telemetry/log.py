"""One JSON line per event on standard output.

    log.info("rpc.call", service="Invoicing", duration_ms=4)
    with log.bound(trace_id=context.trace_id, party="demo"):
        ...every line within carries both...

A line is `{"time", "level", "process", "event", ...bound fields, ...fields}`; times are UTC with milliseconds. What
must not be written is taken out by `telemetry.redaction`; a line that cannot be written is dropped, never raised:
logging has no part in the outcome of the work it describes.
"""

import os
import re
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import orjson

from telemetry.redaction import HIDDEN, is_secret_name, looks_suspicious, redact, redact_fields, redact_text

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
SCALARS = frozenset({str, int, float, bool, type(None)})

GATEWAYS_TRACE = re.compile(r"1[0-9]{19}", re.ASCII)

Write = Callable[[bytes], object]

_bound: ContextVar[dict[str, Any]] = ContextVar("log_fields", default={})  # noqa: B039 - never changed in place


def to_descriptor(line: bytes) -> None:
    """One write per line, so that threads and processes do not mix theirs."""
    os.write(_State.descriptor, line)


class _State:
    """Where lines go and which are kept; one per process."""

    write: Write = staticmethod(to_descriptor)
    descriptor = 1
    level = LEVELS["info"]
    process = ""
    field_chars_max = 4000
    second = (0, "")


def configure(process: str, level: str = "info", field_chars_max: int = 4000, descriptor: int = 1) -> None:
    """Names this process in its lines and sets what is kept of them. `level` is a word of LEVELS.

    `descriptor`: 2 for a command whose standard output belongs to its answer.
    """
    _State.process = process
    _State.level = LEVELS[level]
    _State.field_chars_max = field_chars_max
    _State.descriptor = descriptor


@contextmanager
def written_to(write: Write) -> Iterator[None]:
    """Sends the lines of this process to `write(line: bytes)` instead of standard output; for tests."""
    before, _State.write = _State.write, staticmethod(write)
    try:
        yield
    finally:
        _State.write = staticmethod(before)


class bound:  # noqa: N801 - reads as a word at its place of use
    """`with bound(trace_id=...)`: every line of this task or thread within carries the fields."""

    __slots__ = ("fields", "token")

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def __enter__(self) -> None:
        self.token = _bound.set({**_bound.get(), **self.fields})

    def __exit__(self, *_: object) -> None:
        _bound.reset(self.token)


def debug(event: str, **fields: Any) -> None:
    """For someone who is looking for a fault; off by default."""
    if _State.level <= LEVELS["debug"]:
        emit("debug", event, fields)


def info(event: str, **fields: Any) -> None:
    """Something expected happened."""
    if _State.level <= LEVELS["info"]:
        emit("info", event, fields)


def warning(event: str, **fields: Any) -> None:
    """Something unexpected happened and was dealt with."""
    if _State.level <= LEVELS["warning"]:
        emit("warning", event, fields)


def error(event: str, exc_info: bool = False, **fields: Any) -> None:
    """Something that a person must look at. `exc_info` adds the exception being handled, without local variables."""
    if exc_info:
        fields["exception"] = traceback.format_exc(limit=-20).splitlines()
    emit("error", event, fields)


def emit(level: str, event: str, fields: dict[str, Any]) -> None:
    """Builds and writes one line."""
    with suppress(Exception):  # a full disk, or a value without a readable form, must not fail a payment
        _State.write(line(level, event, fields))


def line(level: str, event: str, fields: dict[str, Any]) -> bytes:
    """The line as bytes, with its line end."""
    record = {"level": level, "process": _State.process, "event": event, **_bound.get(), **fields}
    trace = trace_member(record.pop("trace_id", None))
    longest = _State.field_chars_max
    for name, value in record.items():
        if is_secret_name(name):
            record[name] = HIDDEN if value is not None else None
        elif type(value) not in SCALARS:
            record[name] = redact(value)
        elif type(value) is str and len(value) > longest:
            record[name] = redact_text(value)[:longest] + "..."
    return b"".join((b'{"time":"', moment(), b'",', trace, body(record)[1:], b"\n"))


def trace_member(trace_id: Any) -> bytes:
    """The trace id's part of a line.

    The gateway's own, 20 digits from 10^19 on, is kept even where a part of it happens to satisfy Luhn, or no search
    finds it. Any other may have come from outside: a payer's browser brings one back from the bank.
    """
    if type(trace_id) is str and GATEWAYS_TRACE.fullmatch(trace_id):
        return b'"trace_id":"%b",' % trace_id.encode()
    return b"" if trace_id is None else b'"trace_id":%b,' % orjson.dumps(redact_text(str(trace_id)))


def body(record: dict[str, Any]) -> bytes:
    """The record as JSON; read closely only where something in it looks suspicious."""
    try:
        text = orjson.dumps(record)
    except TypeError:  # a lone surrogate, or a number beyond 64 bits
        return orjson.dumps(redact_fields(record))
    return orjson.dumps(redact_fields(record)) if looks_suspicious(text) else text


def moment() -> bytes:
    """The present time, `2026-01-31T12:00:00.000Z`; the seconds' part is formatted once a second."""
    now = time.time()
    second = int(now)
    known, text = _State.second
    if known != second:
        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        _State.second = (second, text)
    return b"%b.%03dZ" % (text.encode(), int((now - second) * 1000))
