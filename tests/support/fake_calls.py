"""What every part of the cloud in memory has: a record of calls, and faults on demand."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from vpcmetactl.domain.errors import UnavailableError, VpcmetactlError
from vpcmetactl.domain.servers import ServerKind


@dataclass(frozen=True)
class Call:
    """A call that the cloud received; ``detail`` is an id, a start token or a patch."""

    operation: str
    region: str | None = None
    kind: ServerKind | None = None
    detail: object = None


class CallLog:
    """Keeps every call in ``calls``, in order; ``fail`` makes coming calls raise.

    ``before`` runs code when a call arrives: to change a server behind the caller's back, or to
    hold a thread up. Operations are the ports' method names.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._failures: dict[tuple[str, str | None], deque[VpcmetactlError]] = {}
        self._losses: dict[str, int] = {}
        self._hooks: list[Callable[[Call], None]] = []
        self._lock = threading.RLock()

    def fail(
        self,
        operation: str,
        error: VpcmetactlError,
        *,
        region: str | None = None,
        times: int = 1,
    ) -> None:
        """Let the next ``times`` calls of this operation (in this region) raise ``error``."""
        with self._lock:
            self._failures.setdefault((operation, region), deque()).extend([error] * times)

    def lose_answers(self, operation: str, times: int = 1) -> None:
        """Let the next ``times`` changes by this operation be made, and their answers get lost."""
        with self._lock:
            self._losses[operation] = self._losses.get(operation, 0) + times

    def before(self, hook: Callable[[Call], None]) -> None:
        """Call ``hook`` with every coming call, before it is answered and outside the lock."""
        self._hooks.append(hook)

    def operations(self) -> list[str]:
        """Return the names of the calls received, in order."""
        with self._lock:
            return [call.operation for call in self.calls]

    def _arrive(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)
        for hook in self._hooks:
            hook(call)
        with self._lock:
            for key in ((call.operation, call.region), (call.operation, None)):
                if self._failures.get(key):
                    raise self._failures[key].popleft()

    def _answer(self, operation: str) -> None:
        """Come to the end of a change; only its answer can still get lost."""
        with self._lock:
            if self._losses.get(operation, 0):
                self._losses[operation] -= 1
                raise UnavailableError(f"the answer to {operation} got lost", maybe_done=True)
