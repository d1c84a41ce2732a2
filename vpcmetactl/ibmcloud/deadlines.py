"""How long an operation may still take."""

from dataclasses import dataclass
from typing import Self

from vpcmetactl.usecases.ports import Clock

# Longer than this no healthy server takes to accept a connection.
_CONNECT_SECONDS = 10.0
# urllib3 refuses a time-out of zero, and the operation may end between two looks at the clock.
_LEAST_SECONDS = 0.001
# A server that is silent for this part of the operation's time is given up, so that there is
# time left to ask again.
_SILENCE = 1 / 3


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of an operation's time, on one clock."""

    clock: Clock
    started: float
    timeout: float

    @classmethod
    def after(cls, clock: Clock, timeout: float) -> Self:
        """Return the deadline of an operation that begins now."""
        return cls(clock, clock.monotonic(), timeout)

    @property
    def ends(self) -> float:
        """The moment at which the time is up."""
        return self.started + self.timeout

    @property
    def elapsed(self) -> float:
        """Seconds since the operation began."""
        return self.clock.monotonic() - self.started

    @property
    def remaining(self) -> float:
        """Seconds until the operation's time is up; never negative."""
        return max(0.0, self.timeout - self.elapsed)

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return self.elapsed >= self.timeout

    @property
    def silence(self) -> float:
        """The longest wait for the next byte of an answer, in seconds."""
        return max(_LEAST_SECONDS, min(self.timeout * _SILENCE, self.remaining))

    @property
    def connect(self) -> float:
        """The longest wait for a connection, in seconds."""
        return max(_LEAST_SECONDS, min(_CONNECT_SECONDS, self.silence))
