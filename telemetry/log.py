"""One JSON line per event on standard output.

    log.info("rpc.call", service="Invoicing", duration_ms=4)
    with log.bound(trace_id=context.trace_id, party="demo"):
        ...every line within carries both...

A line is `{"time", "level", "process", "event", ...bound fields, ...fields}`; times are UTC with milliseconds. What
must not be written is taken out by `telemetry.redaction`; a line that cannot be written is dropped, never raised:
logging has no part in the outcome of the work it describes.

A server writes the lines of several requests at once: after `hold_back` debug and info wait for `flush`, which
warnings and errors call themselves. Only a process that is killed (SIGKILL) takes lines with it.
"""

import atexit
import os
import select
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from typing import Any

import orjson

from telemetry.redaction import HIDDEN, is_secret_name, looks_suspicious, redact, redact_fields, redact_text

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
SCALARS = frozenset({str, int, float, bool, type(None)})

GATEWAYS_TRACE_DIGITS = 20
ARRAY, OBJECT = b"[{"

Write = Callable[[bytes], object]

_bound: ContextVar[dict[str, Any]] = ContextVar("log_fields", default={})  # noqa: B039 - never changed in place


OWN_NAMES = frozenset({"time", "level", "process", "event", "trace_id"})
NAMES_KNOWN_MAX = 1024
HELD_LINES_MAX = 512

Unwritten = tuple[float, str, str, dict[str, Any]]
"""Seconds since 1970, level, event, all fields."""

_held: deque[bytes | Unwritten] = deque()
_flushing = threading.RLock()
os.register_at_fork(after_in_child=_held.clear)
_names: dict[tuple[str, ...], bool] = {}
_heads: dict[tuple[str, str], bytes] = {}


def to_descriptor(line: bytes) -> None:
    """One write per line, so that threads and processes do not mix theirs."""
    os.write(_State.descriptor, line)


def to_held(line: bytes) -> None:
    """Keeps a line for the next flush."""
    _held.append(line)
    if len(_held) >= HELD_LINES_MAX:
        flush()


class _State:
    """Where lines go and which are kept; one per process."""

    write: Write = staticmethod(to_descriptor)
    descriptor = 1
    level = LEVELS["info"]
    process = ""
    field_chars_max = 4000
    second = moment = (0, b"")


def configure(process: str, level: str = "info", field_chars_max: int = 4000, descriptor: int = 1) -> None:
    """Names this process in its lines and sets what is kept of them. `level` is a word of LEVELS.

    `descriptor`: 2 for a command whose standard output belongs to its answer.
    """
    flush()
    _State.process = process
    _State.level = LEVELS[level]
    _State.field_chars_max = field_chars_max
    _State.descriptor = descriptor
    _heads.clear()


def hold_back() -> None:
    """From now on debug and info wait for `flush`, which the caller promises to call several times a second.

    A write of its own cost each line 5 us, twice in every request. The end of the process flushes too.
    """
    _State.write = staticmethod(to_held)
    atexit.register(flush)


def flush() -> None:
    """Writes what waits, whole lines at a time and never more at once than a pipe takes whole (POSIX, PIPE_BUF).

    For any thread. What cannot be written is dropped, as in `emit`.
    """
    if not _held:
        return
    with _flushing, suppress(Exception):
        part = b""
        while _held:
            kept = _held.popleft()
            try:
                text = kept if type(kept) is bytes else written(*kept)
            except Exception:  # noqa: S112 - a value without a readable form costs its own line alone
                continue
            if part and len(part) + len(text) > select.PIPE_BUF:
                os.write(_State.descriptor, part)
                part = b""
            part += text
        if part:
            os.write(_State.descriptor, part)


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
        self.token = bind(**self.fields)

    def __exit__(self, *_: object) -> None:
        unbind(self.token)


def bind(**fields: Any) -> Token[dict[str, Any]]:
    """What `bound` does at its beginning, for `unbind`, which does what it does at its end: 0.2 us for 0.9."""
    before = _bound.get()
    return _bound.set({**before, **fields} if before else fields)


unbind = _bound.reset


def debug(event: str, **fields: Any) -> None:
    """For someone who is looking for a fault; off by default."""
    if _State.level <= LEVELS["debug"]:
        emit("debug", event, fields)


def info(event: str, **fields: Any) -> None:
    """Something expected happened."""
    if _State.level <= LEVELS["info"]:
        emit("info", event, fields)


def is_told(level: str) -> bool:
    """Whether lines of that level are written."""
    return _State.level <= LEVELS[level]


