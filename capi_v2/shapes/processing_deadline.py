"""processingDeadline: until when a payment may be under way, in the forms of X-Request-Deadline (contract, 3.2)."""

from datetime import datetime, timedelta

from capi_v2.shapes.timestamps import moment_to_thrift
from translator.errors import Problem
from translator.formats import parse_date_time
from translator.request_deadline import RELATIVE, UNIT_MS


def processing_deadline_to_thrift(text: str | None, now: datetime) -> str | None:
    """The moment in UTC; None leaves it to the platform, whose setting is half an hour.

    Raises Problem("invalidProcessingDeadline") for another form and for a moment that has passed.
    """
    if text is None:
        return None
    try:
        moment = _moment(text, now)
    except (ValueError, OverflowError):
        moment = now
    if moment <= now:
        raise Problem("invalidProcessingDeadline", "The processingDeadline is no moment to come")
    return moment_to_thrift(moment)


def _moment(text: str, now: datetime) -> datetime:
    relative = RELATIVE.fullmatch(text)
    if relative is None:
        return parse_date_time(text)
    number, unit = relative.groups()
    if unit not in UNIT_MS:
        raise ValueError(text)
    return now + timedelta(milliseconds=float(number) * UNIT_MS[unit])
