"""A journal in memory that remembers the order in which it was used."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from tests.support.clock import ManualClock
from vpcmetactl import __version__
from vpcmetactl.domain.errors import NotFoundError, RefusedError, VpcmetactlError
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Change,
    Failed,
    NotAttempted,
    Outcome,
    Plan,
    Refused,
    Skip,
    SkipReason,
    Unknown,
)
from vpcmetactl.domain.restarts import Observation
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RunItem, RunRecord, RunState
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
        clock: Clock | None = None,
        realm: Realm = REALM,
        actor: str | None = None,
        shelf: "RunShelf | None" = None,
    ) -> None:
        self.calls: list[tuple[str, object]] = []
        self.outcomes: list[Outcome] = []
        self.observations: list[Observation] = []
        self.closed = 0
        self._clock = clock or ManualClock()
        self._realm = realm
        self._actor = actor
        self._shelf = shelf or RunShelf()
        self._failures: dict[str, tuple[int, VpcmetactlError]] = {}
        self._lock = threading.RLock()
        self._keep(observations)

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

    def settle(self, run_id: str, outcome: Outcome, seen: Iterable[Observation] = ()) -> None:
        self._arrive("settle", outcome.change.server.id)
        self._keep(seen)
        with self._lock:
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
        self._shelf.end_all()

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


class RunShelf:
    """The runs of every realm; journals that share one stand for processes on one state file."""

    def __init__(self) -> None:
        self._runs: dict[str, RunRecord] = {}
        self._lock = threading.RLock()

    def begin(self, record: RunRecord) -> str:
        with self._lock:
            run_id = f"run-{len(self._runs) + 1}"
            self._runs[run_id] = kept(replace(record, id=run_id))
            return run_id

    def intend(self, run_id: str, change: Change, attempt: Attempt) -> None:
        with self._lock:
            run = self._runs[run_id]
            assert run.state is RunState.RUNNING
            if attempts_of(run, change)[-1:] == () or not is_open(attempts_of(run, change)[-1]):
                self._make_way(run, change, attempt)
                self._append(run, change, attempt)

    def _make_way(self, run: RunRecord, change: Change, attempt: Attempt) -> None:
        for other in self.list_runs(realm_of(run)):
            last = attempts_of(other, change)[-1:]
            if other.id == run.id or not last or not is_open(last[0]):
                continue
            if other.state is RunState.RUNNING:
                raise RefusedError(
                    f"{change.server.kind.words} {change.server.label} is just being changed "
                    f"by run {other.id}"
                )
            abandoned = replace(
                last[0],
                outcome=AttemptOutcome.UNKNOWN,
                outcome_at=attempt.intent_at or attempt.outcome_at,
                error_code="abandoned",
                error_message="the run ended without saying what became of it; "
                f"run {run.id} went on",
            )
            self._append(other, change, abandoned, instead=True)

    def settle(self, run_id: str, change: Change, attempt: Attempt) -> None:
        with self._lock:
            run = self._runs[run_id]
            last = attempts_of(run, change)[-1:]
            if last and is_open(last[0]):
                closed = replace(attempt, intent_at=last[0].intent_at)
                self._append(run, change, closed, instead=True)
            elif attempt.outcome is not AttemptOutcome.NOT_ATTEMPTED:
                self._append(run, change, attempt)

    def _append(
        self, run: RunRecord, change: Change, attempt: Attempt, *, instead: bool = False
    ) -> None:
        def extended(one: RunItem) -> RunItem:
            if one.item.server.id != change.server.id:
                return one
            before = one.attempts[:-1] if instead else one.attempts
            return replace(one, attempts=(*before, attempt))

        items = tuple(extended(one) for one in run.items)
        self._runs[run.id] = replace(run, items=items)

    def finish(self, run_id: str, finished: Callable[[RunRecord], RunRecord]) -> None:
        with self._lock:
            self._runs[run_id] = replace(finished(self._runs[run_id]), state=RunState.FINISHED)

    def end_all(self) -> None:
        """Let go of what still goes on."""
        with self._lock:
            for run in self._runs.values():
                if run.state is RunState.RUNNING:
                    self._runs[run.id] = replace(run, state=RunState.INTERRUPTED)

    def list_runs(self, realm: Realm) -> Sequence[RunRecord]:
        with self._lock:
            ours = [run for run in self._runs.values() if realm_of(run) == realm]
        return sorted(ours, key=lambda run: (run.started_at, run.id), reverse=True)

    def get(self, realm: Realm, wanted: str) -> RunRecord:
        ours = self.list_runs(realm)
        found = [run for run in ours if wanted and run.id.startswith(wanted)]
        for run in found:
            if run.id == wanted or len(found) == 1:
                return run
        if found:
            several = ", ".join(run.id for run in found)
            raise NotFoundError(f"several runs begin with {wanted}: {several}")
        with self._lock:
            others = [run for run in self._runs.values() if wanted and run.id.startswith(wanted)]
        if others:
            raise _foreign(others[0], realm)
        latest = ", ".join(run.id for run in ours[:5])
        here = words(realm)
        hint = f"the latest runs are {latest}" if latest else f"there is no run yet of {here}"
        raise NotFoundError(f"there is no run {wanted!r}", hint=hint)

    def resume(self, realm: Realm, run_id: str) -> None:
        with self._lock:
            run = self.get(realm, run_id)
            assert run.id == run_id
            if run.state is RunState.RUNNING:
                raise RefusedError(f"run {run_id} still goes on")
            self._runs[run_id] = replace(run, state=RunState.RUNNING, finished_at=None)

    def add(self, realm: Realm, record: RunRecord) -> None:
        if realm_of(record) != realm:
            raise _foreign(record, realm)
        new = kept(replace(record, state=ended(record)))
        with self._lock:
            known = self._runs.get(record.id)
            if known is not None and replace(known, state=ended(known)) != new:
                raise RefusedError(f"run {record.id} is known already, and not the same")
            for one in new.items if known is None else ():
                if one.outcome is AttemptOutcome.OPEN and isinstance(one.item, Change):
                    self._make_way(new, one.item, one.attempts[-1])
            self._runs.setdefault(record.id, new)


def attempt_of(outcome: Outcome) -> Attempt:
    """Return what the record says of an outcome, without its time."""
    match outcome:
        case Applied(after=after):
            return Attempt(outcome=AttemptOutcome.APPLIED, found=after)
        case AlreadyDone():
            return Attempt(outcome=AttemptOutcome.ALREADY_DONE)
        case Refused(message=message, found=found):
            return Attempt(
                outcome=AttemptOutcome.REFUSED,
                found=found,
                error_code="refused",
                error_message=message,
            )
        case Failed(error=error):
            return _with_error(AttemptOutcome.FAILED, error)
        case Unknown(error=error):
            return _with_error(AttemptOutcome.UNKNOWN, error)
        case NotAttempted():
            return Attempt(outcome=AttemptOutcome.NOT_ATTEMPTED)


def _with_error(outcome: AttemptOutcome, error: VpcmetactlError) -> Attempt:
    return Attempt(
        outcome=outcome, error_code=error.code, error_message=str(error), error_trace=error.trace
    )


def _foreign(run: RunRecord, realm: Realm) -> RefusedError:
    return RefusedError(f"run {run.id} is of {words(realm_of(run))}; this is {words(realm)}")


def words(realm: Realm) -> str:
    return f"account {realm.account_id} at {realm.vpc_endpoint} (IAM {realm.iam_host})"


def realm_of(run: RunRecord) -> Realm:
    return Realm(run.iam_host, run.vpc_endpoint, run.account_id)


def ended(run: RunRecord) -> RunState:
    return RunState.INTERRUPTED if run.finished_at is None else RunState.FINISHED


def kept(run: RunRecord) -> RunRecord:
    """Return the run without servers that were already as asked."""
    items = [
        one
        for one in run.items
        if not (isinstance(one.item, Skip) and one.item.reason is SkipReason.ALREADY_SO)
    ]
    return replace(run, items=tuple(items))


def attempts_of(run: RunRecord, change: Change) -> tuple[Attempt, ...]:
    for one in run.items:
        if one.item.server.id == change.server.id:
            return one.attempts
    return ()


def is_open(attempt: Attempt) -> bool:
    return attempt.outcome is AttemptOutcome.OPEN
