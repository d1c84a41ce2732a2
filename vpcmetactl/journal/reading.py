"""The state file of commands that only read: they work without one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from vpcmetactl.domain.errors import NotFoundError, StateError
from vpcmetactl.domain.evidence import History, Sights
from vpcmetactl.domain.runs import CutOffRestart, RunRecord
from vpcmetactl.journal.database import Database
from vpcmetactl.journal.histories import load_histories
from vpcmetactl.journal.nothing import NoJournal
from vpcmetactl.journal.opening import open_read_only
from vpcmetactl.journal.realms import find_realm
from vpcmetactl.journal.records import StoredRuns
from vpcmetactl.journal.runlocks import RunLocks
from vpcmetactl.journal.state import open_journal
from vpcmetactl.usecases.ports import Clock, EvidenceLog, Realm


class OpenEvidenceLog(EvidenceLog, Protocol):
    """An ``EvidenceLog`` that is closed when the command ends."""

    def close(self) -> None:
        """Let go of the file, if there is one; does nothing the second time."""


class OpenRunReader(Protocol):
    """Runs that can be read, and nothing else; closed when the command ends."""

    def list_runs(self) -> Sequence[RunRecord]:
        """Return every run of the realm, newest first, with its items."""

    def get_run(self, run_id: str) -> RunRecord:
        """Return one run; raises NotFoundError, naming the latest runs, where there is none."""

    def close(self) -> None:
        """Let go of the file, if there is one; does nothing the second time."""


class ReadOnlyJournal:
    """What a realm has seen and done, from a state that may not be written; it keeps nothing."""

    def __init__(self, database: Database, realm: Realm) -> None:
        self._database = database
        self._realm = database.read(lambda connection: find_realm(connection, realm))
        self._locks = RunLocks(database.path)

    def list_runs(self) -> Sequence[RunRecord]:
        """Return every run of the realm, newest first, with its items."""
        if self._realm is None:
            return []
        return StoredRuns(self._database, self._realm, self._locks).list_runs()

    def get_run(self, run_id: str) -> RunRecord:
        """Return one run, as ``SqliteJournal`` does."""
        if self._realm is None:
            raise NotFoundError(f"there is no run {run_id!r}", hint="no run was made here yet")
        return StoredRuns(self._database, self._realm, self._locks).get_run(run_id)

    def load_histories(self, server_ids: Sequence[str]) -> Mapping[str, History]:
        """Return what is known of each server; those of which nothing is are absent."""
        realm = self._realm
        if realm is None:
            return {}
        return self._database.read(lambda it: load_histories(it, realm, server_ids))

    def record_sights(self, sights: Sights) -> None:
        """Keep nothing."""

    def list_cut_off_restarts(self) -> Sequence[CutOffRestart]:
        """Return the restarts that nobody brought to an end, as ``SqliteJournal`` does."""
        if self._realm is None:
            return ()
        return StoredRuns(self._database, self._realm, self._locks).list_cut_off_restarts()

    def close(self) -> None:
        """Close the file; does nothing the second time."""
        self._database.close()


def open_observations(
    path: Path, realm: Realm, clock: Clock
) -> tuple[OpenEvidenceLog, StateError | None]:
    """Open the state for a command that only reads; never raises StateError.

    Where ``open_journal`` would, its error is returned, to be shown as a warning, beside a log
    that still tells what can be read of the file and keeps nothing.
    """
    try:
        return open_journal(path, realm, clock), None
    except StateError as problem:
        return _open_readable(path, realm), problem


def _open_readable(path: Path, realm: Realm) -> OpenEvidenceLog:
    try:
        database = open_read_only(path)
    except StateError:
        return NoJournal()
    try:
        return ReadOnlyJournal(database, realm)
    except StateError:
        database.close()
        return NoJournal()


def open_runs(path: Path, realm: Realm, clock: Clock) -> tuple[OpenRunReader, StateError | None]:
    """Open the state for a command that only reads runs.

    Where ``open_journal`` would raise an error, it is returned, to be shown as a warning, beside
    what can be read of the file. Raises it where nothing can: that is not the same as no runs.
    """
    try:
        return open_journal(path, realm, clock), None
    except StateError as problem:
        try:
            return ReadOnlyJournal(open_read_only(path), realm), problem
        except StateError:
            raise problem from None
