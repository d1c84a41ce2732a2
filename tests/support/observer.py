"""An observer that remembers what it was told."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.plans import Outcome
from vpcmetactl.domain.servers import ServerIdentity, ServerKind


@dataclass
class RecordingObserver:
    """An ``Observer``; each list holds what was told, in order, from whatever thread.

    ``on_settled`` is called after each change that came to its end.
    """

    expected: list[tuple[str, ServerKind, int]] = field(default_factory=list)
    reads: list[tuple[str, ServerKind, int]] = field(default_factory=list)
    outcomes: list[tuple[ServerIdentity, Outcome]] = field(default_factory=list)
    retries: list[tuple[str, VpcmetactlError, float]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    on_settled: Callable[[], None] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def expect(self, region: str, kind: ServerKind, total: int) -> None:
        with self._lock:
            self.expected.append((region, kind, total))

    def read(self, region: str, kind: ServerKind, count: int) -> None:
        with self._lock:
            self.reads.append((region, kind, count))

    def settled(self, server: ServerIdentity, outcome: Outcome) -> None:
        with self._lock:
            self.outcomes.append((server, outcome))
        self.on_settled()

    def warn(self, message: str) -> None:
        with self._lock:
            self.warnings.append(message)

    def retrying(self, what: str, error: VpcmetactlError, seconds: float) -> None:
        with self._lock:
            self.retries.append((what, error, seconds))
