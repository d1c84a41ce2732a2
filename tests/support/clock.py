"""A clock that a test turns by hand."""

import threading
import time
from datetime import UTC, datetime, timedelta


class ManualClock:
    """A ``Clock`` that stands still until somebody waits, and then jumps.

    ``waits`` holds every wait in seconds, in order. Waiting takes no real time, and every thread
    sees the jump.
    """

    def __init__(self, now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)) -> None:
        self._start = now
        self._elapsed = 0.0
        self._lock = threading.Lock()
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed

    def wait(self, seconds: float) -> None:
        with self._lock:
            self.waits.append(seconds)
            self._elapsed += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody having asked for it."""
        with self._lock:
            self._elapsed += seconds


class RealClock:
    """The machine's own time, for tests of what happens on sockets."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)
