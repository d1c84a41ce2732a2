"""Times as the state file keeps them: UTC, ISO 8601, microseconds. Text sorts as time does."""

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """Return a moment of any time zone as text of fixed length."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def from_text(text: str) -> datetime:
    """Return the moment, in UTC; raises ValueError where the text is no time."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment
