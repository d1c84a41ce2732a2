"""The state file of commands that change something, as one realm sees it."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from vpcmetactl import __version__
from vpcmetactl.domain.errors import RefusedError
from vpcmetactl.domain.evidence import History, Observation, ServerEvent, Sights
from vpcmetactl.domain.plans import Change, Outcome, Plan
from vpcmetactl.domain.runs import CutOffRestart, RestartStep, RunRecord
from vpcmetactl.journal import events as recorded
from vpcmetactl.journal import observations, runs
from vpcmetactl.journal.database import Database
from vpcmetactl.journal.histories import load_histories
from vpcmetactl.journal.importing import import_run
from vpcmetactl.journal.opening import open_database
from vpcmetactl.journal.realms import enter_realm
from vpcmetactl.journal.records import StoredRuns, require_run
from vpcmetactl.journal.runlocks import RunLocks
from vpcmetactl.journal.times import to_text
from vpcmetactl.usecases.ports import Clock, Realm


class SqliteJournal:
    """The state of one realm; every method may be called from any thread.

    What a method has returned from is on the disk. Raises StateError where the file cannot be
    read or written; what was committed before stays as it was.
    """

    def __init__(
        self, database: Database, realm: Realm, clock: Clock, actor: str | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor
        self._running = RunLocks(database.path)
        self._realm = database.write(lambda connection: enter_realm(connection, realm))
        self._stored = StoredRuns(database, self._realm, self._running)

    def load_histories(self, server_ids: Sequence[str]) -> Mapping[str, History]:
        """Return what is known of each server; those of which nothing is are absent."""
        return self._database.read(lambda it: load_histories(it, self._realm, server_ids))

    def record_sights(self, sights: Sights) -> None:
        """Keep, in one transaction, when servers were seen, and each sight that differs."""
        self._database.write(lambda it: observations.record(it, self._realm, sights))

    def add_events(self, events: Iterable[ServerEvent]) -> int:
        """Keep events, in one transaction, and return how many of them are new.

        Of the events of one server and source that say that the service answered only the first
        and the last are kept. A million are best added some 100,000 at a time.
        """
        told = tuple(events)
        return self._database.write(lambda it: recorded.add(it, self._realm, told))

    def list_cut_off_restarts(self) -> Sequence[CutOffRestart]:
        """Return the restarts that nobody brought to an end, oldest first, as the port says."""
        return self._stored.list_cut_off_restarts()

    def begin_run(self, plan: Plan, rollback_of: str | None = None) -> str:
        """Write a run down with its plan, and return its id: sortable by time, fit to be typed.

        The run goes on until ``finish_run`` or ``close``, or the end of the process.
        """
        while (run_id := self._begin_run(plan, rollback_of)) is None:
            pass
        return run_id

    def _begin_run(self, plan: Plan, rollback_of: str | None) -> str | None:
        """Begin a run under a new id; return ``None`` where a run of the past bears it."""
        now = self._clock.now()
        run_id = self._running.start(now)
        start = runs.Start(run_id, to_text(now), self._actor, __version__, rollback_of)
        is_new = False
        try:
            is_new = self._database.write(lambda it: self._write_start(it, start, plan))
        finally:
            if not is_new:
                self._running.release(run_id)
        return run_id if is_new else None

    def _write_start(self, connection: sqlite3.Connection, start: runs.Start, plan: Plan) -> bool:
        for run_id in runs.list_unfinished(connection):
            self._running.sweep(run_id)  # what a killed process left lying
        return runs.begin(connection, self._realm, start, plan)

    def intend(self, run_id: str, change: Change) -> None:
        """Write down that this change is about to be made.

        Raises RefusedError where another run, which still goes on, has a change of the same
        subject of this server open. That of a run that was killed is closed as unknown.
        """
        attempt = self._attempt(run_id, change)
        self._database.write(lambda it: runs.intend(it, attempt, self._running.sweep))

    def reach(
        self, run_id: str, change: Change, step: RestartStep, seen: Iterable[Observation] = ()
    ) -> None:
        """Write down how far an intended restart has got, and what was ``seen`` of its server.

        Raises StateError where it is no longer open, because another run went on with it.
        """
        attempt, sights = self._attempt(run_id, change), Sights(tuple(seen))

        def write(connection: sqlite3.Connection) -> None:
            observations.record(connection, self._realm, sights)
            runs.reach(connection, attempt, step)

        self._database.write(write)

    def settle(
        self,
        run_id: str,
        outcome: Outcome,
        seen: Iterable[Observation] = (),
        events: Iterable[ServerEvent] = (),
    ) -> None:
        """Write down what became of a change; one that was intended, or one that never was.

        What was neither intended nor attempted needs no row: the plan tells it. What was ``seen``
        of the server, and what it proves, is kept in the same transaction.
        """
        attempt, sights = self._attempt(run_id, outcome.change), Sights(tuple(seen))
        told = tuple(events)

        def write(connection: sqlite3.Connection) -> None:
            observations.record(connection, self._realm, sights)
            recorded.add(connection, self._realm, told)
            runs.settle(connection, attempt, outcome)

        self._database.write(write)

    def _attempt(self, run_id: str, change: Change) -> runs.Attempt:
        now = to_text(self._clock.now())
        return runs.Attempt(self._realm, run_id, change.server, change.subject, now)

    def finish_run(self, run_id: str) -> None:
        """Write down that a run has ended, and let go of it."""
        now = to_text(self._clock.now())
        self._database.write(lambda it: runs.finish(it, run_id, now))
        self._running.release(run_id)

    def list_runs(self) -> Sequence[RunRecord]:
        """Return every run of the realm, newest first, with its items."""
        return self._stored.list_runs()

    def get_run(self, run_id: str) -> RunRecord:
        """Return one run, by its id or a beginning of it that no other run shares.

        Raises NotFoundError, naming the latest runs, where there is none, and RefusedError where
        it is of another realm.
        """
        return self._stored.get_run(run_id)

    def resume_run(self, run_id: str) -> None:
        """Take a run up again, by its whole id; it goes on as one that was just begun.

        Raises RefusedError where it still goes on, in this process or another, or is of another
        realm, and NotFoundError where there is none.
        """
        self._database.read(lambda it: self._require_resumable(it, run_id))
        try:
            self._database.write(lambda it: self._take_up(it, run_id))
        except RefusedError:
            raise
        except BaseException:
            self._running.release(run_id)
            raise

    def _require_resumable(self, connection: sqlite3.Connection, run_id: str) -> None:
        require_run(connection, self._realm, run_id)
        if self._running.is_held(run_id):
            raise _goes_on(run_id)

    def _take_up(self, connection: sqlite3.Connection, run_id: str) -> None:
        if not self._running.take(run_id):
            raise _goes_on(run_id)
        runs.reopen(connection, run_id)

    def import_run(self, record: RunRecord) -> None:
        """Add a run from elsewhere; one that is known already, and the same, changes nothing.

        Raises RefusedError where it is of another realm, differs from the one of its id, or has
        a change open of a server that a run which goes on is changing; InvalidInputError where
        it contradicts itself.
        """
        now = to_text(self._clock.now())
        self._database.write(
            lambda it: import_run(it, self._realm, record, now, self._running.sweep)
        )

    def close(self) -> None:
        """Close the file, and let go of every run; does nothing the second time."""
        self._database.close()
        self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _goes_on(run_id: str) -> RefusedError:
    return RefusedError(f"run {run_id} still goes on", hint="wait until its process has ended")


def open_journal(
    path: Path, realm: Realm, clock: Clock, *, actor: str | None = None
) -> SqliteJournal:
    """Open the state, to be closed by the caller; ``actor`` is the IAM id that runs are booked to.

    File and folder are made where they are missing, readable by the user alone. Raises StateError
    where the state cannot be written, is damaged (it is then set aside under the name that the
    error tells) or was made by a newer version.
    """
    database = open_database(path, clock)
    try:
        return SqliteJournal(database, realm, clock, actor)
    except BaseException:
        database.close()
        raise


def require_writable(path: Path, clock: Clock) -> None:
    """Raise what ``open_journal`` would, before it is known whose state it will be."""
    open_database(path, clock).close()
