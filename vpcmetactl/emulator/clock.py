"""The emulator's own time: real for a served emulator, moved by hand for tests and recordings."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""Where a ManualClock starts unless told otherwise."""


class Clock(Protocol):
    """Tells the time to everything the emulator does: tokens, statuses, versions, rate limits."""

    def now(self) -> datetime:
        """Return the present moment as an aware datetime in UTC."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(tz=UTC)  # noqa: TID251 - this is the emulator's clock


class ManualClock:
    """A time that stands still until it is advanced, so that two runs give the same bytes."""

    def __init__(self, start: datetime = EPOCH) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware datetime, not at a naive one")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the moment this clock was last set to."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move forward and return the new moment. Time never goes back: ValueError."""
        if by < timedelta():
            raise ValueError("a clock only moves forward")
        self._now += by
        return self._now


def timestamp(moment: datetime) -> str:
    """Write a moment as the VPC API does: UTC, whole seconds, a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
