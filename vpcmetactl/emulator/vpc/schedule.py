"""What is to happen by itself at some moment: nobody has to be asking when it does."""

import heapq
from collections.abc import Callable
from datetime import datetime

Deed = Callable[[datetime], None]
"""Called with the moment it was meant for, which may lie in the past when it is called."""


class Schedule:
    """Deeds by moment, done in order of their moments. Its owner locks."""

    def __init__(self) -> None:
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._count = 0

    def add(self, moment: datetime, deed: Deed) -> None:
        """Have something done at a moment; of the same moment, the first added comes first."""
        self._count += 1
        heapq.heappush(self._deeds, (moment, self._count, deed))

    def due(self, now: datetime) -> bool:
        """Tell whether something ought to have been done by now."""
        return bool(self._deeds) and self._deeds[0][0] <= now

    def run(self, now: datetime) -> None:
        """Do all that is due, also what becomes due by doing it."""
        while self.due(now):
            moment, _, deed = heapq.heappop(self._deeds)
            deed(moment)
