"""A journal in memory that remembers the order in which it was used."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tests.support.clock import ManualClock
from tests.support.run_shelf import RunShelf, attempt_of
from vpcmetactl import __version__
from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.evidence import History, Observation, ServerEvent, Sights
from vpcmetactl.domain.plans import (
    Change,
    Outcome,
    Plan,
)
from vpcmetactl.domain.runs import (
    Attempt,
    AttemptOutcome,
    CutOffRestart,
    RestartStep,
    RunItem,
    RunRecord,
    RunState,
)
from vpcmetactl.usecases.ports import Clock, Realm

RUN_ID = "run-1"
REALM = Realm(
    "https://iam.cloud.ibm.com",
    "https://{region}.iaas.cloud.ibm.com/v1",
    "5f2b8b0a3c4d4e5f8a9b0c1d2e3f4a5b",
)


class InMemoryJournal:
    """A ``Journal``; ``calls`` holds every call in order, as its name and what it was about.

    Like the state file it keeps a sight only where it differs from the one before. ``fail`` makes
    a coming call raise. ``close`` lets go of every run, as the end of a process does; the journal
    may be used on.
    """

    def __init__(
        self,
        observations: Iterable[Observation] = (),
        *,
        events: Iterable[ServerEvent] = (),
        clock: Clock | None = None,
        realm: Realm = REALM,
        actor: str | None = None,
        shelf: RunShelf | None = None,
    ) -> None:
        self.calls: list[tuple[str, object]] = []
        self.outcomes: list[Outcome] = []
        self.closed = 0
        self._clock = clock or ManualClock()
        self._realm = realm
        self._actor = actor
        self._shelf = shelf or RunShelf()
        self._failures: dict[str, tuple[int, VpcmetactlError]] = {}
        self._lock = threading.RLock()
        self._evidence = self._shelf.evidence_of(realm)
        self._evidence.record(Sights(tuple(observations)))
        self._evidence.add(events)

    @property
    def observations(self) -> Sequence[Observation]:
        """Every sight that is kept, in the order in which they were recorded."""
        return list(self._evidence.observations)

    @property
    def events(self) -> Sequence[ServerEvent]:
        """Every event that is kept, in order of time."""
        return list(self._evidence.events)

    def fail(self, operation: str, error: VpcmetactlError, *, after: int = 0) -> None:
        """Let every call of this method raise ``error``, after so many that do not."""
        self._failures[operation] = (after, error)

    def begin_run(self, plan: Plan, rollback_of: str | None = None) -> str:
        self._arrive("begin_run", plan)
        return self._shelf.begin(
            RunRecord(
                id="",
                account_id=self._realm.account_id,
                vpc_endpoint=self._realm.vpc_endpoint,
                iam_host=self._realm.iam_host,
                state=RunState.RUNNING,
                started_at=self._clock.now(),
                finished_at=None,
                actor=self._actor,
                action=plan.action,
                patch=plan.patch,
                tool_version=__version__,
                items=tuple(RunItem(item) for item in plan.items),
                rollback_of=rollback_of,
            )
        )

    def intend(self, run_id: str, change: Change) -> None:
        self._arrive("intend", change.server.id)
        self._shelf.intend(
            run_id, change, Attempt(outcome=AttemptOutcome.OPEN, intent_at=self._clock.now())
        )

    def reach(
        self, run_id: str, change: Change, step: RestartStep, seen: Iterable[Observation] = ()
    ) -> None:
        self._arrive("reach", (change.server.id, step))
        with self._lock:
            self._shelf.reach(run_id, change, step, self._clock.now())
            self._evidence.record(Sights(tuple(seen)))

    def settle(
        self,
        run_id: str,
        outcome: Outcome,
        seen: Iterable[Observation] = (),
        events: Iterable[ServerEvent] = (),
    ) -> None:
        self._arrive("settle", outcome.change.server.id)
        with self._lock:
            self._evidence.record(Sights(tuple(seen)))
            self._evidence.add(events)
            self.outcomes.append(outcome)
        attempt = replace(attempt_of(outcome), outcome_at=self._clock.now())
        self._shelf.settle(run_id, outcome.change, attempt)

    def finish_run(self, run_id: str) -> None:
        self._arrive("finish_run", run_id)
        self._shelf.finish(run_id, lambda run: replace(run, finished_at=self._clock.now()))

    def list_runs(self) -> Sequence[RunRecord]:
        self._arrive("list_runs", None)
        return self._shelf.list_runs(self._realm)

    def get_run(self, run_id: str) -> RunRecord:
        self._arrive("get_run", run_id)
        return self._shelf.get(self._realm, run_id)

    def resume_run(self, run_id: str) -> None:
        self._arrive("resume_run", run_id)
        self._shelf.resume(self._realm, run_id)

    def import_run(self, record: RunRecord) -> None:
        self._arrive("import_run", record.id)
        self._shelf.add(self._realm, record)

    def load_histories(self, server_ids: Sequence[str]) -> Mapping[str, History]:
        self._arrive("load_histories", tuple(server_ids))
        with self._lock:
            found = {server_id: self._evidence.history(server_id) for server_id in server_ids}
        return {server_id: history for server_id, history in found.items() if history}

    def record_sights(self, sights: Sights) -> None:
        self._arrive("record_sights", sights)
        with self._lock:
            self._evidence.record(sights)

    def add_events(self, events: Iterable[ServerEvent]) -> int:
        told = tuple(events)
        self._arrive("add_events", told)
        with self._lock:
            return self._evidence.add(told)

    def list_cut_off_restarts(self) -> Sequence[CutOffRestart]:
        self._arrive("list_cut_off_restarts", None)
        return self._shelf.list_cut_off(self._realm)

    def close(self) -> None:
        self.closed += 1
        self._shelf.end_all()

    def operations(self) -> list[str]:
        """Return the names of the calls, in order."""
        return [name for name, _ in self.calls]

    def _arrive(self, operation: str, about: object) -> None:
        with self._lock:
            self.calls.append((operation, about))
            if operation not in self._failures:
                return
            grace, error = self._failures[operation]
            if grace == 0:
                raise error
            self._failures[operation] = (grace - 1, error)
