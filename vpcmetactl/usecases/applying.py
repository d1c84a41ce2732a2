"""Applying a plan: in waves, within a budget of failures, each change written down beforehand.

How one change is made is its executor's business.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Any, Protocol, TypeVar

from vpcmetactl.domain.applying import DEFAULTS, ApplyOptions, waves
from vpcmetactl.domain.errors import (
    RefusedError,
    StartFailedError,
    StateError,
    StopFailedError,
    UnrecordedError,
)
from vpcmetactl.domain.evidence import NOTHING_KNOWN, History, Observation, ServerEvent
from vpcmetactl.domain.plans import (
    Change,
    Failed,
    NotAttempted,
    Outcome,
    Plan,
    Refused,
    RestartChange,
    Unknown,
)
from vpcmetactl.domain.runs import Attempt, RestartStep, RunRecord
from vpcmetactl.domain.servers import Server, ServerIdentity
from vpcmetactl.usecases.bulk import Step, Task, run_tasks
from vpcmetactl.usecases.ports import Clock, Journal, Observer

StopRequested = Callable[[], bool]

_SOAK_STEP = 0.2
# As many servers that were left down are started at a time.
_RESCUERS = 8

C_contra = TypeVar("C_contra", bound=Change, contravariant=True)


class Executor(Protocol[C_contra]):
    """Makes one kind of change."""

    def execute(self, change: C_contra, record: "Record") -> Outcome:
        """Make the change, and say what became of it.

        Writes its intent down with ``record`` before it sends anything. Raises nothing that was
        to be expected. Where ``record.is_rescue`` it only brings an earlier attempt to its end;
        NotAttempted says that there is none to be.
        """


class Record:
    """What an executor writes down about one change, and what it may know of its past.

    ``earlier`` is the attempt that was cut off where a run is resumed; ``history`` what is known
    of the server. ``is_rescue`` says that the server may be down, and is to be started before
    anything else is done.
    """

    def __init__(
        self,
        applier: "Applier",
        run_id: str,
        change: Change,
        earlier: Attempt | None,
        *,
        is_rescue: bool = False,
    ) -> None:
        self._applier = applier
        self.run_id = run_id
        self._change = change
        self._seen: list[Observation] = []
        self.earlier = earlier
        self.is_rescue = is_rescue
        self.history = applier.history_of(change.server.id)
        self.events: list[ServerEvent] = []

    def intend(self) -> Outcome | None:
        """Write down that the change is about to be made; an outcome tells why it must not be."""
        applier = self._applier
        try:
            applier.journal.intend(self.run_id, self._change)
        except RefusedError as error:
            if self.earlier is not None and self.earlier.step is not None:
                return Failed(self._change, error)  # not settled: the server may be down
            return Refused(self._change, str(error))
        except StateError as error:
            applier.give_up(error)
            return NotAttempted(self._change)
        return None

    def learn(self) -> bool:
        """Take in what others wrote down of the server since the run began: it may be hours ago.

        Returns whether that could be read; where it could not, the run starts nothing more.
        """
        server_id = self._change.server.id
        try:
            known = self._applier.journal.load_histories([server_id])
        except StateError as error:
            self._applier.give_up(error)
            return False
        self.history = known.get(server_id, NOTHING_KNOWN)
        return True

    def sending(self) -> None:
        """Say that something is about to be sent."""
        self._applier.has_sent()

    def reach(self, step: RestartStep) -> bool:
        """Write down how far a restart has got; return whether that could be done.

        Where it could not, the run starts nothing more.
        """
        try:
            self._applier.journal.reach(self.run_id, self._change, step, self._take_seen())
        except StateError as error:
            self._applier.give_up(error)
            return False
        return True

    def see(self, *servers: Server) -> None:
        """Remember sights of the server; they are kept with what is written down next."""
        now = self._applier.clock.now()
        for one in servers:
            sights = self.history.sights
            until = self.history.seen_until or (sights[-1].observed_at if sights else None)
            seen = Observation(one.id, now, one.metadata.enabled, one.status, until)
            self._seen.append(seen)
            self.history = History([*sights, seen], self.history.events)

    def prove(self, event: ServerEvent) -> None:
        """Remember what the change itself is evidence of; it is kept with the outcome."""
        self.events.append(event)
        self.history = replace(self.history, events=[*self.history.events, event])

    def settle(self, outcome: Outcome) -> None:
        """Write down what became of the change."""
        if self.earlier is not None and isinstance(outcome, NotAttempted):
            return  # what an earlier attempt left stays to be seen to
        try:
            self._applier.journal.settle(self.run_id, outcome, self._take_seen(), self.events)
        except StateError as error:
            self._applier.give_up(error)

    def give_up(self, error: Exception) -> None:
        """Let the run start nothing more, and end with this error."""
        self._applier.give_up(error)

    def _take_seen(self) -> Iterable[Observation]:
        seen, self._seen = self._seen, []
        return seen


@dataclass(slots=True, kw_only=True)
class Applier:
    """Makes the changes of a plan, each at most once, and says what became of every one.

    Changes are made in waves, as ``options`` say. Nothing more is started once more of them have
    failed than may, a server was stopped and does not start, or ``stop_requested`` says so; what
    is under way is finished, even where the iterator is closed early. Once a server did not stop
    in time, and so may go down at any, no other of its ``one_per`` is restarted.

    Where the journal cannot be written nothing more is sent. What was sent is told as ever, then
    UnrecordedError is raised, or the StateError itself where nothing was sent.
    """

    executor: Executor[Any]
    journal: Journal
    observer: Observer
    clock: Clock
    options: ApplyOptions = DEFAULTS
    stop_requested: StopRequested = lambda: False
    run_id: str | None = None
    _may_fail: int = 0
    _failures: int = 0
    _stopped: bool = False
    _is_cut_off: bool = False
    _sent: bool = False
    _error: Exception | None = None
    _earlier: Mapping[tuple[ServerIdentity, str], Attempt] = field(default_factory=dict)
    _history: Mapping[str, History] = field(default_factory=dict)
    _rescued: set[Change] = field(default_factory=set)
    _may_go_down: set[str | None] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def apply(self, plan: Plan, rollback_of: str | None = None) -> Iterator[Outcome]:
        """Yield the outcome of every change, in order of completion.

        Raises RefusedError, before anything is written down, for a plan of a size that the options
        do not allow.
        """
        self.options.guard(plan)
        if not plan.changes:
            return
        self.run_id = self.journal.begin_run(plan, rollback_of)
        self._may_fail = self.options.max_failures.allowed(len(plan.changes))
        self._load_history(plan.changes)
        yield from self._run(self.run_id, plan.changes)

    def resume(self, run: RunRecord) -> Iterator[Outcome]:
        """Go on with a run: what is settled is left alone, and the rest is made as planned.

        A change whose attempt was cut off is settled by looking first, like any other. Servers
        that were stopped are started first of all, whatever fails, before any other is stopped.
        Raises RefusedError where the run still goes on.
        """
        self.journal.resume_run(run.id)
        self.run_id = run.id
        self._earlier = run.unsettled_attempts
        self._may_fail = self.options.max_failures.allowed(len(run.changes))
        changes = run.open_changes
        self._load_history(changes)
        yield from self._make(run.id, [one for one in changes if self._may_be_down(one)], must=True)
        yield from self._run(run.id, [one for one in changes if one not in self._rescued])

    def _may_be_down(self, change: Change) -> bool:
        attempt = self._earlier.get((change.server, change.subject))
        return attempt is not None and attempt.step not in (None, RestartStep.RUNNING)

    def _run(self, run_id: str, changes: Sequence[Change]) -> Iterator[Outcome]:
        for number, wave in enumerate(waves(changes, self.options.canary)):
            if number:
                self._soak()
            yield from self._make(run_id, wave)
        self._finish(run_id)

    def _load_history(self, changes: Sequence[Change]) -> None:
        """Ask once for what is known of every server: a read waits for each commit under way."""
        try:
            self._history = self.journal.load_histories([one.server.id for one in changes])
        except StateError as error:
            self.give_up(error)

    def history_of(self, server_id: str) -> History:
        """Return what was known of a server when the run began."""
        return self._history.get(server_id, NOTHING_KNOWN)

    def _soak(self) -> None:
        """Wait between waves, in steps short enough to notice that a stop is wanted."""
        until = self.clock.monotonic() + self.options.soak
        while not (self._stopped or self.stop_requested()):
            left = until - self.clock.monotonic()
            if left <= 0:
                return
            self.clock.wait(min(left, _SOAK_STEP))

    def _make(
        self, run_id: str, changes: Sequence[Change], *, must: bool = False
    ) -> Iterator[Outcome]:
        """Make changes at the same time; servers that ``must`` be started are, whatever fails."""
        workers = max(self.options.max_workers, _RESCUERS if must else 1)
        outcomes = run_tasks(self._tasks(run_id, changes, must=must), workers)
        try:
            for outcome in outcomes:  # noqa: UP028 - closing this must not close that
                yield outcome
        except GeneratorExit:
            self._stopped = True
            for _ in outcomes:
                pass  # nobody listens any more; what is under way is finished
            raise

    def _tasks(
        self, run_id: str, changes: Sequence[Change], *, must: bool
    ) -> Sequence[Task[Outcome]]:
        """Return a task for each change; those that exclude each other follow one another."""
        groups: dict[object, list[Change]] = {}
        for number, change in enumerate(changes):
            one_per = change.one_per if isinstance(change, RestartChange) and not must else None
            groups.setdefault(number if one_per is None else one_per, []).append(change)
        return [partial(self._task, run_id, tuple(group), must) for group in groups.values()]

    def _task(self, run_id: str, changes: Sequence[Change], must: bool) -> Step[Outcome]:  # noqa: FBT001
        change, *others = changes
        then = [partial(self._task, run_id, others, must)] if others else []
        if not must and self._is_held_back(change):
            self._is_cut_off = True
            return Step([NotAttempted(change)], then)
        try:
            outcome = self._attempt(run_id, change, is_rescue=must)
        except Exception as error:  # noqa: BLE001 - raised once nothing is under way any more
            self.give_up(error)
            return Step((), then)
        if must and isinstance(outcome, NotAttempted):
            return Step((), then)  # it runs, and has its turn with the others
        if isinstance(outcome, Failed | Unknown):
            self._count_failure(outcome)
        if must:
            self._rescued.add(change)
        self.observer.settled(change.server, outcome)
        return Step([outcome], then)

    def _is_held_back(self, change: Change) -> bool:
        if self._stopped or self.stop_requested():
            return True
        one_per = change.one_per if isinstance(change, RestartChange) else None
        return one_per is not None and one_per in self._may_go_down

    def _attempt(self, run_id: str, change: Change, *, is_rescue: bool) -> Outcome:
        earlier = self._earlier.get((change.server, change.subject))
        record = Record(self, run_id, change, earlier, is_rescue=is_rescue)
        outcome = self.executor.execute(change, record)
        record.settle(outcome)
        return outcome

    def _count_failure(self, outcome: Failed | Unknown) -> None:
        change, error = outcome.change, outcome.error
        may_go_down = isinstance(outcome, Unknown) or isinstance(error, StopFailedError)
        with self._lock:
            self._failures += 1
            if self._failures > self._may_fail or isinstance(error, StartFailedError):
                self._stopped = True
            if may_go_down and isinstance(change, RestartChange):
                self._may_go_down.add(change.one_per)

    def has_sent(self) -> None:
        """Note that something is sent from now on."""
        self._sent = True

    def give_up(self, error: Exception) -> None:
        """Start nothing more, and raise this error once nothing is under way."""
        self._stopped = True
        self._error = self._error or error

    def _finish(self, run_id: str) -> None:
        # A run that leaves changes unattempted has not finished: it can be resumed.
        if self._error is None and not self._is_cut_off:
            try:
                self.journal.finish_run(run_id)
            except StateError as error:
                self._error = error
        if isinstance(self._error, StateError) and self._sent:
            raise UnrecordedError(
                f"changes were sent, and not all that became of them is written down: "
                f"{self._error}",
                hint="look at the servers and see to the state file, then go on with: "
                f"vpcmetactl runs resume {run_id}",
            ) from self._error
        if self._error is not None:
            raise self._error
