"""Moments: RFC 3339 with any offset in requests, RFC 3339 in UTC with `Z` in Thrift and in answers."""

from datetime import UTC, datetime

from translator.formats import parse_date_time

WHOLE_SECONDS_CHARS = len("2026-01-31T12:00:00Z")


def timestamp_to_thrift(text: str) -> str:
    """The same moment in UTC, to the microsecond. The spec has checked the format before: nothing is raised."""
    if len(text) == WHOLE_SECONDS_CHARS and text[10] == "T" and text[-1] == "Z":
        return text  # it is in UTC and to the second already: nobody sends it otherwise, and reading it takes 4 us
    return moment_to_thrift(parse_date_time(text))


def moment_to_thrift(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
