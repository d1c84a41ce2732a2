"""What journals in memory share: runs, and what is known of servers, of every realm."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from tests.support.evidence import EvidenceShelf
from vpcmetactl.domain.errors import NotFoundError, RefusedError, StateError, VpcmetactlError
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Change,
    Failed,
    NotAttempted,
    Outcome,
    PlanItem,
    Refused,
    RestartChange,
    Skip,
    SkipReason,
    Unknown,
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
from vpcmetactl.domain.servers import ServerIdentity
from vpcmetactl.usecases.ports import Realm


class RunShelf:
    """All that is kept of every realm; journals that share one stand for processes on one file."""

    def __init__(self) -> None:
        self._runs: dict[str, RunRecord] = {}
        self._evidence: dict[Realm, EvidenceShelf] = {}
        self._reached_at: dict[tuple[str, str], datetime] = {}
        self._lock = threading.RLock()

    def evidence_of(self, realm: Realm) -> EvidenceShelf:
        with self._lock:
            return self._evidence.setdefault(realm, EvidenceShelf())

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

    def reach(self, run_id: str, change: Change, step: RestartStep, now: datetime) -> None:
        with self._lock:
            run = self._runs[run_id]
            last = attempts_of(run, change)[-1:]
            if not last or not is_open(last[0]):
                raise StateError(
                    f"the restart of {change.server.kind.words} {change.server.label} is no "
                    f"longer open in run {run_id}: another run went on with it"
                )
            self._append(run, change, replace(last[0], step=step), instead=True)
            self._reached_at[run_id, change.server.id] = now

    def list_cut_off(self, realm: Realm) -> Sequence[CutOffRestart]:
        with self._lock:
            runs = self.list_runs(realm)[::-1]
            attempts = [
                (attempt.intent_at or attempt.outcome_at, run, one.item.server, attempt)
                for run in runs
                for one in run.items
                if isinstance(one.item, RestartChange)
                for attempt in one.attempts
            ]
            attempts.sort(key=lambda it: (it[0], it[1].id))
            last: dict[str, tuple[RunRecord, ServerIdentity, Attempt]] = {}
            for _, run, server, attempt in attempts:
                is_own = server.id in last and last[server.id][0].id == run.id
                is_end = attempt.outcome in _AT_ITS_END or (
                    is_own and attempt.outcome is AttemptOutcome.REFUSED
                )
                if attempt.step or is_end:
                    last[server.id] = (run, server, attempt)
            return [
                CutOffRestart(run.id, server, attempt.step)
                for run, server, attempt in last.values()
                if attempt.step not in (None, RestartStep.RUNNING)
                and attempt.outcome in _NOT_AT_ITS_END
                and not attempt.was_refused_its_stop
                and run.state is not RunState.RUNNING
                and not self._ran_since(run, server, attempt)
            ]

    def _ran_since(self, run: RunRecord, server: ServerIdentity, attempt: Attempt) -> bool:
        reached_at = self._reached_at.get((run.id, server.id), attempt.intent_at)
        until = attempt.outcome_at or reached_at
        assert until is not None
        return self.evidence_of(realm_of(run)).ran_after(server.id, until)

    def settle(self, run_id: str, change: Change, attempt: Attempt) -> None:
        with self._lock:
            run = self._runs[run_id]
            last = attempts_of(run, change)[-1:]
            if last and is_open(last[0]):
                closed = replace(attempt, intent_at=last[0].intent_at, step=last[0].step)
                self._append(run, change, closed, instead=True)
            elif attempt.outcome is not AttemptOutcome.NOT_ATTEMPTED:
                self._append(run, change, attempt)

    def _append(
        self, run: RunRecord, change: Change, attempt: Attempt, *, instead: bool = False
    ) -> None:
        def extended(one: RunItem) -> RunItem:
            if not _is_of(one.item, change):
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
        case Applied(after=after, link_id=link_id):
            return Attempt(outcome=AttemptOutcome.APPLIED, found=after, link_id=link_id)
        case AlreadyDone(reason=reason):
            other = None if reason is SkipReason.ALREADY_SO else reason
            return Attempt(outcome=AttemptOutcome.ALREADY_DONE, reason=other)
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
        if _is_of(one.item, change):
            return one.attempts
    return ()


def _is_of(item: PlanItem, change: Change) -> bool:
    """Whether an item of some plan is about the same as this change."""
    if isinstance(item, Skip):
        return False
    return (item.server.id, item.subject) == (change.server.id, change.subject)


_AT_ITS_END = (AttemptOutcome.APPLIED, AttemptOutcome.ALREADY_DONE)
_NOT_AT_ITS_END = (AttemptOutcome.OPEN, AttemptOutcome.FAILED, AttemptOutcome.UNKNOWN)


def is_open(attempt: Attempt) -> bool:
    return attempt.outcome is AttemptOutcome.OPEN
