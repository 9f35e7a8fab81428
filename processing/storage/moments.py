"""Times as the database keeps them: whole milliseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970, rounded down. The moment must be aware."""
    return (moment - EPOCH) // MILLISECOND


def from_ms(ms: int) -> datetime:
    """The aware moment, UTC."""
    return EPOCH + ms * MILLISECOND


def whole_ms(moment: datetime) -> datetime:
    """The moment as the database would give it back."""
    return from_ms(to_ms(moment))
