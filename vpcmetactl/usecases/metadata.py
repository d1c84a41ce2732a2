"""Applying a plan of changes to the metadata service: read, compare, patch, read back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from vpcmetactl.domain.applying import DEFAULTS, ApplyOptions, waves
from vpcmetactl.domain.errors import (
    CloudError,
    NotFoundError,
    PreconditionFailedError,
    RefusedError,
    StateError,
    UnavailableError,
    UnrecordedError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Change,
    Failed,
    NotAttempted,
    Outcome,
    Plan,
    Refused,
    Unknown,
)
from vpcmetactl.domain.restarts import Observation, RestartRule, assess_restart
from vpcmetactl.domain.runs import RunRecord
from vpcmetactl.domain.servers import MetadataService, Server, ServerIdentity, ServerKind
from vpcmetactl.usecases.bulk import Step, Task, run_tasks
from vpcmetactl.usecases.ports import Clock, Journal, MetadataWriter, Observer

StopRequested = Callable[[], bool]

_SOAK_STEP = 0.2


@dataclass(slots=True, kw_only=True)
class MetadataApplier:
    """Makes the changes of a plan, each at most once, and says what became of every one.

    Changes are made in waves, as ``options`` say. Nothing more is started once more of them have
    failed than may, or ``stop_requested`` says so; what is under way is finished, even where the
    iterator is closed early. Each change is committed to the journal before it is sent.

    Where the journal cannot be written nothing more is sent. What was sent is told as ever, then
    UnrecordedError is raised, or the StateError itself where nothing was sent.
    """

    writer: MetadataWriter
    journal: Journal
    observer: Observer
    clock: Clock
    options: ApplyOptions = DEFAULTS
    rule: RestartRule = RestartRule.FAQ
    stop_requested: StopRequested = lambda: False
    run_id: str | None = None
    _may_fail: int = 0
    _failures: int = 0
    _stopped: bool = False
    _is_cut_off: bool = False
    _sent: bool = False
    _error: Exception | None = None
    _sent_before: frozenset[ServerIdentity] = frozenset()
    _history: Mapping[str, Sequence[Observation]] = field(default_factory=dict)
    # What was seen of servers whose outcome is not written down yet.
    _unwritten: dict[str, Sequence[Observation]] = field(default_factory=dict)
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
        yield from self._run(self.run_id, plan.changes)

    def resume(self, run: RunRecord) -> Iterator[Outcome]:
        """Go on with a run: what is settled is left alone, and the rest is made as planned.

        A change whose attempt was cut off is settled by reading the server first, like any other.
        Raises RefusedError where the run still goes on.
        """
        self.journal.resume_run(run.id)
        self.run_id = run.id
        self._sent_before = frozenset(run.unsettled_servers)
        self._may_fail = self.options.max_failures.allowed(len(run.changes))
        yield from self._run(run.id, run.open_changes)

    def _run(self, run_id: str, changes: Sequence[Change]) -> Iterator[Outcome]:
        self._load_history(changes)
        for number, wave in enumerate(waves(changes, self.options.canary)):
            if number:
                self._soak()
            yield from self._make(run_id, wave)
        self._finish(run_id)

    def _load_history(self, changes: Sequence[Change]) -> None:
        """Ask once for what every server was seen to be: a read waits for each commit under way."""
        try:
            self._history = self.journal.load_observations([one.server.id for one in changes])
        except StateError as error:
            self._give_up(error)

    def _soak(self) -> None:
        """Wait between waves, in steps short enough to notice that a stop is wanted."""
        until = self.clock.monotonic() + self.options.soak
        while not (self._stopped or self.stop_requested()):
            left = until - self.clock.monotonic()
            if left <= 0:
                return
            self.clock.wait(min(left, _SOAK_STEP))

    def _make(self, run_id: str, changes: Sequence[Change]) -> Iterator[Outcome]:
        tasks: Sequence[Task[Outcome]] = [partial(self._task, run_id, change) for change in changes]
        outcomes = run_tasks(tasks, self.options.max_workers)
        try:
            for outcome in outcomes:  # noqa: UP028 - closing this must not close that
                yield outcome
        except GeneratorExit:
            self._stopped = True
            for _ in outcomes:
                pass  # nobody listens any more; what is under way is finished
            raise

    def _task(self, run_id: str, change: Change) -> Step[Outcome]:
        if self._stopped or self.stop_requested():
            self._is_cut_off = True
            return Step([NotAttempted(change)])
        try:
            outcome = self._attempt(run_id, change)
        except Exception as error:  # noqa: BLE001 - raised once nothing is under way any more
            self._give_up(error)
            return Step()
        if isinstance(outcome, Failed | Unknown):
            self._count_failure()
        self.observer.settled(change.server, outcome)
        return Step([outcome])

    def _count_failure(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures > self._may_fail:
                self._stopped = True

    def _give_up(self, error: Exception) -> None:
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

    def _attempt(self, run_id: str, change: Change) -> Outcome:
        # No If-Match tells the API that a bare metal server changed since it was read: other runs
        # are kept off it from before the read.
        is_exposed = change.server.kind is ServerKind.BARE_METAL_SERVER
        if is_exposed and (refused := self._intend(run_id, change)):
            return refused
        found = self._find(change)
        if not isinstance(found, Server):
            return self._settle(run_id, found)
        if not is_exposed and (refused := self._intend(run_id, change)):
            return refused
        return self._settle(run_id, self._send(change, found))

    def _find(self, change: Change) -> Server | Outcome:
        """Read the server, as the plan found it; an outcome tells why nothing is to be sent."""
        try:
            found = self._read(change)
        except NotFoundError:
            return Refused(change, "is no longer there")
        except VpcmetactlError as error:
            return Failed(change, error)
        if _shows(found.metadata, change, "after"):
            return self._already(change, found)
        if not _shows(found.metadata, change, "before"):
            return Refused(change, "is no longer as it was planned from", found.metadata)
        return found

    def _already(self, change: Change, found: Server) -> Outcome:
        """Whose change it is: this run's, where its attempt was cut off, or somebody else's."""
        if change.server in self._sent_before:
            return self._applied(change, [found])
        return AlreadyDone(change)

    def _intend(self, run_id: str, change: Change) -> Outcome | None:
        """Write down that a change is about to be made; an outcome tells why it must not be."""
        try:
            self.journal.intend(run_id, change)
        except RefusedError as error:
            return Refused(change, str(error))
        except StateError as error:
            self._give_up(error)
            return NotAttempted(change)
        return None

    def _send(self, change: Change, found: Server) -> Outcome:
        self._sent = True
        try:
            self.writer.update_metadata(found, change.patch)
        except PreconditionFailedError:
            return self._overtaken(change)
        except UnavailableError as error:
            return self._learn(change, found, error) if error.maybe_done else Failed(change, error)
        except NotFoundError:
            return Refused(change, "is no longer there")
        except VpcmetactlError as error:
            return Failed(change, error)
        except Exception as error:  # noqa: BLE001 - raised once what is known has been told
            self._give_up(error)
            return self._learn(change, found, UnavailableError("ended unexpectedly"))
        return self._verify(change, found)

    def _overtaken(self, change: Change) -> Outcome:
        """Find out what came first: perhaps this change, sent by another run or before a kill."""
        with suppress(VpcmetactlError):
            server = self._read(change)
            if _shows(server.metadata, change, "after"):
                return self._already(change, server)
        return Refused(change, "changed while it was about to be patched")

    def _verify(self, change: Change, found: Server) -> Outcome:
        try:
            server = self._read(change)
        except VpcmetactlError as error:
            return Unknown(change, error)
        if _shows(server.metadata, change, "after"):
            return self._applied(change, [found, server])
        return Failed(
            change,
            CloudError(
                f"{change.server.label}: the API accepted the change, and does not show it",
                hint="read the server again: another change may have come in between",
                region=change.server.region,
            ),
        )

    def _learn(self, change: Change, found: Server, error: UnavailableError) -> Outcome:
        """Find out by reading whether a change took effect whose answer was lost."""
        try:
            server = self._read(change)
        except VpcmetactlError:
            return Unknown(change, error)
        if _shows(server.metadata, change, "after"):
            return self._applied(change, [found, server])
        return Failed(
            change,
            UnavailableError(
                f"{error}; read again, the server does not show the change",
                hint="run the command again",
                trace=error.trace,
                region=error.region,
                status=error.status,
            ),
        )

    def _read(self, change: Change) -> Server:
        server = change.server
        return self.writer.get_server(server.region, server.kind, server.id)

    def _settle(self, run_id: str, outcome: Outcome) -> Outcome:
        try:
            self.journal.settle(run_id, outcome, self._unwritten.pop(outcome.change.server.id, ()))
        except StateError as error:
            self._give_up(error)
        return outcome

    def _applied(self, change: Change, seen: Sequence[Server]) -> Applied:
        """What the server was like before and after is the evidence for its restart verdict."""
        now, server = self.clock.now(), seen[-1]
        sights = [Observation(one.id, now, one.metadata.enabled, one.status) for one in seen]
        self._unwritten[change.server.id] = sights
        history = [*self._history.get(server.id, ()), *sights]
        return Applied(change, server.metadata, assess_restart(server, history, self.rule))


def _shows(found: MetadataService, change: Change, side: str) -> bool:
    return all(getattr(found, field.field) == getattr(field, side) for field in change.fields)
