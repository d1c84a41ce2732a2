"""Runs read back, each with its plan and everything that was attempted.

However many runs there are, each table is asked once; all of it is one moment of the file.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from vpcmetactl.domain.errors import NotFoundError, RefusedError
from vpcmetactl.domain.plans import Action, Skip
from vpcmetactl.domain.runs import Attempt, CutOffRestart, RunItem, RunRecord, RunState
from vpcmetactl.journal import cutoffs
from vpcmetactl.journal.database import Database, one_moment
from vpcmetactl.journal.decoding import (
    SENSELESS,
    Decoder,
    known,
    misread,
    patch_from_json,
)
from vpcmetactl.journal.failures import DamageError
from vpcmetactl.journal.realms import describe, load_realm
from vpcmetactl.journal.runlocks import RunLocks, is_run_id
from vpcmetactl.journal.runs import list_unfinished
from vpcmetactl.journal.times import from_text

_LATEST = 5

_RUNS = """
    SELECT r.id, m.account_id, m.vpc_endpoint, m.iam_host, r.started_at, r.finished_at, r.actor,
        r.action, r.patch, r.tool_version, r.rollback_of
    FROM runs r JOIN realms m ON m.id = r.realm
"""
_ITEMS = "SELECT run, position, server_id, server, change, skip FROM plan_items "
_OF_REALM = "WHERE run IN (SELECT id FROM runs WHERE realm = ?) "
_ATTEMPTS = """
    SELECT run, server_id, subject, intent_at, outcome_at, outcome, found, error_code,
        error_message, error_trace, step, link_id, reason
    FROM changes
