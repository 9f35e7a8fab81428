"""Moments <-> the protocol's RFC 3339 text: UTC, milliseconds, `Z`."""

from datetime import UTC, datetime

from rpc.protocol import base


def to_text(moment: datetime) -> str:
    """2026-03-01T12:00:00.000Z"""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """Aware, UTC. Raises base.InvalidRequest: the caller sent something else than a moment."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(text)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise base.InvalidRequest(errors=["A time is not RFC 3339 with an offset"]) from None
