"""Runs that come from elsewhere: a runner that keeps no state, another machine."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace

from vpcmetactl.domain.errors import InvalidInputError, RefusedError
from vpcmetactl.domain.plans import Plan, Skip, SkipReason
from vpcmetactl.domain.runs import AttemptOutcome, RunItem, RunRecord, RunState
from vpcmetactl.journal import runs
from vpcmetactl.journal.encoding import attempt_columns
from vpcmetactl.journal.realms import describe, load_realm
from vpcmetactl.journal.records import read_run, require_run
from vpcmetactl.journal.runlocks import is_run_id
from vpcmetactl.journal.times import to_text
from vpcmetactl.usecases.ports import Realm


def import_run(
    connection: sqlite3.Connection,
    realm: int,
    record: RunRecord,
    now: str,
    is_held: Callable[[str], bool],
) -> None:
    """Add a run; one that is there already, and the same, changes nothing.

    Whether it is the same does not depend on its state, which tells of a process elsewhere. An
    intent that it left open is open here, too: what ``runs.intend`` says of others holds for it.
    Raises RefusedError where it is of another realm or differs from the one of its id, and
    InvalidInputError where it contradicts itself.
    """
    if not is_run_id(record.id):
        raise InvalidInputError(f"{record.id!r} is no id of a run")
    _require_realm(connection, realm, record)
    kept = _kept(record)
    known = connection.execute("SELECT 1 FROM runs WHERE id = ?", (record.id,)).fetchone()
    if known is None:
        _add(connection, realm, kept, now, is_held)
        return
    require_run(connection, realm, record.id)
    if _kept(read_run(connection, record.id)) != kept:
        raise RefusedError(
            f"run {record.id} is known already, and not the same",
            hint=f"compare it with: vpcmetactl runs export {record.id} --out FILE",
        )


def _require_realm(connection: sqlite3.Connection, realm: int, record: RunRecord) -> None:
    theirs = Realm(record.iam_host, record.vpc_endpoint, record.account_id)
    ours = load_realm(connection, realm)
    if theirs != ours:
        raise RefusedError(
            f"run {record.id} is of {describe(theirs)}; this is {describe(ours)}",
            hint="use the credentials and endpoints that the run was made with",
        )


def _kept(record: RunRecord) -> RunRecord:
    """Return what the state keeps of a run: neither its process, nor what was already so."""
    items = tuple(it for it in record.items if not _was_already_so(it))
    return replace(record, state=RunState.INTERRUPTED, items=items)


def _was_already_so(run_item: RunItem) -> bool:
    return isinstance(run_item.item, Skip) and run_item.item.reason is SkipReason.ALREADY_SO


def _add(
    connection: sqlite3.Connection,
    realm: int,
    record: RunRecord,
    now: str,
    is_held: Callable[[str], bool],
) -> None:
    try:
        _insert(connection, realm, record, now, is_held)
    except (sqlite3.IntegrityError, UnicodeEncodeError) as error:
        raise InvalidInputError(f"run {record.id} contradicts itself: {error}") from error
    if _kept(read_run(connection, record.id)) != record:
        raise InvalidInputError(
            f"run {record.id} contradicts itself: a server has two items of a kind, a skip "
            f"that was attempted, or fields that its patch does not set"
        )


def _insert(
    connection: sqlite3.Connection,
    realm: int,
    record: RunRecord,
    now: str,
    is_held: Callable[[str], bool],
) -> None:
    start = runs.Start(
        record.id, to_text(record.started_at), record.actor, record.tool_version, record.rollback_of
    )
    plan = Plan(record.action, record.patch, tuple(it.item for it in record.items))
    runs.begin(connection, realm, start, plan)
    if record.finished_at is not None:
        runs.finish(connection, record.id, to_text(record.finished_at))
    for run_item in record.items:
        if isinstance(run_item.item, Skip):
            continue
        server, subject = run_item.item.server, run_item.item.subject
        if run_item.outcome is AttemptOutcome.OPEN:
            place = runs.Attempt(realm, record.id, server, subject, now)
            runs.make_way(connection, place, is_held)
        connection.executemany(
            "INSERT INTO changes (run, realm, server_id, subject, intent_at, outcome_at, outcome,"
            " found, error_code, error_message, error_trace, step, link_id, reason)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (record.id, realm, server.id, subject, *attempt_columns(attempt))
                for attempt in run_item.attempts
            ],
        )