"""


class StoredRuns:
    """The runs of one realm in a file that may be read; any thread may ask."""

    def __init__(self, database: Database, realm: int, locks: RunLocks) -> None:
        self._database = database
        self._realm = realm
        self._locks = locks

    def list_runs(self) -> Sequence[RunRecord]:
        """Return every run of the realm, newest first, with its items."""
        ended = self._list_ended()
        return self._database.read(lambda it: _list_all(it, self._realm, ended))

    def get_run(self, run_id: str) -> RunRecord:
        """Return one run, by its id or a beginning of it that no other run shares.

        Raises NotFoundError, naming the latest runs, where there is none, and RefusedError where
        it is of another realm.
        """
        ended = self._list_ended()
        return self._database.read(lambda it: _get_one(it, self._realm, run_id, ended))

    def list_cut_off_restarts(self) -> Sequence[CutOffRestart]:
        """Return the restarts that nobody brought to an end, as ``EvidenceLog`` does."""
        return cutoffs.list_cut_off_restarts(self._database, self._realm, self._locks)

    def _list_ended(self) -> Collection[str]:
        """Return the runs that ended without saying so.

        Asked for before the runs are read: a run that comes to its end in between is then seen
        as finished, not as interrupted.
        """
        return self._database.read(
            lambda it: [run for run in list_unfinished(it) if not self._locks.is_held(run)]
        )


def _list_all(
    connection: sqlite3.Connection, realm: int, ended: Collection[str]
) -> Sequence[RunRecord]:
    with one_moment(connection):
        runs = connection.execute(
            _RUNS + "WHERE r.realm = ? ORDER BY r.started_at DESC, r.id DESC", (realm,)
        )
        records = [_record(_RunRow(*row), ended) for row in runs]
        return _filled(
            records,
            connection.execute(_ATTEMPTS + "WHERE realm = ? ORDER BY id", (realm,)),
            connection.execute(_ITEMS + _OF_REALM + "ORDER BY run, position", (realm,)),
        )


def _get_one(
    connection: sqlite3.Connection, realm: int, wanted: str, ended: Collection[str]
) -> RunRecord:
    with one_moment(connection):
        return read_run(connection, find_run(connection, realm, wanted), ended)


def find_run(connection: sqlite3.Connection, realm: int, wanted: str) -> str:
    """Return the id of the run of this realm that ``wanted`` is the id, or the beginning, of.

    Raises NotFoundError where that is none or several, RefusedError where it is of another realm.
    """
    found = connection.execute(
        "SELECT id, realm FROM runs WHERE substr(id, 1, ?) = ? ORDER BY started_at DESC, id DESC",
        (len(wanted), wanted) if is_run_id(wanted) else (0, None),
    ).fetchall()
    ours = [run for run, its_realm in found if its_realm == realm]
    if len(ours) == 1 or wanted in ours:
        return wanted if wanted in ours else str(ours[0])
    if ours:
        raise NotFoundError(
            f"several runs begin with {wanted}: {', '.join(ours[:_LATEST])}",
            hint="give more of the id",
        )
    if found:
        raise _foreign(connection, realm, *found[0])
    raise _missing(connection, realm, wanted)


def require_run(connection: sqlite3.Connection, realm: int, run_id: str) -> None:
    """Raise what ``find_run`` does, unless this is the whole id of a run of this realm."""
    if find_run(connection, realm, run_id) != run_id:
        raise _missing(connection, realm, run_id)


def _foreign(connection: sqlite3.Connection, realm: int, run: str, its_realm: int) -> RefusedError:
    theirs, ours = load_realm(connection, its_realm), load_realm(connection, realm)
    return RefusedError(
        f"run {run} is of {describe(theirs)}; this is {describe(ours)}",
        hint="use the credentials and endpoints that the run was made with",
    )


def _missing(connection: sqlite3.Connection, realm: int, wanted: str) -> NotFoundError:
    latest = connection.execute(
        "SELECT id FROM runs WHERE realm = ? ORDER BY started_at DESC, id DESC LIMIT ?",
        (realm, _LATEST),
    ).fetchall()
    names = ", ".join(run for (run,) in latest)
    where = describe(load_realm(connection, realm))
    hint = f"the latest runs are {names}" if names else f"there is no run yet of {where}"
    return NotFoundError(f"there is no run {wanted!r}", hint=hint)


def read_run(connection: sqlite3.Connection, run_id: str, ended: Collection[str] = ()) -> RunRecord:
    """Return one run that is there; ``ended`` are those that ended without saying so."""
    runs = connection.execute(_RUNS + "WHERE r.id = ?", (run_id,))
    records = [_record(_RunRow(*row), ended) for row in runs]
    if not records:
        raise DamageError(f"run {run_id}: an index knows it, the table does not")
    (record,) = _filled(
        records,
        connection.execute(_ATTEMPTS + "WHERE run = ? ORDER BY id", (run_id,)),
        connection.execute(_ITEMS + "WHERE run = ? ORDER BY position", (run_id,)),
    )
    return record


class _RunRow(NamedTuple):
    id: str
    account_id: str
    vpc_endpoint: str
    iam_host: str
    started_at: str
    finished_at: str | None
    actor: str | None
    action: str
    patch: str
    tool_version: str
    rollback_of: str | None


def _record(row: _RunRow, ended: Collection[str]) -> RunRecord:
    """Return a run without its items."""
    if not is_run_id(row.id):
        raise DamageError(f"{row.id!r} is no id of a run")
    try:
        return RunRecord(
            id=row.id,
            account_id=row.account_id,
            vpc_endpoint=row.vpc_endpoint,
            iam_host=row.iam_host,
            state=_state(row, ended),
            started_at=from_text(row.started_at),
            finished_at=None if row.finished_at is None else from_text(row.finished_at),
            actor=row.actor,
            action=known(Action, row.action),
            patch=patch_from_json(row.patch),
            tool_version=row.tool_version,
            items=(),
            rollback_of=row.rollback_of,
        )
    except SENSELESS as error:
        raise misread(f"run {row.id}", error) from error


def _state(row: _RunRow, ended: Collection[str]) -> RunState:
    if row.finished_at is not None:
        return RunState.FINISHED
    return RunState.INTERRUPTED if row.id in ended else RunState.RUNNING


_Rows = Iterable[tuple[Any, ...]]


def _filled(records: Sequence[RunRecord], attempts: _Rows, items: _Rows) -> Sequence[RunRecord]:
    """Return the runs with their items, each with its attempts in the order of theirs."""
    decoder = Decoder()
    attempted = _attempts(decoder, attempts)
    found: dict[str, list[RunItem]] = {record.id: [] for record in records}
    for run, position, server_id, server, change, skip in items:
        try:
            item = decoder.item(server, change, skip)
        except SENSELESS as error:
            raise misread(f"run {run}, item {position}", error) from error
        if run not in found:
            raise DamageError(f"run {run}, item {position}: there is no such run")
        if isinstance(item, Skip):
            found[run].append(RunItem(item))
        else:
            of_item = attempted.pop((run, server_id, item.subject), ())
            found[run].append(RunItem(item, tuple(of_item)))
    for run, server_id, _ in attempted:
        raise DamageError(f"run {run}: it changed server {server_id}, which its plan does not name")
    return [replace(record, items=tuple(found[record.id])) for record in records]


def _attempts(decoder: Decoder, rows: _Rows) -> dict[tuple[str, str, str], list[Attempt]]:
    """Return the attempts of each run, server and subject."""
    found: dict[tuple[str, str, str], list[Attempt]] = {}
    for run, server_id, subject, *columns in rows:
        try:
            attempt = decoder.attempt(columns)
        except SENSELESS as error:
            raise misread(f"run {run}, server {server_id}", error) from error
        found.setdefault((run, server_id, subject), []).append(attempt)
    return found
