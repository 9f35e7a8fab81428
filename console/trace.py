"""`capi trace <id>`: one request's way through every service, put together from their logs."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from console.table import aligned
from settings import load

Line = dict[str, Any]

SHOWN_ELSEWHERE = frozenset(
    ("time", "level", "process", "event", "duration_ms", "exception", "trace_id", "span_id", "parent_id", "traceparent")
)
WORD = "A-Za-z0-9_"
WHAT_CHARS_MAX = 110
MARKS = {"warning": "! ", "error": "!! "}
HELP = """\
Search the logs of every service and print what happened, in order of time: the HTTP request, the internal calls it
caused, what was asked of the bank, and the webhooks that followed.

ID is a trace id, or the X-Request-ID that the caller sent, or the id of an invoice: every trace that mentions it is
shown.
"""


def main(arguments: Sequence[str]) -> int:
    """Runs `capi trace`; exit status 1 when no line mentions the id."""
    parser = argparse.ArgumentParser(
        prog="capi trace", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("id", metavar="ID", help="a trace id, an X-Request-ID, or the id of an object")
    parser.add_argument("--logs", type=Path, help="directory of the logs, if not that of the settings")
    parser.add_argument("--json", action="store_true", help="print the log lines themselves")
    asked = parser.parse_args(arguments)
    logs = asked.logs or load().state.directory / "logs"
    chain = find(logs, asked.id)
    if not chain:
        print(f"No log line in {logs} mentions {asked.id}.", file=sys.stderr)
        return 1
    print("\n".join(map(json.dumps, chain)) if asked.json else as_table(chain))
    return 0


def find(logs: Path, wanted: str) -> list[Line]:
    """Every line of every trace that mentions `wanted`, in order of time.

    The bank is foreign: of a request it knows only the W3C trace that came with it, so lines are joined by either id.
    """
    mentioning = list(lines_where(logs, mentions({wanted}, WORD + "-"))) or list(lines_where(logs, mentions({wanted})))
    traces = {trace for line in mentioning for trace in traces_of(line)}
    while traces:
        chain = list(lines_where(logs, mentions(traces)))
        joined = {trace for line in chain for trace in traces_of(line)}
        if joined <= traces:
            return in_time(chain)
        traces |= joined
    return in_time(mentioning)


def mentions(names: set[str], word: str = WORD) -> Callable[[bytes], bool]:
    """Whether one of the names stands in a text, as a word of its own; `word`: what a word is made of."""
    words = "|".join(map(re.escape, sorted(names)))
    found = re.compile(rf"(?<![{word}])(?:{words})(?![{word}])".encode()).search
    return lambda text: found(text) is not None


def lines_where(logs: Path, holds: Callable[[bytes], bool]) -> Iterator[Line]:
    """The log lines of every service for which `holds`; what is no line of ours is passed over."""
    for file in sorted(logs.glob("*.log*")):
        with file.open("rb") as texts:
            for text in texts:
                if not holds(text):
                    continue
                try:
                    line = json.loads(text)
                except ValueError:
                    continue
                if isinstance(line, dict):
                    yield line


def traces_of(line: Line) -> set[str]:
    """Both ids of a line's trace: ours, and that of the W3C header (32 digits between the first two dashes)."""
    parts = str(line.get("traceparent", "")).split("-")
    return {name for name in (str(line.get("trace_id", "")), parts[1] if len(parts) == 4 else "") if name}


def in_time(chain: list[Line]) -> list[Line]:
    """Lines in order of their beginning, so that a call stands before what it caused."""
    return sorted(chain, key=begun)


def begun(line: Line) -> datetime:
    """When what the line tells began: a line is written at the end of what it measures."""
    try:
        written = datetime.fromisoformat(str(line.get("time")))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    duration = line.get("duration_ms")
    return written - timedelta(milliseconds=duration if isinstance(duration, int | float) else 0)


def as_table(chain: list[Line]) -> str:
    """Time, service, event, what, milliseconds; exceptions stand below their line."""
    rows = [
        (
            clock_time(line),
            str(line.get("process", "")),
            MARKS.get(str(line.get("level")), "") + str(line.get("event", "")),
            what(line),
            milliseconds(line.get("duration_ms")),
        )
        for line in chain
    ]
    first, last = (str(begun(chain[place]).date()) for place in (0, -1))
    traces = sorted({str(line["trace_id"]) for line in chain if line.get("trace_id")})
    title = f"{first}{f' to {last}' if last != first else ''}, trace {', '.join(traces) or 'unknown'}"
    return f"{title}\n\n{aligned(('TIME', 'SERVICE', 'EVENT', 'WHAT', 'MS'), rows)}{exceptions(chain)}"


def clock_time(line: Line) -> str:
    """The beginning's time of day, to the millisecond."""
    return begun(line).strftime("%H:%M:%S.%f")[:12]


def what(line: Line) -> str:
    """The line's remaining fields, in its own order, cut to a terminal's width."""
    told = " ".join(f"{name}={value}" for name, value in line.items() if name not in SHOWN_ELSEWHERE)
    return told if len(told) <= WHAT_CHARS_MAX else told[: WHAT_CHARS_MAX - 3] + "..."


def milliseconds(value: object) -> str:
    """A duration, to the tenth."""
    return f"{value:.1f}" if isinstance(value, int | float) else ""


def exceptions(chain: list[Line]) -> str:
    """The last line of each exception, with its time."""
    told = [
        f"{clock_time(line)} {line.get('process')}: {line['exception'][-1]}"
        for line in chain
        if isinstance(line.get("exception"), list) and line["exception"]
    ]
    return "\n\n" + "\n".join(told) if told else ""
