"""Tells on stderr what happens while it happens."""

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

from vpcmetactl.cli.terminal import Terminal
from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.plans import Outcome
from vpcmetactl.domain.servers import ServerIdentity, ServerKind
from vpcmetactl.usecases.ports import Clock

_REDRAW_SECONDS = 0.1
_CLEAR_LINE = "\r\x1b[K"


@dataclass(slots=True)
class _Line:
    """What has been counted so far, and the line that tells it; observers of a command share it."""

    lock: Lock = field(default_factory=Lock)
    expected: Counter[tuple[str, str, ServerKind]] = field(default_factory=Counter)
    read: int = 0
    settled: int = 0
    drawn_at: float = float("-inf")
    is_drawn: bool = False
    is_closed: bool = False


class ProgressObserver:
    """An Observer: one line that is drawn over on a terminal; elsewhere warnings only.

    ``label`` names what its messages are about, where a command reads several accounts.
    """

    def __init__(
        self, terminal: Terminal, clock: Clock, label: str = "", line: _Line | None = None
    ) -> None:
        self._terminal = terminal
        self._clock = clock
        self._label = label
        self._line = line or _Line()

    def labelled(self, label: str) -> "ProgressObserver":
        """Return an observer of one part that draws the same line."""
        return ProgressObserver(self._terminal, self._clock, label, self._line)

    def expect(self, region: str, kind: ServerKind, total: int) -> None:
        """Add to the servers there are."""
        with self._line.lock:
            self._line.expected[self._label, region, kind] = total

    def read(self, region: str, kind: ServerKind, count: int) -> None:
        """Count servers read."""
        del region, kind
        with self._line.lock:
            self._line.read += count
            self._draw()

    def settled(self, server: ServerIdentity, outcome: Outcome) -> None:
        """Count changes that came to their end."""
        del server, outcome
        with self._line.lock:
            self._line.settled += 1
            self._draw()

    def warn(self, message: str) -> None:
        """Write a warning, in a quiet run too: what it tells may never be told again."""
        with self._line.lock:
            self._erase()
            self._terminal.say(f"warning: {self._about}{message}")

    def note(self, message: str) -> None:
        """Write a line that is no warning, unless the run is quiet."""
        with self._line.lock:
            self._erase()
            self._terminal.note(f"note: {self._about}{message}")

    def retrying(self, what: str, error: VpcmetactlError, seconds: float) -> None:
        """Write that a request is repeated, in a verbose run."""
        if self._terminal.verbose and not self._line.is_closed:
            with self._line.lock:
                self._erase()
                self._terminal.say(f"{self._about}{what}: {error}; again in {seconds:.1f} s")

    def finish(self) -> None:
        """Take the line away."""
        with self._line.lock:
            self._erase()

    def close(self) -> None:
        """Take the line away and say nothing any more: threads may still be reading."""
        with self._line.lock:
            self._erase()
            self._line.is_closed = True

    @property
    def _about(self) -> str:
        return f"{self._label}: " if self._label else ""

    def _draw(self) -> None:
        if self._line.is_closed or not self._terminal.shows_progress:
            return
        now = self._clock.monotonic()
        if now - self._line.drawn_at < _REDRAW_SECONDS:
            return
        self._line.drawn_at = now
        self._line.is_drawn = True
        total = max(self._line.expected.total(), self._line.read)
        words = f"{self._line.read:,} of {total:,} servers read" if total else "reading servers"
        if self._line.settled:
            words = f"{self._line.settled:,} change{'' if self._line.settled == 1 else 's'} done"
        self._terminal.write_error(f"{_CLEAR_LINE}{words}")

    def _erase(self) -> None:
        if self._line.is_drawn:
            self._terminal.write_error(_CLEAR_LINE)
            self._line.is_drawn = False
