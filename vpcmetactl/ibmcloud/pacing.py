"""How fast a region may be asked: one budget for every worker, reads and writes alike.

IBM publishes no rate limits (platform notes 3.2), so the limit is learnt: unlimited until the first
429, then a little below what went well, and slowly up again.
"""

import threading
from collections import deque
from dataclasses import dataclass

# Of what went well in the last second; asking for all of it would meet the limit at once again.
_FIRST_CUT = 0.9
_LATER_CUT = 0.85
# Requests a second, gained in each second without a 429.
_RECOVERY = 0.5
# Where nothing went well in the last second, for instance because the limit counts minutes.
_LEAST_RATE = 1.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to send one request, at ``sent`` on the monotonic clock."""

    sent: float


class Pace:
    """The pace of one region. Knows no clock: every call says what time it is.

    ``cap`` is the most requests a second, in any case. Safe to use from any thread.
    """

    def __init__(self, cap: float | None = None) -> None:
        self._cap = cap
        self._cut_rate: float | None = None
        self._cut_at = 0.0
        self._pause_until = 0.0
        self._next_slot = 0.0
        self._successes: deque[float] = deque()
        self._answered = False
        self._lock = threading.Lock()

    def rate(self, now: float) -> float | None:
        """Return the requests a second that are allowed now; ``None`` is as many as one likes."""
        if self._cut_rate is None:
            return self._cap
        learnt = self._cut_rate + _RECOVERY * (now - self._cut_at)
        return learnt if self._cap is None else min(learnt, self._cap)

    @property
    def answered(self) -> bool:
        """Whether the region has ever answered as it should."""
        return self._answered

    def reserve(self, now: float, latest: float) -> float | None:
        """Take the next free slot and return when it is; ask again if a pause covers it by then.

        A slot after ``latest`` is of no use to the caller: it is left to others, and the answer is
        ``None``.
        """
        with self._lock:
            slot = self._slot(now)
            if slot > latest:
                return None
            rate = self.rate(now)
            if rate is not None:
                self._next_slot = slot + 1 / rate
            return slot

    def next_slot(self, now: float) -> float:
        """Return when the next free slot is, and leave it free."""
        with self._lock:
            return self._slot(now)

    def _slot(self, now: float) -> float:
        slot = max(now, self._pause_until)
        return slot if self.rate(now) is None else max(slot, self._next_slot)

    def paused_until(self) -> float:
        """Return until when the region has asked to be left alone."""
        with self._lock:
            return self._pause_until

    def succeeded(self, now: float) -> None:
        """Count a request that was not refused for coming too fast."""
        with self._lock:
            self._answered = True
            self._successes.append(now)
            while self._successes[0] < now - 1:
                self._successes.popleft()

    def limited(self, ticket: Ticket, now: float, retry_after: float | None) -> None:
        """Slow down after a 429, and leave the region alone for ``retry_after`` seconds.

        A request that was sent before the last cut tells nothing new, and does not cut again.
        """
        with self._lock:
            if retry_after is not None:
                self._pause_until = max(self._pause_until, now + retry_after)
            if self._cut_rate is not None and ticket.sent <= self._cut_at:
                return
            self._cut_rate = max(_LEAST_RATE, self._slower(now))
            self._cut_at = now
            self._next_slot = max(self._next_slot, now + 1 / self._cut_rate)

    def _slower(self, now: float) -> float:
        present = self.rate(now)
        if self._cut_rate is not None and present is not None:
            return present * _LATER_CUT
        went_well = sum(1 for success in self._successes if success >= now - 1)
        return went_well * _FIRST_CUT