def told(level: str, event: str, fields: dict[str, Any]) -> None:
    """As the function called like the level; for lines of every request, whose fields are a dictionary of texts and
    numbers already, and from now on nobody else's.

    Held back, they are put into words only by `flush`: many in a row take half the time of one in each request's midst.
    """
    if _State.level > LEVELS[level]:
        return
    if _State.write is not to_held:
        emit(level, event, fields)
        return
    around = _bound.get()
    _held.append((time.time(), level, event, {**around, **fields} if around else fields))
    if len(_held) >= HELD_LINES_MAX:
        flush()


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
    try:
        _State.write(line(level, event, fields))
        if _held and LEVELS[level] >= LEVELS["warning"]:
            flush()
    except Exception:
        return  # a full disk, or a value without a readable form, must not fail a payment


def line(level: str, event: str, fields: dict[str, Any]) -> bytes:
    """The line of now as bytes, with its line end."""
    return written(time.time(), level, event, {**_bound.get(), **fields})


def written(now: float, level: str, event: str, record: dict[str, Any]) -> bytes:
    """The line of that moment; `record` is used up."""
    trace = trace_member(record.pop("trace_id", None))
    text = plain_body(record)
    if text is None:
        record = {"level": level, "process": _State.process, "event": event, **record}
        return b"".join((b'{"time":"', moment(now), b'",', trace, read_closely(record)[1:], b"\n"))
    who = _heads.get((level, event)) or head(level, event)
    return b"".join((b'{"time":"', moment(now), b'",', trace, who, b"," if record else b"", text[1:], b"\n"))


def head(level: str, event: str) -> bytes:
    """The members that say who speaks of what; the same in line after line, so written once."""
    known = _heads.get((level, event))
    if known is None:
        known = read_closely({"level": level, "process": _State.process, "event": event})[1:-1]
        if len(_heads) < NAMES_KNOWN_MAX:
            _heads[level, event] = known
    return known


def plain_body(record: dict[str, Any]) -> bytes | None:
    """The record as JSON where nothing in it asks for a closer look, as in nearly all lines; None elsewhere.

    3 us where going through every field took 12.
    """
    names = tuple(record)
    if not (_names.get(names) or are_plain(names)):
        return None
    try:
        text = orjson.dumps(record)
    except TypeError:  # a lone surrogate, or a number beyond 64 bits
        return None
    may_be_nested = ARRAY in text or OBJECT in text[1:]  # then there may be names within that nobody has looked at
    return None if may_be_nested or len(text) > _State.field_chars_max or looks_suspicious(text) else text


def are_plain(names: tuple[str, ...]) -> bool:
    """Whether none of the fields is secret by its name, or called like a member that every line has."""
    known = _names.get(names)
    if known is None:
        known = not any(is_secret_name(name) or name in OWN_NAMES for name in names)
        if len(_names) < NAMES_KNOWN_MAX:
            _names[names] = known
    return known


def read_closely(record: dict[str, Any]) -> bytes:
    """The record as JSON, every field looked at."""
    longest = _State.field_chars_max
    for name, value in record.items():
        if is_secret_name(name):
            record[name] = HIDDEN if value is not None else None
        elif type(value) not in SCALARS:
            record[name] = redact(value)
        elif type(value) is str and len(value) > longest:
            record[name] = redact_text(value)[:longest] + "..."
    return body(record)


def trace_member(trace_id: Any) -> bytes:
    """The trace id's part of a line.

    The gateway's own, 20 digits from 10^19 on, is kept even where a part of it happens to satisfy Luhn, or no search
    finds it. Any other may have come from outside: a payer's browser brings one back from the bank.
    """
    if trace_id is None:
        return b""
    text = str(trace_id)
    is_gateways = len(text) == GATEWAYS_TRACE_DIGITS and text[0] == "1" and text.isascii() and text.isdigit()
    return f'"trace_id":"{text}",'.encode() if is_gateways else b'"trace_id":%b,' % orjson.dumps(redact_text(text))


def body(record: dict[str, Any]) -> bytes:
    """The record as JSON; read closely only where something in it looks suspicious."""
    try:
        text = orjson.dumps(record)
    except TypeError:  # a lone surrogate, or a number beyond 64 bits
        return orjson.dumps(redact_fields(record))
    return orjson.dumps(redact_fields(record)) if looks_suspicious(text) else text


def moment(now: float) -> bytes:
    """Seconds since 1970 as `2026-01-31T12:00:00.000Z`, formatted once a millisecond, the second once a second."""
    ms = int(now * 1000)
    known, text = _State.moment
    if known != ms:
        second = ms // 1000
        known, whole = _State.second
        if known != second:
            whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode()
            _State.second = (second, whole)
        text = b"%b.%03dZ" % (whole, ms - second * 1000)
        _State.moment = (ms, text)
    return text
