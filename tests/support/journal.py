"""A journal in memory that remembers the order in which it was used."""

import threading
from collections.abc import Iterable, Mapping, Sequence

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.plans import Change, Outcome, Plan
from vpcmetactl.domain.restarts import Observation

RUN_ID = "run-1"


class InMemoryJournal:
    """A ``Journal``; ``calls`` holds every call in order, as its name and what it was about.

    Like the state file it keeps a sight only where it differs from the one before. ``fail`` makes
    a coming call raise.
    """

    def __init__(self, observations: Iterable[Observation] = ()) -> None:
        self.calls: list[tuple[str, object]] = []
        self.outcomes: list[Outcome] = []
        self.observations: list[Observation] = []
        self.closed = 0
        self._failures: dict[str, tuple[int, VpcmetactlError]] = {}
        self._lock = threading.RLock()
        self._keep(observations)

    def fail(self, operation: str, error: VpcmetactlError, *, after: int = 0) -> None:
        """Let every call of this method raise ``error``, after so many that do not."""
        self._failures[operation] = (after, error)

    def begin_run(self, plan: Plan) -> str:
        self._arrive("begin_run", plan)
        return RUN_ID

    def intend(self, run_id: str, change: Change) -> None:
        assert run_id == RUN_ID
        self._arrive("intend", change.server.id)

    def settle(self, run_id: str, outcome: Outcome) -> None:
        assert run_id == RUN_ID
        self._arrive("settle", outcome.change.server.id)
        with self._lock:
            self.outcomes.append(outcome)

    def finish_run(self, run_id: str) -> None:
        self._arrive("finish_run", run_id)

    def load_observations(self, server_ids: Sequence[str]) -> Mapping[str, Sequence[Observation]]:
        self._arrive("load_observations", tuple(server_ids))
        with self._lock:
            found = {
                server_id: [seen for seen in self.observations if seen.server_id == server_id]
                for server_id in server_ids
            }
        return {server_id: sights for server_id, sights in found.items() if sights}

    def record_observations(self, observations: Iterable[Observation]) -> None:
        sights = tuple(observations)
        self._arrive("record_observations", sights)
        self._keep(sights)

    def close(self) -> None:
        self.closed += 1

    def operations(self) -> list[str]:
        """Return the names of the calls, in order."""
        return [name for name, _ in self.calls]

    def _keep(self, observations: Iterable[Observation]) -> None:
        with self._lock:
            for seen in observations:
                before = [one for one in self.observations if one.server_id == seen.server_id]
                if not before or (before[-1].enabled, before[-1].status) != (
                    seen.enabled,
                    seen.status,
                ):
                    self.observations.append(seen)

    def _arrive(self, operation: str, about: object) -> None:
        with self._lock:
            self.calls.append((operation, about))
            if operation not in self._failures:
                return
            grace, error = self._failures[operation]
            if grace == 0:
                raise error
            self._failures[operation] = (grace - 1, error)
