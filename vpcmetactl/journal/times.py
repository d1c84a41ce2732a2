"""Times as the state file keeps them: UTC, ISO 8601, microseconds. Text sorts as time does."""

from datetime import UTC, datetime

_NO_ZONE = len("2026-11-21T12:00:00.000000")


def to_text(moment: datetime) -> str:
    """Return a moment of any time zone as text of fixed length."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:_NO_ZONE] + "Z"


def from_text(text: str) -> datetime:
    """Return the moment, in UTC; raises ValueError where the text is no time."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment
