"""Tells on stderr what happens while it happens."""

from collections import Counter
from threading import Lock

from vpcmetactl.cli.terminal import Terminal
from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.plans import Outcome
from vpcmetactl.domain.servers import ServerIdentity, ServerKind
from vpcmetactl.usecases.ports import Clock

_REDRAW_SECONDS = 0.1
_CLEAR_LINE = "\r\x1b[K"


class ProgressObserver:
    """An Observer: one line that is drawn over on a terminal; elsewhere warnings only."""

    def __init__(self, terminal: Terminal, clock: Clock) -> None:
        self._terminal = terminal
        self._clock = clock
        self._lock = Lock()
        self._expected: Counter[tuple[str, ServerKind]] = Counter()
        self._read = 0
        self._settled = 0
        self._drawn_at = float("-inf")
        self._line_is_drawn = False
        self._closed = False

    def expect(self, region: str, kind: ServerKind, total: int) -> None:
        """Add to the servers there are."""
        with self._lock:
            self._expected[region, kind] = total

    def read(self, region: str, kind: ServerKind, count: int) -> None:
        """Count servers read."""
        del region, kind
        with self._lock:
            self._read += count
            self._draw()

    def settled(self, server: ServerIdentity, outcome: Outcome) -> None:
        """Count changes that came to their end."""
        del server, outcome
        with self._lock:
            self._settled += 1
            self._draw()

    def warn(self, message: str) -> None:
        """Write a warning, in a quiet run too: what it tells may never be told again."""
        with self._lock:
            self._erase()
            self._terminal.say(f"warning: {message}")

    def note(self, message: str) -> None:
        """Write a line that is no warning, unless the run is quiet."""
        with self._lock:
            self._erase()
            self._terminal.note(f"note: {message}")

    def retrying(self, what: str, error: VpcmetactlError, seconds: float) -> None:
        """Write that a request is repeated, in a verbose run."""
        if self._terminal.verbose and not self._closed:
            with self._lock:
                self._erase()
                self._terminal.say(f"{what}: {error}; again in {seconds:.1f} s")

    def finish(self) -> None:
        """Take the line away."""
        with self._lock:
            self._erase()

    def close(self) -> None:
        """Take the line away and say nothing any more: threads may still be reading."""
        with self._lock:
            self._erase()
            self._closed = True

    def _draw(self) -> None:
        if self._closed or not self._terminal.shows_progress:
            return
        now = self._clock.monotonic()
        if now - self._drawn_at < _REDRAW_SECONDS:
            return
        self._drawn_at = now
        self._line_is_drawn = True
        total = max(self._expected.total(), self._read)
        words = f"{self._read:,} of {total:,} servers read" if total else "reading servers"
        if self._settled:
            words = f"{self._settled:,} change{'' if self._settled == 1 else 's'} done"
        self._terminal.write_error(f"{_CLEAR_LINE}{words}")

    def _erase(self) -> None:
        if self._line_is_drawn:
            self._terminal.write_error(_CLEAR_LINE)
            self._line_is_drawn = False
